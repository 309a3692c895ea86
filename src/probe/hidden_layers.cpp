#include "probe/hidden_layers.hpp"

namespace evenkeel {
namespace {

void name_activation(const Layer& layer, HiddenLayer& hidden) {
    if (const auto* relu = std::get_if<ReLU>(&layer)) {
        hidden.activation = "relu";
        hidden.dies = relu->negative_slope == 0.0;
    } else {
        const ActivationKind kind = std::get<Activation>(layer).kind;
        hidden.activation = to_word(kind);
        hidden.dies = kind == ActivationKind::relu;
    }
}

// The activation of a Dense becomes the layer behind it; only those of hidden ones, as the loss is computed together
// with the last.
std::vector<Layer> with_separate_activations(const std::vector<Layer>& layers, std::size_t last_dense) {
    std::vector<Layer> result;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        result.push_back(layers[i]);
        if (i >= last_dense || !std::holds_alternative<Dense>(layers[i])) continue;
        Dense& dense = std::get<Dense>(result.back());
        Activation g;
        g.kind = activation_from_word(dense.activation);
        if (g.kind == ActivationKind::linear) continue;
        g.name = dense.name + "_activation";
        dense.activation = "linear";
        result.emplace_back(g);
    }
    return result;
}

}  // namespace

ProbedModel probed_model(const ModelDescription& model) {
    std::size_t last_dense = 0;
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        if (std::holds_alternative<Dense>(model.layers[i])) last_dense = i;
    }
    ProbedModel probed;
    probed.description.name = model.name;
    probed.description.layers = with_separate_activations(model.layers, last_dense);

    const auto& layers = probed.description.layers;
    HiddenLayer open;  // the Dense whose block is being read, and what has been found of it
    bool is_open = false, has_activation = false;
    for (int i = 0; i < static_cast<int>(layers.size()); ++i) {
        const Layer& layer = layers[static_cast<std::size_t>(i)];
        if (const auto* dense = std::get_if<Dense>(&layer)) {
            if (is_open) {
                open.next_input = i - 1;
                if (!has_activation) open.entering = open.activated = i - 1;
                probed.hidden.push_back(open);
            }
            open = {.dense = i, .name = dense->name, .units = dense->units, .activation = "linear"};
            is_open = true;
            has_activation = false;
        } else if (is_open && !has_activation &&
                   (std::holds_alternative<ReLU>(layer) || std::holds_alternative<Activation>(layer))) {
            open.entering = i - 1;
            open.activated = i;
            name_activation(layer, open);
            has_activation = true;
        }
    }
    return probed;
}

}  // namespace evenkeel
