#pragma once

#include <vector>

#include "evenkeel/model/loss.hpp"
#include "evenkeel/model/optimizer.hpp"

namespace evenkeel {

/// How a model is trained: what `compile` of Keras takes.
struct Compilation {
    Optimizer optimizer;
    Loss loss;
    std::vector<Metric> metrics;
};

}  // namespace evenkeel
