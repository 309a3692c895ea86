#pragma once

// Batch normalization where the channel axis is not the last: x is [outer, channels, inner], row-major (axis
// 1 of (N, C, H, W): outer = N, inner = H·W). The same numbers as kernels/batch_normalization.hpp, whose
// comments hold here.

#include <cstdint>

#include "kernels/batch_normalization.hpp"

namespace evenkeel::kernels {

struct InnerBlock {
    std::int64_t outer, channels, inner;
};

void block_moments_inner(const InnerBlock& block, const float* x, double* mean, double* m2);

void block_normalize_inner(const InnerBlock& block, const float* x, const float* mean_high, const float* mean_low,
                           const float* scale, const float* shift, bool relu, float* y);

void block_backward_sums_inner(const InnerBlock& block, const float* x, const ChannelMoments& moments, const float* a,
                               const float* da, float* dy, double* sum_dy, double* sum_dy_xhat);

void block_backward_input_inner(const InnerBlock& block, const float* x, const float* mean_high, const float* mean_low,
                                const float* scale, const float* mean_dy, const float* slope, const float* dy,
                                float* dx);

}  // namespace evenkeel::kernels
