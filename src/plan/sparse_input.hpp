#pragma once

#include <cstdint>
#include <span>

#include "evenkeel/core/buffer.hpp"
#include "kernels/turned.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// A batch whose rows are mostly zeros (a digit covers a fifth of its image's pixels), for the first Dense: most of what it leaves
/// out are products with zero. Numbers are kept turned, for x·W as for ∂C/∂W = xᵀ·dz.
///   look     blocks: turn their rows · finish   once: is the batch sparse?
/// One that is not sparse, and only predicted, may stay in bytes, which the first Dense then multiplies as they lie.
/// The batch alone decides, so bits do not depend on threads. Plans that take turns on the same batches share one.
class SparseInput {
  public:
    /// Fewer rows are not worth a look where they are only predicted: a product takes each of them by itself, without its zeros.
    static constexpr std::int64_t fewest_rows = 5;
    /// Rows whose ∂C/∂z is to stay in cache while a part of the weights goes through them.
    static constexpr std::int64_t group = 128;

    /// Room for a batch.
    static std::int64_t floats(std::int64_t features, std::int64_t largest_batch) {
        return kernels::tiles_of(largest_batch) * tile_floats(features);
    }

    /// room: [floats]. multiplies_bytes: where the Dense can do that.
    SparseInput(std::int64_t features, std::int64_t largest_batch, std::int64_t largest_blocks, float* room,
                bool multiplies_bytes)
        : features_(features),
          room_(room),
          masks_(kernels::tiles_of(largest_batch) * kernels::threes_of(features)),
          counts_(largest_blocks),
          table_(multiplies_bytes ? 256 : 0) {}

    void reset() {
        on_ = false;
        bytes_ = nullptr;
    }
    /// Blocks begin where a tile does.
    void look(const kernels::GatherSource& source, const Block& block);
    void finish(const kernels::GatherSource& source, std::int64_t rows, std::int64_t blocks, bool training);

    /// True where the batch is sparse enough for all this to pay.
    bool on() const { return on_; }
    const kernels::TurnedRows& turned() const { return turned_; }
    /// Rows of the batch from row r on, one behind another, where they stay bytes; else null.
    const std::uint8_t* bytes(std::int64_t r) const { return bytes_ != nullptr ? bytes_ + r * features_ : nullptr; }
    bool may_stay_bytes() const { return table_.size() > 0; }
    /// What each byte stands for.
    const float* table() const { return table_.data(); }
    /// Of a source of floats, all numbers of a block's rows, in any order and some of them twice.
    std::span<const float> numbers(const Block& block) const;

  private:
    static std::int64_t tile_floats(std::int64_t features) {
        return kernels::rows_of_tile * kernels::features_of_three * kernels::threes_of(features);
    }
    kernels::TurnedRows turn_of(const kernels::GatherSource& source);

    std::int64_t features_;
    float* room_;
    Buffer<std::uint16_t> masks_;
    kernels::TurnedRows turned_;
    Buffer<std::int64_t> counts_;  ///< of each block: how often a row has a three that is not zero; −1: too often
    Buffer<float> table_;
    const std::uint8_t* bytes_ = nullptr;
    bool on_ = false;
};

}  // namespace evenkeel
