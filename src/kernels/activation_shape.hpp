#pragma once

#include <limits>

namespace evenkeel::kernels {

/// Activations that look at one value at a time.
enum class PointwiseKind { linear, relu, sigmoid, tanh, elu, gelu, silu };

struct Pointwise {
    PointwiseKind kind = PointwiseKind::linear;
    // relu only
    float negative_slope = 0.0F;
    float threshold = 0.0F;
    float max_value = std::numeric_limits<float>::infinity();

    bool is_plain_relu() const {
        return kind == PointwiseKind::relu && negative_slope == 0.0F && threshold == 0.0F &&
               max_value == std::numeric_limits<float>::infinity();
    }
};

}  // namespace evenkeel::kernels
