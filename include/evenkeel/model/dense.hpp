#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "evenkeel/model/activation.hpp"
#include "evenkeel/model/initializer.hpp"
#include "evenkeel/model/regularizer.hpp"

namespace evenkeel {

struct DenseOptions {
    std::string activation = "linear";
    bool use_bias = true;
    Initializer kernel_initializer = "glorot_uniform";
    Initializer bias_initializer = "zeros";
    Regularizer kernel_regularizer = {};
    Regularizer bias_regularizer = {};
    bool trainable = true;
    std::string name = {};
};

/// a = g(x·W + b) on the last axis: x (…, in), W kernel (in, units), b bias (units).
struct Dense : DenseOptions {
    std::int64_t units = 0;  ///< ≥ 1

    Dense() = default;
    explicit Dense(std::int64_t units_, DenseOptions options = {}) : DenseOptions(std::move(options)), units(units_) {}
};

}  // namespace evenkeel
