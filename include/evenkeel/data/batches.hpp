#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// Which rows make which batch. The order of an epoch is a pure function of (seed, epoch), so a resumed run
/// and every arm of a comparison see the same batches. Nothing allocates after construction. Not for
/// concurrent use.
class EVENKEEL_API BatchOrder {
  public:
    /// `rows` in [1, 2^32), `batch_size` ≥ 1 (a larger one than rows makes a single batch), else
    /// Error{input}. Without `shuffle` every epoch runs through the rows in order. The last batch may be
    /// short; with `merge_lone_last_row` a last batch of one row joins the one before, which then has
    /// batch_size + 1 rows: batch statistics of one row say nothing. Starts at epoch 0.
    BatchOrder(std::int64_t rows, std::int64_t batch_size, std::uint64_t seed, bool shuffle,
               bool merge_lone_last_row = false);

    void epoch(std::int64_t e);
    std::int64_t count() const { return count_; }      ///< batches in an epoch
    std::int64_t largest() const { return largest_; }  ///< rows of the largest batch, for which to compile a plan
    std::span<const std::uint32_t> batch(std::int64_t i) const;  ///< row numbers; i in [0, count())

  private:
    std::vector<std::uint32_t> order_;
    std::int64_t batch_size_, count_, largest_;
    std::uint64_t seed_;
    bool shuffle_;
};

}  // namespace evenkeel
