#pragma once

// What is computed once a batch, of numbers of each channel: between blocks' statistics and the kernels that normalize.

#include <cstdint>

namespace evenkeel::kernels {

/// What normalizing kernels read of each channel, [channels] each; see ChannelMoments.
struct ChannelCoefficients {
    float *mean_high, *mean_low;  ///< the mean as two floats
    float* inverse;               ///< 1/√(σ² + ε)
    float* scale;                 ///< γ·inverse
    float* shift;                 ///< β
};

/// Coefficients from each channel's mean and its variance·count, computed in double. Returns whether all means and variances are
/// finite. gamma, beta: [channels], or null for 1 and 0. The float version is for moving statistics; bias: [channels], what was left out of the
/// values to normalize, or null.
bool channel_coefficients(std::int64_t channels, const double* mean, const double* m2, double count, double epsilon,
                          const float* gamma, const float* beta, const ChannelCoefficients& out);
void channel_coefficients(std::int64_t channels, const float* mean, const float* variance, const float* bias,
                          double epsilon, const float* gamma, const float* beta, const ChannelCoefficients& out);

/// What block_backward_input subtracts, of Σdy and Σ(dy·ẑ): mean_dy = Σdy·share and slope = Σ(dy·ẑ)·share·inverse, with share =
/// 1/m where statistics are the batch's, and 0 where they are constants. All [channels].
void gradient_coefficients(std::int64_t channels, const double* sum_dy, const double* sum_dy_xhat, double share,
                           const float* inverse, float* mean_dy, float* slope);

/// moving ← moving + share·(batch − moving), with the batch's variance = m2/divisor, computed in double. What is subnormal
/// becomes 0: a dead channel's statistics would decay into such numbers, which are slow and say nothing. All [channels].
void move_statistics(std::int64_t channels, double share, const double* mean, const double* m2, double divisor,
                     float* moving_mean, float* moving_variance);

}  // namespace evenkeel::kernels
