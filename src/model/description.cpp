#include "evenkeel/model/description.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "evenkeel/core/error.hpp"

namespace evenkeel {

std::string snake_case(std::string_view name) {
    // Keras: (.)([A-Z][a-z0-9]+) → \1_\2, then ([a-z])([A-Z]) → \1_\2, then lower case.
    const auto upper = [&](std::size_t i) { return std::isupper(static_cast<unsigned char>(name[i])) != 0; };
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool starts_word = i > 0 && upper(i) && ((i + 1 < name.size() && !upper(i + 1)) || !upper(i - 1));
        if (starts_word) out += '_';
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
    return out;
}

void ModelDescription::add(Layer layer) {
    if (std::holds_alternative<Input>(layer) && !layers.empty()) {
        fail_input(name + ".add", "an Input as the first layer only", fmt::format("one at position {}", layers.size()));
    }
    const auto taken = [this](const std::string& candidate) {
        return std::any_of(layers.begin(), layers.end(), [&](const Layer& l) { return layer_name(l) == candidate; });
    };
    if (layer_name(layer).empty()) {
        const std::string base = snake_case(evenkeel::class_name(layer));
        std::string candidate = base;
        for (int k = 1; taken(candidate); ++k) candidate = fmt::format("{}_{}", base, k);
        set_layer_name(layer, candidate);
    } else if (taken(layer_name(layer))) {
        fail_input(name + ".add", "a name that no other layer has", fmt::format("\"{}\"", layer_name(layer)));
    }
    layers.push_back(std::move(layer));
}

Shape ModelDescription::input_shape() const {
    if (layers.empty()) return {};
    const auto* input = std::get_if<Input>(&layers.front());
    return input != nullptr ? input->shape : Shape{};
}

void ModelDescription::set_input_shape(const Shape& shape) {
    if (!layers.empty() && std::holds_alternative<Input>(layers.front())) {
        std::get<Input>(layers.front()).shape = shape;
    } else {
        layers.insert(layers.begin(), Input(shape, "input_layer"));
    }
}

std::vector<Shape> ModelDescription::shapes() const {
    if (layers.empty()) fail_input(name, "at least one layer", "none");
    if (!std::holds_alternative<Input>(layers.front())) {
        fail_input(name, "an input shape (add Input({…}) first, or fit once)", "none");
    }
    std::vector<Shape> result = {input_shape()};
    for (const Layer& layer : layers) result.push_back(evenkeel::output_shape(layer, result.back()));
    return result;
}

}  // namespace evenkeel
