#include "plan/active_columns.hpp"

#include <algorithm>
#include <bit>

namespace evenkeel {
namespace {

// So many rows tell dense data from sparse.
constexpr std::int64_t rows_that_tell = 8;

// Copying a row of W costs about as much as the products of this many rows of the batch with it.
constexpr std::int64_t rows_worth_a_copy = 8;

// Room behind a compact row, over which the last vector of it may write.
constexpr std::int64_t margin = kernels::gather_margin;

}  // namespace

ActiveColumns::ActiveColumns(std::int64_t features, std::int64_t largest_blocks)
    : features_(features),
      bytes_((features + 63) / 64 * 8),
      seen_(bytes_ * largest_blocks),
      dense_(largest_blocks),
      columns_(features) {}

void ActiveColumns::look(const kernels::GatherSource& source, const Block& block) {
    std::uint8_t* seen = seen_.data() + block.index * bytes_;
    std::fill_n(seen, bytes_, std::uint8_t{0});
    const std::int64_t tells = std::min(block.end, block.begin + rows_that_tell);
    kernels::mark_active(source, block.begin, tells, seen);
    std::int64_t active = 0;
    for (std::int64_t i = 0; i < bytes_; ++i) active += std::popcount(seen[i]);
    dense_[block.index] = 8 * active > 7 * features_;
    if (dense_[block.index] == 0) kernels::mark_active(source, tells, block.end, seen);
}

void ActiveColumns::finish(std::int64_t rows, std::int64_t blocks) {
    on_ = false;
    if (std::any_of(dense_.data(), dense_.data() + blocks, [](std::int32_t d) { return d != 0; })) return;
    std::uint8_t* all = seen_.data();
    for (std::int64_t b = 1; b < blocks; ++b) {
        for (std::int64_t i = 0; i < bytes_; ++i) all[i] |= all[b * bytes_ + i];
    }
    count_ = 0;
    for (std::int64_t i = 0; i < bytes_; ++i) {
        for (unsigned bits = all[i]; bits != 0; bits &= bits - 1) {
            columns_[count_++] = static_cast<std::int32_t>(8 * i + std::countr_zero(bits));
        }
    }
    stride_ = (count_ + 15) / 16 * 16 + margin;
    on_ = count_ > 0 && stride_ <= features_ && rows * (features_ - count_) >= rows_worth_a_copy * count_;
}

std::int64_t ActiveColumns::before(std::int64_t first) const {
    return std::lower_bound(columns_.data(), columns_.data() + count_, first) - columns_.data();
}

std::span<const std::int32_t> ActiveColumns::columns(std::int64_t first, std::int64_t end) const {
    const std::int64_t from = before(first);
    return columns().subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(before(end) - from));
}

}  // namespace evenkeel
