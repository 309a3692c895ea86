#include "study/sweep_models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

using Layers = std::vector<Layer>;

/// What stands before the first Dense, then each Dense with what follows it up to the next.
std::vector<Layers> blocks_of(const ModelDescription& model) {
    std::vector<Layers> blocks(1);
    for (const Layer& layer : model.layers) {
        if (std::holds_alternative<Dense>(layer)) blocks.emplace_back();
        blocks.back().push_back(layer);
    }
    return blocks;
}

std::vector<Layers> blocks_with_hidden(const ModelDescription& model) {
    std::vector<Layers> blocks = blocks_of(model);
    if (blocks.size() < 3) fail_input(model.name, "a hidden layer (a Dense before the last)", "none");
    return blocks;
}

bool is_activation(const Layer& layer) {
    return std::holds_alternative<ReLU>(layer) || std::holds_alternative<Activation>(layer);
}

Initializer scaled(Initializer initializer, double scale) {
    const bool variance = initializer.kind == Initializer::Kind::variance_scaling;
    initializer.a *= variance ? scale * scale : scale;
    initializer.b *= scale;
    return initializer;
}

}  // namespace

std::int64_t hidden_layers(const ModelDescription& model) {
    return std::max<std::int64_t>(0, std::ssize(blocks_of(model)) - 2);
}

ModelDescription with_depth(const ModelDescription& model, std::int64_t depth) {
    if (depth < 1) fail_input("depth", "a number of hidden layers from 1", fmt::format("{}", depth));
    const std::vector<Layers> blocks = blocks_with_hidden(model);
    const std::int64_t hidden = std::ssize(blocks) - 2;
    ModelDescription result;
    result.name = model.name;
    const auto add = [&result](const Layers& layers) {
        for (Layer layer : layers) {
            // Keras numbers names after the class; those would be taken twice.
            if (!std::holds_alternative<Input>(layer)) set_layer_name(layer, "");
            result.add(std::move(layer));
        }
    };
    add(blocks.front());
    for (std::int64_t d = 0; d < depth; ++d) add(blocks[static_cast<std::size_t>(1 + std::min(d, hidden - 1))]);
    add(blocks.back());
    return result;
}

std::span<const char* const> hidden_activation_words() {
    static constexpr std::array words = {"linear", "relu", "sigmoid", "tanh", "elu", "gelu", "silu"};
    return words;
}

ModelDescription with_activation(const ModelDescription& model, const std::string& word) {
    const ActivationKind kind = activation_from_word(word);
    if (kind == ActivationKind::softmax) fail_input("activation", "one for hidden layers", "\"softmax\"");
    std::vector<Layers> blocks = blocks_with_hidden(model);
    ModelDescription result;
    result.name = model.name;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const bool hidden = i > 0 && i + 1 < blocks.size();
        const bool as_layer = std::any_of(blocks[i].begin(), blocks[i].end(), is_activation);
        for (Layer& layer : blocks[i]) {
            if (hidden && std::holds_alternative<Dense>(layer))
                std::get<Dense>(layer).activation = as_layer ? "linear" : word;
            // Its old name says what it was.
            if (hidden && is_activation(layer))
                layer = kind == ActivationKind::relu ? Layer(ReLU{}) : Layer(Activation(word));
            result.add(std::move(layer));
        }
    }
    return result;
}

ModelDescription with_initializer_scale(const ModelDescription& model, double scale) {
    if (!(scale > 0) || !std::isfinite(scale))
        fail_input("initializer_scale", "a finite number above 0", fmt::format("{}", scale));
    ModelDescription result = model;
    if (scale == 1) return result;
    for (Layer& layer : result.layers) {
        if (auto* dense = std::get_if<Dense>(&layer))
            dense->kernel_initializer = scaled(dense->kernel_initializer, scale);
    }
    return result;
}

}  // namespace evenkeel
