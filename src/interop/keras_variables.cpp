#include "interop/keras_variables.hpp"

#include <fmt/format.h>

#include <map>

namespace evenkeel::keras {
namespace {

// Which variables Keras's optimizer keeps slots for.
std::vector<const Variable*> trained_by_keras(const ModelDescription& description, const VariableLayout& layout) {
    std::vector<const Variable*> out;
    for (const Variable& v : layout.variables) {
        if (v.statistic) continue;
        const Layer& layer = description.layers[static_cast<std::size_t>(v.layer)];
        const auto* dense = std::get_if<Dense>(&layer);
        const auto* bn = std::get_if<BatchNormalization>(&layer);
        if (dense != nullptr ? dense->trainable : bn->trainable) out.push_back(&v);
    }
    return out;
}

}  // namespace

std::vector<std::string> group_names(const ModelDescription& description) {
    std::map<std::string, int> used;
    std::vector<std::string> names;
    for (const Layer& layer : description.layers) {
        const std::string base = snake_case(class_name(layer));
        const int k = std::holds_alternative<Input>(layer) ? 0 : used[base]++;
        names.push_back(k == 0 ? base : fmt::format("{}_{}", base, k));
    }
    return names;
}

std::vector<std::vector<const Variable*>> by_layer(const ModelDescription& description, const VariableLayout& layout) {
    std::vector<std::vector<const Variable*>> out(description.layers.size());
    for (const Variable& v : layout.variables) out[static_cast<std::size_t>(v.layer)].push_back(&v);
    return out;
}

std::vector<SlotOf> slot_order(const Optimizer& optimizer, const ModelDescription& description,
                               const VariableLayout& layout) {
    const auto variables = trained_by_keras(description, layout);
    const auto slots = static_cast<std::size_t>(slot_count(optimizer));
    const bool together = std::holds_alternative<Adam>(optimizer) || std::holds_alternative<AdamW>(optimizer);
    std::vector<SlotOf> out;
    for (std::size_t outer = 0; outer < (together ? 1 : slots); ++outer) {
        for (const Variable* v : variables) {
            for (std::size_t inner = 0; inner < (together ? slots : 1); ++inner) {
                out.push_back({together ? inner : outer, v});
            }
        }
    }
    return out;
}

}  // namespace evenkeel::keras
