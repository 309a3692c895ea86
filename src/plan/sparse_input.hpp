#pragma once

#include <cstdint>
#include <span>

#include "evenkeel/core/buffer.hpp"
#include "kernels/gather.hpp"
#include "kernels/squeeze.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// A batch whose rows are mostly zeros (a digit covers a fifth of its image's pixels), for the first Dense: what it leaves out
/// are products with zero. The numbers that are not zero are kept row by row for x·W, and column by column for ∂C/∂W = xᵀ·dz;
/// both in ranges of features and the columns in groups of rows, so that a product finds what it reads in the first-level cache.
///   look     blocks: rows without their zeros · finish once: is it sparse? · turn, for each range of features: columns
/// The batch alone decides, so bits do not depend on threads. Plans that take turns on the same batches share one.
class SparseInput {
  public:
    /// Features of a range: of W, in rows of 128 units, as many rows as stay in cache where a third of them is in use.
    static constexpr std::int64_t range = 112;
    /// Rows of a group: a strip of 64 columns of dz takes 32 kB.
    static constexpr std::int64_t group = 128;

    /// Room for the numbers of one row of the batch, …
    static std::int64_t row_floats(std::int64_t features) { return floats_of(features); }
    /// … and for its columns.
    static std::int64_t column_floats(std::int64_t features, std::int64_t batch) {
        return (features + range - 1) / range * floats_of(range * batch);
    }

    /// room: [largest batch, row_floats]; columns: [column_floats], or null where nothing is turned.
    SparseInput(std::int64_t features, std::int64_t largest_batch, std::int64_t largest_blocks, float* room,
                float* columns);

    void reset() { on_ = false; }
    void look(const kernels::GatherSource& source, const Block& block);
    /// The source's rows are read again by `turn`.
    void finish(const kernels::GatherSource& source, std::int64_t rows, std::int64_t blocks);

    /// True where the batch is sparse enough for all this to pay.
    bool on() const { return on_; }
    /// The numbers of row r of the batch that are not zero.
    std::span<const float> numbers(std::int64_t r) const;
    /// Of rows of the batch, what they have in the range that begins at feature `first`, from where places count.
    std::span<const kernels::SparseView> rows(std::int64_t first, std::int64_t begin, std::int64_t end) const;

    /// Makes the columns of the range that begins at `first`, if they are not made already.
    void turn(std::int64_t first);
    /// Of that range, once it was turned: the features that a row of the batch has, ascending, …
    std::span<const std::int32_t> active(std::int64_t first) const;
    /// … and, of their columns, what the `index`-th group of rows has: places count from that group's first row.
    std::span<const kernels::SparseView> columns(std::int64_t first, std::int64_t index) const;
    std::int64_t groups() const { return group_count(batch_); }

  private:
    /// So many values, and as many places, which are bytes, behind them; each with its margin.
    static std::int64_t floats_of(std::int64_t numbers) {
        const std::int64_t values = (numbers + kernels::squeeze_margin + 15) / 16 * 16;
        return values + values / 4;
    }
    static std::uint8_t* places_behind(float* values, std::int64_t numbers);
    static std::int64_t group_count(std::int64_t batch) { return (batch + group - 1) / group; }

    std::int64_t features_, ranges_, largest_batch_, batch_ = 0;
    kernels::GatherSource source_;
    float* room_;                          ///< of each row: its values, then their places
    float* columns_;                       ///< of each range: values, then their places
    Buffer<std::int64_t> counts_;          ///< of each block: how many are not zero; −1: a row has too many
    Buffer<kernels::SparseView> rows_;     ///< [ranges, largest batch]
    Buffer<std::int32_t> active_;          ///< of a range: from its first feature's place on …
    Buffer<kernels::SparseView> actives_;  ///< … and their columns, [groups, features], …
    Buffer<std::int32_t> active_count_;    ///< … [ranges] many; −1: not turned yet
    bool on_ = false;
};

}  // namespace evenkeel
