#include "plan/sparse_input.hpp"

#include <algorithm>

namespace evenkeel {
namespace {

// A number costs this many times what it costs in a dense product: its row of W comes from the second-level cache for it alone.
// Below a share of 1/price the sparse way is faster.
constexpr std::int64_t price = 2;

// Of the first rows of a block: one with hardly a zero, or a few with too few of them, tell what the others are like. Then no
// time goes into squeezing those.
bool tells_of_dense_rows(std::int64_t rows, std::int64_t numbers, std::int64_t features) {
    return (rows == 1 && 4 * numbers > 3 * features) || (rows == 4 && price * numbers > 4 * features);
}

}  // namespace

SparseInput::SparseInput(std::int64_t features, std::int64_t largest_batch, std::int64_t largest_blocks, float* room,
                         float* columns)
    : features_(features),
      ranges_((features + range - 1) / range),
      room_(room),
      columns_(columns),
      ends_(largest_batch * (ranges_ + 1)),
      dense_(largest_blocks),
      rows_(largest_batch),
      column_count_(features),
      active_(features),
      actives_(features),
      active_count_(ranges_) {}

std::int32_t* SparseInput::features_of(std::int64_t r) const {
    return reinterpret_cast<std::int32_t*>(values_of(r) + features_ + kernels::compress_margin);
}

void SparseInput::look(const kernels::GatherSource& source, const Block& block) {
    kernels::prefetch_rows(source, block.begin, std::min(block.begin + kernels::rows_ahead, block.end));
    dense_[block.index] = 0;
    std::int64_t numbers = 0;
    for (std::int64_t r = block.begin; r < block.end; ++r) {
        const std::int64_t ahead = r + kernels::rows_ahead;
        if (ahead < block.end) kernels::prefetch_rows(source, ahead, ahead + 1);
        std::int32_t* ends = ends_of(r);
        std::int64_t count = 0;
        for (std::int64_t k = 0; k < ranges_; ++k) {
            count += kernels::compress_row(source, r, k * range, std::min((k + 1) * range, features_),
                                           values_of(r) + count, features_of(r) + count);
            ends[k + 1] = static_cast<std::int32_t>(count);
        }
        numbers += count;
        dense_[block.index] = tells_of_dense_rows(r - block.begin + 1, numbers, features_);
        if (dense_[block.index] != 0) return;
    }
}

void SparseInput::finish(std::int64_t rows, std::int64_t blocks) {
    batch_ = rows;
    on_ = false;
    if (std::any_of(dense_.data(), dense_.data() + blocks, [](std::int32_t d) { return d != 0; })) return;
    std::int64_t numbers = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
        rows_[r] = {ends_of(r)[ranges_], values_of(r), features_of(r)};
        numbers += rows_[r].count;
    }
    on_ = price * numbers <= rows * features_;
}

std::span<const kernels::SparseView> SparseInput::rows(std::int64_t begin, std::int64_t end) const {
    return {rows_.data() + begin, static_cast<std::size_t>(end - begin)};
}

void SparseInput::turn(std::int64_t first) {
    const std::int64_t index = first / range, end = std::min(first + range, features_), apart = stride(batch_);
    std::int32_t* column_count = column_count_.data();
    float* column_values = columns_;
    auto* column_rows = reinterpret_cast<std::int32_t*>(columns_ + features_ * apart);
    std::fill(column_count + first, column_count + end, 0);
    for (std::int64_t r = 0; r < batch_; ++r) {
        const float* values = values_of(r);
        const std::int32_t* features = features_of(r);
        const std::int32_t last = ends_of(r)[index + 1];
        for (std::int32_t i = ends_of(r)[index]; i < last; ++i) {
            const std::int64_t f = features[i], at = f * apart + column_count[f]++;
            column_values[at] = values[i];
            column_rows[at] = static_cast<std::int32_t>(r);
        }
    }
    std::int64_t active = first;
    for (std::int64_t f = first; f < end; ++f) {
        if (column_count[f] == 0) continue;
        active_[active] = static_cast<std::int32_t>(f);
        actives_[active++] = {column_count[f], column_values + f * apart, column_rows + f * apart};
    }
    active_count_[index] = static_cast<std::int32_t>(active - first);
}

std::span<const std::int32_t> SparseInput::active(std::int64_t first) const {
    return {active_.data() + first, static_cast<std::size_t>(active_count_[first / range])};
}

std::span<const kernels::SparseView> SparseInput::columns(std::int64_t first) const {
    return {actives_.data() + first, static_cast<std::size_t>(active_count_[first / range])};
}

}  // namespace evenkeel
