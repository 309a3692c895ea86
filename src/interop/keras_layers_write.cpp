#include <cstdint>

#include "evenkeel/core/error.hpp"
#include "interop/keras_config.hpp"

// Only keys that the constructors of every Keras 3 know: they refuse those they do not.
namespace evenkeel::keras {
namespace {

Json float32_policy() {
    return object("keras", "DTypePolicy", {{"name", "float32"}});
}

struct Options {
    Json operator()(const Input& layer) const {
        return {{"batch_shape", write_batch_shape(layer.shape)}, {"dtype", "float32"}, {"sparse", false}};
    }
    Json operator()(const Flatten&) const { return {{"data_format", "channels_last"}}; }
    Json operator()(const Dense& layer) const {
        return {{"units", layer.units},
                {"activation", to_word(activation_from_word(layer.activation))},
                {"use_bias", layer.use_bias},
                {"kernel_initializer", write_initializer(layer.kernel_initializer)},
                {"bias_initializer", write_initializer(layer.bias_initializer)},
                {"kernel_regularizer", write_regularizer(layer.kernel_regularizer)},
                {"bias_regularizer", write_regularizer(layer.bias_regularizer)},
                {"kernel_constraint", nullptr},
                {"bias_constraint", nullptr}};
    }
    Json operator()(const BatchNormalization& layer) const {
        return {{"axis", layer.axis},
                {"momentum", layer.momentum},
                {"epsilon", layer.epsilon},
                {"center", layer.center},
                {"scale", layer.scale},
                {"beta_initializer", write_initializer(layer.beta_initializer)},
                {"gamma_initializer", write_initializer(layer.gamma_initializer)},
                {"moving_mean_initializer", write_initializer(layer.moving_mean_initializer)},
                {"moving_variance_initializer", write_initializer(layer.moving_variance_initializer)},
                {"beta_regularizer", write_regularizer(layer.beta_regularizer)},
                {"gamma_regularizer", write_regularizer(layer.gamma_regularizer)},
                {"beta_constraint", nullptr},
                {"gamma_constraint", nullptr}};
    }
    Json operator()(const ReLU& layer) const {
        return {{"max_value", layer.max_value ? Json(*layer.max_value) : Json(nullptr)},
                {"negative_slope", layer.negative_slope},
                {"threshold", layer.threshold}};
    }
    Json operator()(const Activation& layer) const { return {{"activation", to_word(layer.kind)}}; }
    Json operator()(const Dropout& layer) const {
        return {{"rate", layer.rate}, {"seed", nullptr}, {"noise_shape", nullptr}};
    }
    Json operator()(const Rescaling& layer) const { return {{"scale", layer.scale}, {"offset", layer.offset}}; }
    Json operator()(const Normalization& layer) const {
        const auto numbers = [](const std::vector<double>& list) { return list.empty() ? Json(nullptr) : Json(list); };
        return {{"axis", Json::array({-1})},
                {"invert", false},
                {"mean", numbers(layer.mean)},
                {"variance", numbers(layer.variance)}};
    }
};

struct Trainable {
    bool operator()(const Dense& layer) const { return layer.trainable; }
    bool operator()(const BatchNormalization& layer) const { return layer.trainable; }
    template <class Other>
    bool operator()(const Other&) const {
        return true;
    }
};

}  // namespace

Json write_batch_shape(const Shape& shape) {
    Json out = Json::array({nullptr});
    for (const std::int64_t extent : shape) out.push_back(extent);
    return out;
}

Json write_layer(const Layer& layer, const Shape* input) {
    const std::string& name = layer_name(layer);
    if (name.empty() || name.find('/') != std::string::npos) {
        fail_input("layer \"" + shown(name) + "\"", "a name without '/' (for Keras)", "this name");
    }
    Json options = std::visit(Options{}, layer);
    const bool is_input = std::holds_alternative<Input>(layer);
    Json config = {{"name", name}};
    if (!is_input) {
        config["trainable"] = std::visit(Trainable{}, layer);
        config["dtype"] = float32_policy();
    }
    for (auto& [key, value] : options.items()) config[key] = std::move(value);
    Json out = object("keras.layers", class_name(layer), std::move(config));
    const bool has_build_config = !is_input && !std::holds_alternative<ReLU>(layer) &&
                                  !std::holds_alternative<Activation>(layer) && !std::holds_alternative<Dropout>(layer);
    if (input != nullptr && has_build_config) {
        out["build_config"] = {{"input_shape", write_batch_shape(*input)}};
    }
    return out;
}

Json write_model(const ModelDescription& description, const Compilation* compilation) {
    const bool built = !description.layers.empty() && std::holds_alternative<Input>(description.layers.front());
    const std::vector<Shape> shapes = built ? description.shapes() : std::vector<Shape>{};
    Json layers = Json::array();
    for (std::size_t i = 0; i < description.layers.size(); ++i) {
        layers.push_back(write_layer(description.layers[i], built ? &shapes[i] : nullptr));
    }
    Json config = {
        {"name", description.name}, {"trainable", true}, {"dtype", float32_policy()}, {"layers", std::move(layers)}};
    if (built) config["build_input_shape"] = write_batch_shape(shapes.front());
    Json out = object("keras", "Sequential", std::move(config));
    if (built) out["build_config"] = {{"input_shape", write_batch_shape(shapes.front())}};
    out["compile_config"] = compilation != nullptr ? write_compilation(*compilation) : Json::object();
    return out;
}

}  // namespace evenkeel::keras
