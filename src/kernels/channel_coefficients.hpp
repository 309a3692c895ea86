#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// What normalizing kernels read of each channel, [channels] each; see ChannelMoments.
struct ChannelCoefficients {
    float *mean_high, *mean_low;  ///< the mean as two floats
    float* inverse;               ///< 1/√(σ² + ε)
    float* scale;                 ///< γ·inverse
    float* shift;                 ///< β
};

/// Coefficients from each channel's mean and its variance·count, computed in double. gamma, beta: [channels], or null for 1
/// and 0. The float version is for moving statistics; bias: [channels], what was left out of the values to normalize, or null.
void channel_coefficients(std::int64_t channels, const double* mean, const double* m2, double count, double epsilon,
                          const float* gamma, const float* beta, const ChannelCoefficients& out);
void channel_coefficients(std::int64_t channels, const float* mean, const float* variance, const float* bias,
                          double epsilon, const float* gamma, const float* beta, const ChannelCoefficients& out);

}  // namespace evenkeel::kernels
