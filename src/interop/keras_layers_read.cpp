#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "evenkeel/core/error.hpp"
#include "interop/keras_config.hpp"

namespace evenkeel::keras {
namespace {

constexpr std::array layer_classes = {"InputLayer", "Flatten", "Dense",     "BatchNormalization", "ReLU",
                                      "Activation", "Dropout", "Rescaling", "Normalization"};

ReLUOptions relu_options(JsonObject& config) {
    ReLUOptions options;
    if (const auto max_value = config.find("max_value")) options.max_value = max_value->number();
    options.negative_slope = config.number("negative_slope", 0.0);
    options.threshold = config.number("threshold", 0.0);
    return options;
}

// A word, a function by its name, or a ReLU layer that was given as an argument.
ActivationKind read_activation(const JsonView& view) {
    if (view.is_object()) {
        const KerasObject found(view);
        if (found.class_name == "function") return read_activation(found.config);
        if (found.class_name != "ReLU") view.fail("a word, or a ReLU");
        JsonObject config(found.config);
        check_dtype(config);
        config.ignore({"name", "trainable"});
        const ReLU relu(relu_options(config));
        config.done();
        if (!relu.is_plain()) view.fail("a ReLU without options (others as a layer of their own)");
        return ActivationKind::relu;
    }
    const std::string& word = view.text();
    const auto words = activation_words();
    if (word != "swish" && std::find(words.begin(), words.end(), word) == words.end()) {
        view.fail(fmt::format("one of {}", fmt::join(words, ", ")));
    }
    return activation_from_word(word);
}

void initializer_option(JsonObject& config, const char* key, Initializer& option) {
    if (const auto found = config.find(key)) option = read_initializer(*found);
}

void regularizer_option(JsonObject& config, const char* key, Regularizer& option) {
    if (const auto found = config.find(key)) option = read_regularizer(*found);
}

Layer read_input(JsonObject& config) {
    // "batch_input_shape" is Keras 2's word.
    const auto shape = config.find("batch_shape");
    const Input layer(read_batch_shape(shape ? *shape : config.get("batch_input_shape")));
    return layer;
}

Layer read_dense(JsonObject& config, bool trainable) {
    Dense layer;
    const JsonView units = config.get("units");
    layer.units = units.integer();
    if (layer.units < 1) units.fail("a positive number");  // where no input shape is known, nobody else would look
    if (const auto found = config.find("activation")) layer.activation = to_word(read_activation(*found));
    layer.use_bias = config.flag("use_bias", true);
    initializer_option(config, "kernel_initializer", layer.kernel_initializer);
    initializer_option(config, "bias_initializer", layer.bias_initializer);
    regularizer_option(config, "kernel_regularizer", layer.kernel_regularizer);
    regularizer_option(config, "bias_regularizer", layer.bias_regularizer);
    layer.trainable = trainable;
    return layer;
}

int one_axis(const JsonView& view) {
    const JsonView axis = view.is_list() && view.json().size() == 1 ? view.list().front() : view;
    if (!axis.is_number()) view.fail("one axis");
    const std::int64_t value = axis.integer();
    if (value < -64 || value > 64) view.fail("one axis");
    return static_cast<int>(value);
}

Layer read_batch_normalization(JsonObject& config, bool trainable) {
    BatchNormalization layer;
    if (const auto axis = config.find("axis")) layer.axis = one_axis(*axis);
    layer.momentum = config.number("momentum", 0.99);
    layer.epsilon = config.number("epsilon", 1e-3);
    layer.center = config.flag("center", true);
    layer.scale = config.flag("scale", true);
    initializer_option(config, "beta_initializer", layer.beta_initializer);
    initializer_option(config, "gamma_initializer", layer.gamma_initializer);
    initializer_option(config, "moving_mean_initializer", layer.moving_mean_initializer);
    initializer_option(config, "moving_variance_initializer", layer.moving_variance_initializer);
    regularizer_option(config, "beta_regularizer", layer.beta_regularizer);
    regularizer_option(config, "gamma_regularizer", layer.gamma_regularizer);
    layer.trainable = trainable;
    // Keras's arithmetic, until extras say otherwise.
    layer.debias = false;
    // These say something only where "renorm" is true, which is refused.
    config.ignore({"renorm_clipping", "renorm_momentum"});
    return layer;
}

Layer read_normalization(JsonObject& config, std::size_t rank, const nlohmann::json& all) {
    Normalization layer;
    // A missing axis is Keras's −1, a null one asks for one mean of everything.
    const auto axis = config.find("axis");
    const bool scalar = axis ? axis->is_list() && axis->json().empty() : all.contains("axis");
    if (scalar) fail_input(config.where() + ".axis", "the last axis", "none (one mean of everything)");
    const int value = axis ? one_axis(*axis) : -1;
    if (value != -1 && (rank == 0 || value != static_cast<int>(rank) - 1)) axis->fail("the last axis");
    if (const auto mean = config.find("mean")) layer.mean = mean->numbers();
    if (const auto variance = config.find("variance")) layer.variance = variance->numbers();
    if (layer.mean.size() != layer.variance.size()) {
        fail_input(config.where(), "as many means as variances",
                   fmt::format("{} and {}", layer.mean.size(), layer.variance.size()));
    }
    return layer;
}

Layer read_options(const std::string& class_name, JsonObject& config, std::size_t rank, const nlohmann::json& all) {
    const bool trainable = config.flag("trainable", true);
    if (class_name == "InputLayer") return read_input(config);
    if (class_name == "Dense") return read_dense(config, trainable);
    if (class_name == "BatchNormalization") return read_batch_normalization(config, trainable);
    if (class_name == "ReLU") return ReLU(relu_options(config));
    if (class_name == "Normalization") return read_normalization(config, rank, all);
    if (class_name == "Activation") {
        Activation layer;
        layer.kind = read_activation(config.get("activation"));
        return layer;
    }
    if (class_name == "Dropout") {
        config.ignore({"seed"});
        return Dropout(config.get("rate").number());
    }
    if (class_name == "Rescaling") {
        const double scale = config.get("scale").number();
        return Rescaling(scale, config.number("offset", 0.0));
    }
    if (config.text("data_format", "channels_last") != "channels_last") {
        config.get("data_format").fail("channels_last");
    }
    return Flatten{};
}

}  // namespace

void check_dtype(JsonObject& config) {
    const auto dtype = config.find("dtype");
    if (!dtype || (dtype->is_text() && dtype->text() == "float32")) return;
    if (dtype->is_object()) {
        const KerasObject policy(*dtype);
        JsonObject options(policy.config);
        const JsonView name = options.get("name");
        options.done();
        if (policy.class_name == "DTypePolicy" && name.is_text() && name.text() == "float32") return;
        if (policy.class_name == "DTypePolicy") name.fail("float32");
    }
    dtype->fail("float32");
}

Shape read_batch_shape(const JsonView& view) {
    Shape shape;
    const auto extents = view.list();
    if (extents.empty() || extents.size() > 33 || !extents.front().is_null()) {
        view.fail("null for the batch, then at most 32 extents");
    }
    for (std::size_t i = 1; i < extents.size(); ++i) {
        if (extents[i].is_null()) extents[i].fail("a known extent");
        shape.push_back(extents[i].integer());
    }
    return shape;
}

Layer read_layer(const JsonView& entry, const std::string& file, std::size_t rank) {
    const KerasObject found(entry);
    const JsonView name = JsonObject(found.config).get("name");
    if (name.text().empty() || name.text().find('/') != std::string::npos) {
        name.fail("a name without '/'");
    }
    const std::string where = fmt::format("{}: layer \"{}\"", file, shown(name.text()));
    if (std::find(layer_classes.begin(), layer_classes.end(), found.class_name) == layer_classes.end()) {
        fail_input(where, fmt::format("one of {}", fmt::join(layer_classes, ", ")), shown(found.class_name));
    }
    JsonObject config(found.config, where);
    config.ignore({"name"});
    check_dtype(config);
    Layer layer = read_options(found.class_name, config, rank, found.config.json());
    config.done();
    set_layer_name(layer, name.text());
    return layer;
}

ModelDescription read_model(const JsonView& top) {
    const std::string& file = top.where();
    const KerasObject found(top);
    if (found.class_name != "Sequential") {
        fail_input(file, "a Sequential model", shown(found.class_name));
    }
    JsonObject config(found.config, file + ": config");
    ModelDescription description;
    description.name = config.text("name", "sequential");
    check_dtype(config);
    const auto entries = config.get("layers").list();
    const auto build_shape = config.find("build_input_shape");
    config.ignore({"trainable"});  // each layer says so itself
    config.done();

    std::set<std::string> names;
    std::optional<Shape> shape;  // before the next layer
    for (const JsonView& entry : entries) {
        Layer layer = read_layer(entry, file, shape ? shape->size() + 1 : 0);
        const bool is_input = std::holds_alternative<Input>(layer);
        if (description.layers.empty() && !is_input && build_shape) {
            shape = read_batch_shape(*build_shape);
            description.layers.emplace_back(Input(*shape, "input_layer"));
            names.insert("input_layer");
        }
        const std::string where = fmt::format("{}: layer \"{}\"", file, shown(layer_name(layer)));
        if (is_input && !description.layers.empty()) {
            fail_input(where, "an InputLayer as the first layer only", "another one");
        }
        if (!names.insert(layer_name(layer)).second) {
            fail_input(where, "each name once", "it twice");
        }
        if (is_input) shape = std::get<Input>(layer).shape;
        if (shape) {
            Layer named = layer;  // so that messages carry the file
            set_layer_name(named, where);
            shape = output_shape(named, *shape);
        }
        description.layers.push_back(std::move(layer));
    }
    if (description.layers.empty()) fail_input(file, "at least one layer", "none");
    return description;
}

}  // namespace evenkeel::keras
