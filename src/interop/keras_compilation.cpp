#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "evenkeel/core/error.hpp"
#include "interop/keras_config.hpp"

// "compile_config": loss and metrics, and the whole.
namespace evenkeel::keras {
namespace {

LossKind loss_kind(const JsonView& view, std::string_view name) {
    // Classes and functions are one in snake case; the rest are Keras's short words.
    std::string word = snake_case(name);
    if (name == "mse" || name == "MSE") word = "mean_squared_error";
    if (name == "bce" || name == "BCE") word = "binary_crossentropy";
    const auto words = loss_words();
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (word == words[i]) return Loss(words[i]).kind;
    }
    view.fail(fmt::format("one of {}", fmt::join(words, ", ")));
}

// False where Evenkeel has no such metric.
bool read_metric(const JsonView& view, std::vector<Metric>& metrics) {
    std::string name;
    Metric metric;
    if (view.is_text()) {
        name = view.text();
    } else {
        const KerasObject found(view);
        JsonObject config(found.config, view.where());
        config.ignore({"name", "dtype"});
        name = found.class_name;
        if (const auto k = config.find("k")) {
            metric.k = static_cast<int>(std::clamp<std::int64_t>(k->integer(), 0, 1 << 30));
        }
        if (config.number("threshold", 0.5) != 0.5) return false;
        config.done();
    }
    const std::string word = snake_case(name);
    if (name == "accuracy" || name == "acc" || word == "sparse_categorical_accuracy" ||
        word == "categorical_accuracy" || word == "binary_accuracy") {
        metric.kind = Metric::Kind::accuracy;
        metric.k = Metric{}.k;
    } else if (word == "sparse_top_k_categorical_accuracy" || word == "top_k_categorical_accuracy") {
        metric.kind = Metric::Kind::top_k_accuracy;
        if (metric.k < 1) view.fail("k of at least 1");
    } else if (name == "mae" || name == "MAE" || word == "mean_absolute_error") {
        metric.kind = Metric::Kind::mean_absolute_error;
    } else {
        return false;
    }
    metrics.push_back(metric);
    return true;
}

std::string read_metrics(const JsonView& view, std::vector<Metric>& metrics) {
    std::vector<std::string> unknown;
    for (const JsonView& entry : view.list()) {
        // One list for the one output is as good as its entries.
        for (const JsonView& item : entry.is_list() ? entry.list() : std::vector{entry}) {
            if (read_metric(item, metrics)) continue;
            unknown.push_back(item.is_text() ? item.text() : KerasObject(item).class_name);
        }
    }
    if (unknown.empty()) return "";
    return Error(Fault::input, view.where(), "metrics that Evenkeel has (the rest are left out)",
                 shown(fmt::format("{}", fmt::join(unknown, ", "))))
        .what();
}

Json write_loss(const Loss& loss) {
    constexpr const char* module = "keras.losses";
    if (loss.kind == LossKind::custom) return nullptr;
    Json config = {{"name", loss.kind == LossKind::huber ? "huber_loss" : to_word(loss.kind)}};
    config["reduction"] = "sum_over_batch_size";
    if (loss.kind == LossKind::huber) {
        config["delta"] = loss.delta;  // Keras reads it, though it does not write it
        return object(module, "Huber", std::move(config));
    }
    if (!loss.from_logits || loss.kind == LossKind::mean_squared_error) return to_word(loss.kind);
    config["from_logits"] = true;
    const char* name = loss.kind == LossKind::sparse_categorical_crossentropy ? "SparseCategoricalCrossentropy"
                       : loss.kind == LossKind::categorical_crossentropy      ? "CategoricalCrossentropy"
                                                                              : "BinaryCrossentropy";
    return object(module, name, std::move(config));
}

Json write_metric(const Metric& metric, const Loss& loss) {
    if (metric.kind != Metric::Kind::top_k_accuracy) return metric.word();
    const char* name = loss.takes_labels() ? "SparseTopKCategoricalAccuracy" : "TopKCategoricalAccuracy";
    return object("keras.metrics", name, {{"name", snake_case(name)}, {"dtype", "float32"}, {"k", metric.k}});
}

Compilation read_known(JsonObject& config, const TrainingExtras& extras, std::string& problem) {
    Compilation result;
    result.optimizer = read_optimizer(config.get("optimizer"), extras);
    if (extras.custom_loss) {
        result.loss.kind = LossKind::custom;
        config.ignore({"loss"});
    } else {
        result.loss = read_loss(config.get("loss"), extras);
    }
    if (const auto metrics = config.find("metrics")) problem = read_metrics(*metrics, result.metrics);
    if (const auto weighted = config.find("weighted_metrics");
        weighted && !weighted->json().empty() && problem.empty()) {
        problem = Error(Fault::input, weighted->where(), "none (they are left out)", "some").what();
    }
    // How Keras runs the steps, not what they are.
    config.ignore({"run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss"});
    config.done();
    return result;
}

}  // namespace

Loss read_loss(const JsonView& view, const TrainingExtras& extras) {
    Loss loss;
    if (view.is_text()) {
        loss.kind = loss_kind(view, view.text());
        return loss;
    }
    const KerasObject found(view);
    if (found.class_name == "function") return read_loss(found.config, extras);
    loss.kind = loss_kind(view, found.class_name);
    JsonObject config(found.config, view.where());
    config.ignore({"name", "dtype"});
    const std::string reduction = config.text("reduction", "sum_over_batch_size");
    if (reduction != "sum_over_batch_size" && reduction != "mean") {
        config.get("reduction").fail("sum_over_batch_size");
    }
    if (loss.kind != LossKind::mean_squared_error && loss.kind != LossKind::huber) {
        loss.from_logits = config.flag("from_logits", false);
        if (config.number("label_smoothing", 0.0) != 0.0) config.get("label_smoothing").fail("0");
        if (config.number("axis", -1.0) != -1.0) config.get("axis").fail("-1");
    }
    if (loss.kind == LossKind::huber) {
        loss.delta = config.number("delta", extras.huber_delta.value_or(1.0));
        if (!(loss.delta > 0)) fail_input(view.where() + ".delta", "a positive number", fmt::format("{}", loss.delta));
    }
    config.done();
    return loss;
}

FoundCompilation read_compilation(const JsonView& top, const TrainingExtras& extras) {
    FoundCompilation result;
    try {
        const auto view = JsonObject(top, top.where() + ": config").find("compile_config");
        if (!view || view->json().empty()) return result;
        JsonObject config(*view);
        result.compilation = read_known(config, extras, result.problem);
    } catch (const Error& error) {
        result.compilation.reset();
        result.problem = error.what();
    }
    return result;
}

Json write_compilation(const Compilation& compilation) {
    Json metrics = nullptr;
    for (const Metric& metric : compilation.metrics) {
        metrics.push_back(write_metric(metric, compilation.loss));
    }
    return {{"optimizer", write_optimizer(compilation.optimizer)},
            {"loss", write_loss(compilation.loss)},
            {"loss_weights", nullptr},
            {"metrics", std::move(metrics)},
            {"weighted_metrics", nullptr},
            {"run_eagerly", false},
            {"steps_per_execution", 1}};
}

}  // namespace evenkeel::keras
