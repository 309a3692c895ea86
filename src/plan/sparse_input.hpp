#pragma once

#include <cstdint>
#include <span>

#include "evenkeel/core/buffer.hpp"
#include "kernels/gather.hpp"
#include "kernels/sparse.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// A batch whose rows are mostly zeros (a digit covers a fifth of its image's pixels), for the first Dense: what it leaves out
/// are products with zero. The numbers that are not zero are kept row by row for x·W, and turned to columns for ∂C/∂W = xᵀ·dz;
/// both in ranges of features and the columns in groups of rows, so that a product finds what it reads in the first-level cache.
///   look     blocks: rows without their zeros · finish once: is it sparse? · turn, for each range of features: columns
/// The batch alone decides, so bits do not depend on threads.
class SparseInput {
  public:
    /// Features of a range: of W, in rows of 128 units, as many rows as stay in cache where a third of them is in use.
    static constexpr std::int64_t range = 112;
    /// Rows of a group: a strip of 64 columns of dz takes 32 kB.
    static constexpr std::int64_t group = 128;

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
    /// A row of the batch without its zeros.
    kernels::SparseView row(std::int64_t r) const;
    /// Of rows of the batch, what they have in the range that begins at feature `first`.
    std::span<const kernels::SparseView> rows(std::int64_t first, std::int64_t begin, std::int64_t end) const;

    /// Makes the columns of the range that begins at `first`.
    void turn(std::int64_t first);
    /// Of that range, once it was turned: the features that a row of the batch has, ascending, …
    std::span<const std::int32_t> active(std::int64_t first) const;
    /// … and, of their columns, what the `index`-th group of rows has.
    std::span<const kernels::SparseView> columns(std::int64_t first, std::int64_t index) const;
    std::int64_t groups() const { return group_count(batch_); }

  private:
    static std::int64_t group_count(std::int64_t batch) { return (batch + group - 1) / group; }
    /// From one column to the next: an odd number of cache lines, so that they share no few sets of the cache.
    static std::int64_t stride(std::int64_t batch) { return ((batch + 15) / 16 | 1) * 16; }
    float* values_of(std::int64_t r) const { return room_ + r * row_floats(features_); }
    std::int32_t* features_of(std::int64_t r) const;

    std::int64_t features_, ranges_, largest_batch_, batch_ = 0;
    float* room_;                          ///< of each row: its values, then their features
    float* columns_;                       ///< values [features, stride], then their rows
    Buffer<std::int64_t> numbers_;         ///< of each block: how many are not zero; −1: a row has too many
    Buffer<kernels::SparseView> rows_;     ///< [ranges, largest batch]
    Buffer<std::int32_t> column_count_;    ///< of each feature
    Buffer<std::int32_t> active_;          ///< of a range: from its first feature's place on …
    Buffer<kernels::SparseView> actives_;  ///< … and their columns, [groups, features], …
    Buffer<std::int32_t> active_count_;    ///< … [ranges] many
    bool on_ = false;
};

}  // namespace evenkeel
