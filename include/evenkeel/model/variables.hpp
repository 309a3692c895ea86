#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/core/buffer.hpp"
#include "evenkeel/model/description.hpp"

namespace evenkeel {

enum class Role { kernel, bias, gamma, beta, moving_mean, moving_variance, mean, variance, count };
EVENKEEL_API const char* to_word(Role role);

/// One named variable and where it lies: in the buffer of weights (what an optimizer may change) or in the
/// buffer of statistics (what it never does).
struct Variable {
    std::string path;  ///< "dense/kernel"
    Role role;
    Shape shape;
    int layer = 0;            ///< index into the description's layers
    bool statistic = false;   ///< lies in the statistics, not in the weights
    bool trainable = true;    ///< the optimizer changes it
    std::int64_t offset = 0;  ///< in floats, a multiple of 16 (64 bytes)
    std::int64_t size = 0;    ///< in floats
    Regularizer regularizer = {};

    bool is_gamma_or_beta() const { return role == Role::gamma || role == Role::beta; }
};

/// Where every variable of a model lies. Order: that of Keras's `model.get_weights()`.
struct EVENKEEL_API VariableLayout {
    std::vector<Variable> variables;
    std::int64_t weights_size = 0;     ///< floats in the buffer of weights, padding (always 0) included
    std::int64_t statistics_size = 0;  ///< floats in the buffer of statistics
    int batch_normalizations = 0;      ///< layers that count their updates

    explicit VariableLayout(const ModelDescription& description);
    VariableLayout() = default;

    /// The variable of that layer and role, or nullptr.
    const Variable* find(int layer, Role role) const;
    std::int64_t trainable_parameters() const;
    std::int64_t non_trainable_parameters() const;
};

/// The values: all weights in one buffer, all statistics in another, and how many batches each
/// BatchNormalization has seen (−1: unknown, a plain average; see BatchNormalizationOptions::debias).
/// Copyable: a copy is a snapshot.
struct EVENKEEL_API VariableValues {
    Buffer<float> weights;
    Buffer<float> statistics;
    std::vector<std::int64_t> updates;  ///< one a BatchNormalization, in model order

    VariableValues() = default;
    /// Initial values; draw i of variable `path` depends on (seed, class-independent role, ordinal among
    /// layers of its class) only, so models that share their Dense layers share those weights, with BN or
    /// without.
    VariableValues(const ModelDescription& description, const VariableLayout& layout, std::uint64_t seed);

    std::span<float> of(const Variable& variable);
    std::span<const float> of(const Variable& variable) const;
};

/// Slots of the optimizer, each laid out like the weights, and the number of updates made.
struct OptimizerValues {
    std::int64_t iteration = 0;
    std::vector<Buffer<float>> slots;
};

}  // namespace evenkeel
