#include "evenkeel/model/variables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/memory.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"

namespace evenkeel {
namespace {

// Collects one layer's variables in Keras's order: trainable ones first, then statistics.
class Collector {
  public:
    Collector(VariableLayout& layout, int layer, const std::string& name)
        : layout_(layout), layer_(layer), name_(name) {}

    void weight(Role role, Shape shape, bool trainable, const Regularizer& regularizer) {
        push(role, std::move(shape), trainable, regularizer, false, layout_.weights_size);
    }
    void statistic(Role role, Shape shape) { push(role, std::move(shape), false, {}, true, layout_.statistics_size); }

  private:
    void push(Role role, Shape shape, bool trainable, const Regularizer& regularizer, bool is_statistic,
              std::int64_t& end) {
        const std::string path = name_ + "/" + to_word(role);
        const std::int64_t size = elements(shape, path);
        layout_.variables.push_back(
            {path, role, std::move(shape), layer_, is_statistic, trainable, end, size, regularizer});
        end += (size + 15) / 16 * 16;
    }

    VariableLayout& layout_;
    int layer_;
    const std::string& name_;
};

std::int64_t channels(const BatchNormalization& layer, const Shape& input) {
    const auto rank = static_cast<int>(input.size()) + 1;
    return input[static_cast<std::size_t>((layer.axis < 0 ? layer.axis + rank : layer.axis) - 1)];
}

const Initializer& initializer_of(const Layer& layer, Role role) {
    static const Initializer zeros = Constant(0.0), ones = Constant(1.0);
    if (const auto* dense = std::get_if<Dense>(&layer)) {
        return role == Role::kernel ? dense->kernel_initializer : dense->bias_initializer;
    }
    if (const auto* bn = std::get_if<BatchNormalization>(&layer)) {
        if (role == Role::gamma) return bn->gamma_initializer;
        if (role == Role::beta) return bn->beta_initializer;
        return role == Role::moving_mean ? bn->moving_mean_initializer : bn->moving_variance_initializer;
    }
    return role == Role::variance ? ones : zeros;
}

}  // namespace

const char* to_word(Role role) {
    constexpr std::array words = {"kernel",          "bias", "gamma",    "beta", "moving_mean",
                                  "moving_variance", "mean", "variance", "count"};
    return words[static_cast<std::size_t>(role)];
}

VariableLayout::VariableLayout(const ModelDescription& description) {
    const std::vector<Shape> shapes = description.shapes();
    for (std::size_t i = 0; i < description.layers.size(); ++i) {
        const Layer& layer = description.layers[i];
        const Shape& input = shapes[i];
        Collector add(*this, static_cast<int>(i), layer_name(layer));
        if (const auto* dense = std::get_if<Dense>(&layer)) {
            add.weight(Role::kernel, {input.back(), dense->units}, dense->trainable, dense->kernel_regularizer);
            if (dense->use_bias) add.weight(Role::bias, {dense->units}, dense->trainable, dense->bias_regularizer);
        } else if (const auto* bn = std::get_if<BatchNormalization>(&layer)) {
            const Shape shape = {channels(*bn, input)};
            if (bn->scale) add.weight(Role::gamma, shape, bn->trainable && bn->train_gamma, bn->gamma_regularizer);
            if (bn->center) add.weight(Role::beta, shape, bn->trainable && bn->train_beta, bn->beta_regularizer);
            add.statistic(Role::moving_mean, shape);
            add.statistic(Role::moving_variance, shape);
            ++batch_normalizations;
        } else if (const auto* normalization = std::get_if<Normalization>(&layer);
                   normalization && normalization->mean.empty()) {
            add.statistic(Role::mean, {input.back()});
            add.statistic(Role::variance, {input.back()});
            add.statistic(Role::count, {});  // Keras keeps one; nothing reads it
        }
    }
    elements({weights_size + 1}, description.name);
}

const Variable* VariableLayout::find(int layer, Role role) const {
    const auto it = std::find_if(variables.begin(), variables.end(),
                                 [&](const Variable& v) { return v.layer == layer && v.role == role; });
    return it == variables.end() ? nullptr : &*it;
}

std::int64_t VariableLayout::trainable_parameters() const {
    std::int64_t sum = 0;
    for (const Variable& v : variables) sum += v.trainable ? v.size : 0;
    return sum;
}

std::int64_t VariableLayout::non_trainable_parameters() const {
    std::int64_t sum = 0;
    for (const Variable& v : variables) sum += v.trainable ? 0 : v.size;
    return sum;
}

VariableValues::VariableValues(const ModelDescription& description, const VariableLayout& layout, std::uint64_t seed)
    : updates(layout.batch_normalizations, 0) {
    need_memory(description.name, "weights", layout.weights_size + layout.statistics_size);
    weights = Buffer<float>(layout.weights_size);
    statistics = Buffer<float>(layout.statistics_size);
    // The ordinal counts layers of the same class, so "the second Dense" draws the same numbers with and
    // without BN.
    std::map<std::string, int> layers_of_class;
    std::vector<std::string> ordinal;
    for (const Layer& layer : description.layers) {
        const std::string cls = class_name(layer);
        ordinal.push_back(fmt::format("{}#{}", cls, layers_of_class[cls]++));
    }
    for (const Variable& variable : layout.variables) {
        const Random random(seed, purpose_of(to_word(variable.role), ordinal[variable.layer].c_str()));
        initialize(initializer_of(description.layers[variable.layer], variable.role), variable.shape, random,
                   of(variable));
    }
    std::size_t bn_index = 0;
    for (const Layer& layer : description.layers) {
        if (const auto* bn = std::get_if<BatchNormalization>(&layer)) updates[bn_index++] = bn->debias ? 0 : -1;
    }
}

std::span<float> VariableValues::of(const Variable& v) {
    return (v.statistic ? statistics : weights)
        .span()
        .subspan(static_cast<std::size_t>(v.offset), static_cast<std::size_t>(v.size));
}

std::span<const float> VariableValues::of(const Variable& v) const {
    return (v.statistic ? statistics : weights)
        .span()
        .subspan(static_cast<std::size_t>(v.offset), static_cast<std::size_t>(v.size));
}

}  // namespace evenkeel
