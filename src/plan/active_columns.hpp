#pragma once

#include <cstdint>
#include <span>

#include "evenkeel/core/buffer.hpp"
#include "kernels/gather.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// Which features of a batch of bytes are not zero in all of its rows. Where many are zero (a digit fills the middle of its
/// image only), the first Dense computes with the others alone, on compact copies of x and W: what it leaves out are
/// products with zero, and rows of ∂C/∂W that are zero. The batch alone decides, so bits do not depend on threads.
///   look      blocks: which features their rows have · finish once: merge, decide
class ActiveColumns {
  public:
    /// Fewer rows are not worth the look.
    static constexpr std::int64_t fewest_rows = 8;

    ActiveColumns(std::int64_t features, std::int64_t largest_blocks);

    void reset() { on_ = false; }
    void look(const kernels::GatherSource& source, const Block& block);
    void finish(std::int64_t rows, std::int64_t blocks);

    /// False where too few features are zero for the copy of W to pay.
    bool on() const { return on_; }
    /// The features that are active, ascending.
    std::span<const std::int32_t> columns() const { return {columns_.data(), static_cast<std::size_t>(count_)}; }
    /// Of these, the ones in [first, end), and how many come before them.
    std::span<const std::int32_t> columns(std::int64_t first, std::int64_t end) const;
    std::int64_t before(std::int64_t first) const;
    /// Floats from one row of the compact x to the next; at most `features`.
    std::int64_t stride() const { return stride_; }
    /// One a feature, the lowest of each byte first.
    const std::uint8_t* bits() const { return seen_.data(); }

  private:
    std::int64_t features_;
    std::int64_t bytes_;          ///< of `features` bits
    Buffer<std::uint8_t> seen_;   ///< [blocks, bytes]: features that a row of the block has
    Buffer<std::int32_t> dense_;  ///< of each block: nearly everything is active
    Buffer<std::int32_t> columns_;
    std::int64_t count_ = 0, stride_ = 0;
    bool on_ = false;
};

}  // namespace evenkeel
