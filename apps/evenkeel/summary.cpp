#include "evenkeel/model/summary.hpp"

#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/model/variables.hpp"
#include "evenkeel/train/input_scaling.hpp"
#include "option_values.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct SummaryOptions {
    std::string archive;
    std::string model = "model_bn";
    std::string data;
    std::string target;
    bool json = false;
};

json json_of(const ModelDescription& model) {
    const bool built = !model.input_shape().empty();
    json layers = json::array();
    const std::vector<Shape> shapes = built ? model.shapes() : std::vector<Shape>{};
    const VariableLayout layout = built ? VariableLayout(model) : VariableLayout{};
    std::vector<std::int64_t> parameters(model.layers.size());
    for (const Variable& v : layout.variables) parameters[static_cast<std::size_t>(v.layer)] += v.size;
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        json layer = {{"name", layer_name(model.layers[i])}, {"class", class_name(model.layers[i])}};
        if (built) {
            layer["output_shape"] = shapes[i + 1];
            layer["parameters"] = parameters[i];
        }
        layers.push_back(std::move(layer));
    }
    json result = {{"name", model.name}, {"layers", std::move(layers)}};
    if (built) {
        result["trainable_parameters"] = layout.trainable_parameters();
        result["non_trainable_parameters"] = layout.non_trainable_parameters();
    }
    return result;
}

int summarize(const SummaryOptions& o) {
    JsonHeader header("summary");
    const std::string name = o.archive.empty() ? o.model : o.archive;
    header.arguments = {{"model", name}, {"data", o.data.empty() ? json() : json(o.data)}};
    // The lecture's words stand for its own images where no data is named.
    const bool lecture = name == "model_bn" || name == "model_no_bn";
    Shape shape = lecture ? Shape{28, 28} : Shape{};
    std::int64_t classes = lecture ? 10 : 0;
    ModelDescription model;
    if (o.data.empty()) {
        model = open_model(name, shape, classes).description;
    } else {
        const Dataset data = open_data(o.data, o.target);
        model = with_input(open_model(name, data.train.shape, data.classes).description, data.train,
                           is_archive(name) ? InputScaling::none : InputScaling::automatic);
    }
    print(o.json ? text_of(header.with(json_of(model))) : summary(model));
    return done;
}

}  // namespace

void add_summary(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<SummaryOptions>();
    CLI::App* sub = app.add_subcommand("summary", "The layers of a network: shapes and parameters");
    add_text(*sub, "ARCHIVE", options->archive, "a .keras archive or a Keras config (.json), instead of --model",
             "FILE");
    add_text(*sub, "--model", options->model,
             "model_bn, model_no_bn, mlp:784-128-64-10, a Keras config (.json) or a .keras archive", "MODEL");
    add_data_options(*sub, options->data, options->target);
    add_output_flags(*sub, options->json, nullptr);
    sub->footer(R"(With --data, the network as it would be trained on that data: its input shape, classes and scaling.

Examples:
  evenkeel summary
  evenkeel summary --model mlp:784-128-64-10
  evenkeel summary runs/train/model.keras)");
    sub->callback([options, sub, &chosen] {
        if (!options->archive.empty() && sub->count("--model") > 0) fail_input("ARCHIVE", "a file or --model", "both");
        chosen = [options] { return summarize(*options); };
    });
}

}  // namespace evenkeel::cli
