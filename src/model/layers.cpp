#include "evenkeel/model/layers.hpp"

#include <fmt/format.h>

#include <cmath>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

struct ClassName {
    const char* operator()(const Input&) const { return "InputLayer"; }
    const char* operator()(const Flatten&) const { return "Flatten"; }
    const char* operator()(const Dense&) const { return "Dense"; }
    const char* operator()(const BatchNormalization&) const { return "BatchNormalization"; }
    const char* operator()(const ReLU&) const { return "ReLU"; }
    const char* operator()(const Activation&) const { return "Activation"; }
    const char* operator()(const Dropout&) const { return "Dropout"; }
    const char* operator()(const Rescaling&) const { return "Rescaling"; }
    const char* operator()(const Normalization&) const { return "Normalization"; }
};

void check_regularizer(const Regularizer& regularizer, const std::string& where) {
    if (!(regularizer.l1 >= 0) || !(regularizer.l2 >= 0) || !std::isfinite(regularizer.l1 + regularizer.l2)) {
        fail_input(where, "finite l1, l2 ≥ 0", fmt::format("l1 {}, l2 {}", regularizer.l1, regularizer.l2));
    }
}

// Each overload checks its layer's options and gives the shape behind it.
struct OutputShape {
    const Shape& input;

    Shape operator()(const Input& layer) const {
        elements(layer.shape, layer.name + ".shape");
        return layer.shape;
    }
    Shape operator()(const Flatten& layer) const { return {elements(input, layer.name)}; }
    Shape operator()(const Dense& layer) const {
        const std::string& where = layer.name;
        if (layer.units < 1) fail_input(where + ".units", "a positive number", fmt::format("{}", layer.units));
        if (input.empty()) fail_input(where, "an input of at least one axis", to_string_with_batch(input));
        elements({input.back(), layer.units}, where + ".kernel");
        activation_from_word(layer.activation);
        check_regularizer(layer.kernel_regularizer, where + ".kernel_regularizer");
        check_regularizer(layer.bias_regularizer, where + ".bias_regularizer");
        Shape output = input;
        output.back() = layer.units;
        elements(output, where);
        return output;
    }
    Shape operator()(const BatchNormalization& layer) const {
        const std::string& where = layer.name;
        const int rank = static_cast<int>(input.size()) + 1;
        if (layer.axis == 0 || layer.axis < -rank + 1 || layer.axis >= rank) {
            fail_input(
                where + ".axis",
                fmt::format("a channel axis of {} (1…{} or −1…−{})", to_string_with_batch(input), rank - 1, rank - 1),
                fmt::format("{}", layer.axis));
        }
        if (!(layer.momentum >= 0 && layer.momentum <= 1)) {
            fail_input(where + ".momentum", "a weight of the old value in [0, 1]", fmt::format("{}", layer.momentum));
        }
        if (!(layer.epsilon > 0) || !std::isfinite(layer.epsilon)) {
            fail_input(where + ".epsilon", "a positive number", fmt::format("{}", layer.epsilon));
        }
        check_regularizer(layer.beta_regularizer, where + ".beta_regularizer");
        check_regularizer(layer.gamma_regularizer, where + ".gamma_regularizer");
        return input;
    }
    Shape operator()(const ReLU& layer) const {
        if (layer.max_value && !(*layer.max_value >= 0)) {
            fail_input(layer.name + ".max_value", "a number of at least 0", fmt::format("{}", *layer.max_value));
        }
        if (!(layer.negative_slope >= 0)) {
            fail_input(layer.name + ".negative_slope", "a number of at least 0",
                       fmt::format("{}", layer.negative_slope));
        }
        if (!(layer.threshold >= 0)) {
            fail_input(layer.name + ".threshold", "a number of at least 0", fmt::format("{}", layer.threshold));
        }
        return input;
    }
    Shape operator()(const Activation& layer) const {
        if (layer.kind == ActivationKind::softmax && input.empty()) {
            fail_input(layer.name, "an input of at least one axis", to_string_with_batch(input));
        }
        return input;
    }
    Shape operator()(const Dropout& layer) const {
        if (!(layer.rate >= 0 && layer.rate < 1)) {
            fail_input(layer.name + ".rate", "a probability in [0, 1)", fmt::format("{}", layer.rate));
        }
        return input;
    }
    Shape operator()(const Rescaling& layer) const {
        if (!std::isfinite(layer.scale) || !std::isfinite(layer.offset)) {
            fail_input(layer.name, "a finite scale and offset", fmt::format("{} and {}", layer.scale, layer.offset));
        }
        return input;
    }
    Shape operator()(const Normalization& layer) const {
        if (input.empty()) fail_input(layer.name, "an input of at least one axis", to_string_with_batch(input));
        const auto features = static_cast<std::size_t>(input.back());
        if (layer.mean.size() != layer.variance.size() || (!layer.mean.empty() && layer.mean.size() != features)) {
            fail_input(layer.name, fmt::format("{} means and variances, or none", features),
                       fmt::format("{} and {}", layer.mean.size(), layer.variance.size()));
        }
        for (const double v : layer.variance) {
            if (!(v >= 0)) fail_input(layer.name + ".variance", "numbers of at least 0", fmt::format("{}", v));
        }
        return input;
    }
};

}  // namespace

const char* class_name(const Layer& layer) {
    return std::visit(ClassName{}, layer);
}

const std::string& layer_name(const Layer& layer) {
    return std::visit([](const auto& l) -> const std::string& { return l.name; }, layer);
}

void set_layer_name(Layer& layer, std::string name) {
    std::visit([&name](auto& l) { l.name = std::move(name); }, layer);
}

Shape output_shape(const Layer& layer, const Shape& input) {
    return std::visit(OutputShape{input}, layer);
}

}  // namespace evenkeel
