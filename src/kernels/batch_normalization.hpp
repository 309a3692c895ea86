#pragma once

// Batch normalization of a block of rows, channels last: x is [rows, channels], row-major, contiguous. The
// plan cuts a batch into such blocks, merges their statistics in fixed order, and so gets the same bits from
// any number of threads. What these compute reads plainly in kernels/reference/batch_normalization.hpp;
// docs/batch-normalization.md derives it.
//
// No allocation, no threads, no moving averages in here.

#include <cstdint>

namespace evenkeel::kernels {

/// Per-channel numbers that normalize a batch: ẑ = ((x − mean_high) − mean_low)·inverse. All arrays
/// [channels]. The mean comes as two floats: at a mean of 10⁶ one float errs by up to 0.033, two by 4e-7.
struct ChannelMoments {
    const float* mean_high;
    const float* mean_low;
    const float* inverse;  ///< 1/√(σ² + ε)
};

/// Where a matrix lies. What is in memory is read as streams that are asked for ahead, and results go past the caches, since
/// they would only push other data out: where rows begin on vector boundaries, and other threads may read when the call is
/// over. Sums may be added in another order from memory than from a cache; all else has the same bits.
enum class Place { cache, memory };

/// Mean and M2 = Σ(x − mean)² of each channel over the block, in double. All rows are shifted by the mean of the first
/// 16, which the sums then correct; where that was off by more than the deviation, each 64 rows are shifted by their own
/// mean and merged by Chan, Golub and LeVeque 1979. mean, m2: [channels], overwritten.
void block_moments(std::int64_t rows, std::int64_t channels, const float* x, double* mean, double* m2,
                   Place place = Place::cache);

/// Merges (count_b, mean_b, m2_b) into (count_a, mean_a, m2_a): Chan, Golub and LeVeque 1979, equation 2.1.
void merge_moments(std::int64_t channels, double count_a, double* mean_a, double* m2_a, double count_b,
                   const double* mean_b, const double* m2_b);

/// y = g(scale·((x − mean_high) − mean_low) + shift) with scale = γ·inverse, shift = β and g = ReLU or
/// nothing. y [rows, channels]; may be x.
void block_normalize(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                     const float* mean_low, const float* scale, const float* shift, bool relu, float* y,
                     Place place = Place::cache);

/// Sums for the backward pass. da: gradient behind g, [rows, channels]; a: the output behind g where g is
/// ReLU, else null. Writes dy = da·g' (may be da; null where a is null: dy is da then) and
///   sum_dy[c] = Σ dy,  sum_dy_xhat[c] = Σ dy·ẑ   (double, overwritten).
void block_backward_sums(std::int64_t rows, std::int64_t channels, const float* x, const ChannelMoments& moments,
                         const float* a, const float* da, float* dy, double* sum_dy, double* sum_dy_xhat,
                         Place place = Place::cache);

/// dx = scale·(dy − mean_dy − ((x − mean_high) − mean_low)·slope) with scale = γ·inverse, mean_dy = Σdy/m and
/// slope = inverse·Σ(dy·ẑ)/m, all [channels]. dx may be dy.
void block_backward_input(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                          const float* mean_low, const float* scale, const float* mean_dy, const float* slope,
                          const float* dy, float* dx, Place place = Place::cache);

}  // namespace evenkeel::kernels
