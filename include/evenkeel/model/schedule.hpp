#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// values[i] while step ≤ boundaries[i]; the last value afterwards (Keras's PiecewiseConstantDecay).
struct PiecewiseConstantDecay {
    std::vector<std::int64_t> boundaries;  ///< increasing
    std::vector<double> values;            ///< one more than boundaries
};

/// initial·rate^(step/decay_steps), the exponent floored where `staircase` (Keras's ExponentialDecay).
struct ExponentialDecay {
    double initial_learning_rate = 0.01;
    std::int64_t decay_steps = 1000;
    double decay_rate = 0.96;
    bool staircase = false;
};

/// Keras's CosineDecay: from warmup start to warmup_target over warmup_steps, then along half a cosine to
/// alpha·peak.
struct CosineDecay {
    double initial_learning_rate = 0.01;
    std::int64_t decay_steps = 1000;
    double alpha = 0.0;
    double warmup_target = -1.0;  ///< < 0: none, the cosine starts at initial_learning_rate
    std::int64_t warmup_steps = 0;
};

/// A constant, or a schedule over steps.
using LearningRate = std::variant<double, PiecewiseConstantDecay, ExponentialDecay, CosineDecay>;

/// η at a step (the number of updates already made), ≥ 0.
EVENKEEL_API double learning_rate_at(const LearningRate& rate, std::int64_t step);

}  // namespace evenkeel
