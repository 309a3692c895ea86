#pragma once

// Batch normalization of a whole matrix at the speed of memory: the block kernels, and which block goes when.
//
// Out of cache a training forward pass is three streams (x for the statistics, x again, y) and a backward pass five
// (x and dy for the sums, x and dy again, dx). The second pass begins with the blocks that the first took last
// and the caches still hold; results larger than the last-level cache go past it.

#include <cstdint>

#include "core/threads.hpp"
#include "evenkeel/core/buffer.hpp"
#include "kernels/batch_normalization.hpp"
#include "kernels/batch_normalization_inner.hpp"
#include "kernels/channel_coefficients.hpp"

namespace evenkeel::kernels {

/// Which rows make a block: a function of the matrix's shape alone, so that bits don't depend on threads.
struct Blocking {
    std::int64_t rows = 0, per_block = 1, blocks = 0;
    explicit Blocking(const InnerBlock& shape);
    std::int64_t begin(std::int64_t block) const { return block * per_block; }
    std::int64_t count(std::int64_t block) const { return block + 1 < blocks ? per_block : rows - begin(block); }
    /// The block that a second pass of so many threads takes instead of block `taken`: first what the first pass took last. Threads
    /// begin at both ends (ThreadPool), so each half has its own last one, in the middle.
    std::int64_t last_first(std::int64_t taken, int threads) const;
};

/// Batch normalization of matrices of one shape: x [outer, channels, inner] (inner = 1: rows of channels, as (N, H, W, C)
/// with outer = N·H·W). Owns its scratch: after construction nothing is allocated. Bit-identical for any number of
/// threads. Not for concurrent use; the pool outlives it. y may be x, and dx may be dy.
class MatrixBatchNormalization {
  public:
    MatrixBatchNormalization(const InnerBlock& shape, ThreadPool& pool);

    /// Where a matrix of so many values lies.
    static Place place_of(std::int64_t values);

    /// Per-channel parameters [channels]; null means γ = 1 or β = 0.
    struct Parameters {
        const float* gamma = nullptr;
        const float* beta = nullptr;
        double epsilon = 1e-3;
    };
    /// y = γ·(x − μ)/√(σ² + ε) + β with μ and σ² of this batch, which stay for backward() and the two below. A channel
    /// that holds a NaN or an infinity has a mean or variance that is not finite.
    void forward(const float* x, const Parameters& parameters, float* y);
    const Buffer<double>& mean() const { return mean_; }
    const Buffer<double>& variance() const { return variance_; }  ///< biased: divided by outer·inner

    /// After forward() on the same x: ∂C/∂γ = Σ dy·x̂, ∂C/∂β = Σ dy,
    /// dx = γ/√(σ² + ε)·(dy − mean(dy) − x̂·mean(dy·x̂)). dgamma, dbeta: [channels].
    void backward(const float* x, const Parameters& parameters, const float* dy, float* dx, float* dgamma,
                  float* dbeta);

    /// y = γ·(x − mean)/√(variance + ε) + β with statistics that are given, [channels].
    void infer(const float* x, const Parameters& parameters, const float* mean, const float* variance, float* y);

  private:
    std::int64_t row_size() const { return shape_.channels * shape_.inner; }
    void take_statistics(const float* x);
    ChannelCoefficients coefficients() {
        return {high_.data(), low_.data(), inverse_.data(), scale_.data(), shift_.data()};
    }
    void normalize(const float* x, float* y, bool second_pass);
    void take_sums(const float* x, const float* dy);
    template <typename Body>
    void merge_channels(const Body& body);

    InnerBlock shape_;
    ThreadPool& pool_;
    Blocking blocking_;
    Place place_;
    Buffer<double> mean_, variance_, sum_dy_, sum_dy_xhat_;  // [channels]
    Buffer<double> block_first_, block_second_;              // [blocks, channels]: mean and M2, or the two sums
    Buffer<float> high_, low_, inverse_, scale_, shift_, mean_dy_, slope_;  // [channels]
};

}  // namespace evenkeel::kernels
