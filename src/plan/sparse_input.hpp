#pragma once

#include <cstdint>
#include <span>

#include "evenkeel/core/buffer.hpp"
#include "kernels/gather.hpp"
#include "kernels/sparse.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// A batch whose rows are mostly zeros (a digit covers a fifth of its image's pixels), for the first Dense: what it leaves out
/// are products with zero. The numbers that are not zero are kept row by row for x·W, and turned to columns for ∂C/∂W = xᵀ·dz.
///   look     blocks: rows without their zeros · finish once: is it sparse? · turn, for each range of features: columns
/// The batch alone decides, so bits do not depend on threads.
class SparseInput {
  public:
    /// Columns are made for so many features at once.
    static constexpr std::int64_t range = 112;

    static std::int64_t row_floats(std::int64_t features) { return 2 * (features + kernels::compress_margin); }

    static std::int64_t column_floats(std::int64_t features, std::int64_t batch) {
        return 2 * features * stride(batch);
    }

    /// room: [largest batch, row_floats]; columns: [column_floats], or null where nothing is turned.
    SparseInput(std::int64_t features, std::int64_t largest_batch, std::int64_t largest_blocks, float* room,
                float* columns);

    void reset() { on_ = false; }
    void look(const kernels::GatherSource& source, const Block& block);
    void finish(std::int64_t rows, std::int64_t blocks);

    /// True where the batch is sparse enough for all this to pay.
    bool on() const { return on_; }
    /// Rows of the batch, without their zeros.
    std::span<const kernels::SparseView> rows(std::int64_t begin, std::int64_t end) const;

    /// Makes the columns of the range that begins at `first`.
    void turn(std::int64_t first);
    /// Of that range, once it was turned: the features that a row of the batch has, ascending, and their columns.
    std::span<const std::int32_t> active(std::int64_t first) const;
    std::span<const kernels::SparseView> columns(std::int64_t first) const;

  private:
    /// From one column to the next: an odd number of cache lines, so that they share no few sets of the cache.
    static std::int64_t stride(std::int64_t batch) { return ((batch + 15) / 16 | 1) * 16; }
    float* values_of(std::int64_t r) const { return room_ + r * row_floats(features_); }
    std::int32_t* features_of(std::int64_t r) const;
    std::int32_t* ends_of(std::int64_t r) { return ends_.data() + r * (ranges_ + 1); }
    const std::int32_t* ends_of(std::int64_t r) const { return ends_.data() + r * (ranges_ + 1); }

    std::int64_t features_, ranges_, batch_ = 0;
    float* room_;                          ///< of each row: its values, then their features
    float* columns_;                       ///< values [features, column_stride], then their rows
    Buffer<std::int32_t> ends_;            ///< of each row: 0, then how many numbers it has up to the end of each range
    Buffer<std::int32_t> dense_;           ///< of each block: a row has too many numbers
    Buffer<kernels::SparseView> rows_;     ///< [largest batch]
    Buffer<std::int32_t> column_count_;    ///< of each feature
    Buffer<std::int32_t> active_;          ///< of a range: from its first feature's place on …
    Buffer<kernels::SparseView> actives_;  ///< … and their columns, …
    Buffer<std::int32_t> active_count_;    ///< … [range] many
    bool on_ = false;
};

}  // namespace evenkeel
