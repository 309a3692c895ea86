#include "training_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/open.hpp"
#include "evenkeel/model/zoo.hpp"
#include "evenkeel/study/compare.hpp"
#include "evenkeel/train/input_scaling.hpp"
#include "kernels/gemm.hpp"
#include "option_values.hpp"

namespace evenkeel::cli {
namespace {

constexpr std::int64_t most_rows = std::int64_t{1} << 31;

double usual_rate(const std::string& optimizer) {
    static const std::map<std::string, double> rates = {{"sgd", 0.1},       {"momentum", 0.01}, {"nesterov", 0.01},
                                                        {"rmsprop", 0.001}, {"adam", 0.001},    {"adamw", 0.001}};
    return rates.at(optimizer);
}

std::string lower_extension(const std::string& name) {
    std::string extension = std::filesystem::path(name).extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

ActivationKind last_activation(const ModelDescription& model) {
    for (auto it = model.layers.rbegin(); it != model.layers.rend(); ++it) {
        if (const auto* dense = std::get_if<Dense>(&*it)) return activation_from_word(dense->activation);
        if (const auto* activation = std::get_if<Activation>(&*it)) return activation->kind;
        if (std::holds_alternative<ReLU>(*it)) return ActivationKind::relu;
        if (std::holds_alternative<BatchNormalization>(*it)) return ActivationKind::linear;
    }
    return ActivationKind::linear;
}

void labels_to_targets(Examples& examples) {
    examples.targets.assign(examples.labels.begin(), examples.labels.end());
    examples.labels.clear();
    examples.target_width = 1;
}

}  // namespace

double TrainingOptions::rate() const {
    return std::isnan(learning_rate) ? usual_rate(optimizer) : learning_rate;
}

Optimizer TrainingOptions::compiled_optimizer() const {
    Optimizer result = optimizer_from_word(optimizer);
    set_learning_rate(result, rate());
    return result;
}

void add_data_options(CLI::App& app, std::string& data, std::string& target) {
    add_text(app, "--data", data,
             "mnist (fetched on first use), digits (built in), a folder with IDX files, a .npz or a .csv", "DATA");
    add_text(app, "--target", target, "the column of a .csv that is to be predicted", "COLUMN");
}

void add_threads(CLI::App& app, std::int64_t& threads) {
    add_whole(app, "--threads", threads, 1, 1024, "threads to compute with, at most; results do not depend on it")
        ->default_str("all cores");
}

void add_output_flags(CLI::App& app, bool& json_flag, bool* quiet) {
    app.add_flag("--json", json_flag, "one JSON document on stdout and nothing else there");
    if (quiet != nullptr) app.add_flag("--quiet", *quiet, "no progress on stderr");
}

void add_training_options(CLI::App& app, TrainingOptions& o) {
    add_text(app, "--model", o.model,
             "model_bn, model_no_bn (the lecture's networks), mlp:784-128-64-10 (any widths), a Keras config "
             "(.json) or a .keras archive",
             "MODEL");
    add_data_options(app, o.data, o.target);
    add_whole(app, "--epochs", o.epochs, 0, 1000000, "passes over the training rows");
    add_whole(app, "--batch-size", o.batch_size, 1, 1 << 20, "rows that make one step");
    add_choice(app, "--optimizer", o.optimizer, optimizer_words(), "how weights are updated");
    add_number(app, "--learning-rate", o.learning_rate, {0, 1e6, true}, "η")
        ->default_str("sgd 0.1; momentum, nesterov 0.01; others 0.001");
    add_choice(app, "--scaling", o.scaling, input_scaling_words(),
               "of the inputs, saved as a layer of the model (auto: bytes to [0, 1], other numbers to mean 0, "
               "deviation 1)");
    add_whole(app, "--validation-rows", o.validation_rows, 0, most_rows,
              "the last training rows, held out to validate after each epoch")
        ->default_str("5000, or a tenth of fewer than 10000");
    add_threads(app, o.threads);
    add_text(app, "--out", o.out, "the run's folder", "DIR");
    add_text(app, "--tensorboard", o.tensorboard,
             "a folder to write event files to, for TensorBoard to show while it trains", "DIR");
    add_output_flags(app, o.json, &o.quiet);
}

Dataset open_data(const std::string& data, const std::string& target) {
    const bool csv = lower_extension(data) == ".csv";
    std::error_code none;
    if (csv && target.empty() && std::filesystem::exists(data, none))
        fail_input("--target", fmt::format("the name of the column of {} that is to be predicted", data), "none");
    if (!csv && !target.empty())
        fail_input("--target", "no column where --data is not a .csv", fmt::format("\"{:.60}\"", target));
    OpenOptions options;
    options.target = target;
    return open_dataset(data, options);
}

Dataset open_data_to_compute(const std::string& data, const std::string& target) {
    const std::jthread meanwhile(kernels::prepare_gemm);
    return open_data(data, target);
}

std::int64_t validation_rows(const TrainingOptions& options, const Dataset& data) {
    const std::int64_t rows = data.train.rows();
    if (options.validation_rows >= rows) {
        fail_input("--validation-rows", fmt::format("fewer than the {} training rows of {}", rows, data.name),
                   fmt::format("{}", options.validation_rows));
    }
    return held_out_rows(rows, options.validation_rows);
}

bool is_archive(const std::string& name) {
    return lower_extension(name) == ".keras";
}

ChosenModel open_model(const std::string& word, const Shape& input_shape, std::int64_t classes) {
    if (is_archive(word)) {
        ChosenModel chosen;
        chosen.saved = load_keras(word);
        chosen.description = chosen.saved->description;
        return chosen;
    }
    if (lower_extension(word) == ".json") {
        const std::vector<std::byte> bytes = read_file(word, std::uint64_t{64} << 20);
        return {description_from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, word), {}};
    }
    return {model_from_word(word, input_shape, classes), {}};
}

Compilation compilation_for(const ModelDescription& model, Dataset& data, const Optimizer& optimizer) {
    Compilation c;
    c.optimizer = optimizer;
    const std::int64_t outputs = elements(model.output_shape(), "output");
    const ActivationKind last = last_activation(model);
    if (data.classes == 0) {
        if (outputs != data.train.target_width) {
            fail_input(model.name,
                       fmt::format("an output of width {}, as {} has targets", data.train.target_width, data.name),
                       fmt::format("{}", outputs));
        }
        c.loss = "mean_squared_error";
        c.metrics = {"mae"};
        return c;
    }
    c.metrics = {"accuracy"};
    if (outputs == 1 && data.classes == 2 && !data.train.labels.empty()) {
        c.loss = "binary_crossentropy";
        c.loss.from_logits = last != ActivationKind::sigmoid;
        labels_to_targets(data.train);
        labels_to_targets(data.test);
        return c;
    }
    if (outputs < data.classes) {
        fail_input(model.name, fmt::format("an output of width {}, as {} has classes", data.classes, data.name),
                   fmt::format("{}", outputs));
    }
    c.loss = "sparse_categorical_crossentropy";
    c.loss.from_logits = last != ActivationKind::softmax;
    return c;
}

json arguments_of(const TrainingOptions& o, std::int64_t validation) {
    return {{"model", o.model},
            {"data", o.data},
            {"target", o.target.empty() ? json() : json(o.target)},
            {"epochs", o.epochs},
            {"batch_size", o.batch_size},
            {"optimizer", o.optimizer},
            {"learning_rate", o.rate()},
            {"threads", threads_or_all(o.threads)},
            {"out", o.out},
            {"tensorboard", o.tensorboard.empty() ? json() : json(o.tensorboard)},
            {"scaling", o.scaling},
            {"validation_rows", validation}};
}

std::string rows_word(const Dataset& data) {
    return data.train.shape.size() >= 2 ? "images" : "rows";
}

int threads_or_all(std::int64_t threads) {
    return threads > 0 ? static_cast<int>(threads)
                       : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace evenkeel::cli
