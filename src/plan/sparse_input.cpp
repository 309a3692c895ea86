#include "plan/sparse_input.hpp"

#include <algorithm>
#include <numeric>

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
      largest_batch_(largest_batch),
      room_(room),
      columns_(columns),
      numbers_(largest_blocks),
      rows_(ranges_ * largest_batch),
      column_count_(columns != nullptr ? features : 0),
      active_(columns != nullptr ? features : 0),
      actives_(columns != nullptr ? group_count(largest_batch) * features : 0),
      active_count_(ranges_) {}

std::int32_t* SparseInput::features_of(std::int64_t r) const {
    return reinterpret_cast<std::int32_t*>(values_of(r) + features_ + kernels::compress_margin);
}

void SparseInput::look(const kernels::GatherSource& source, const Block& block) {
    kernels::prefetch_rows(source, block.begin, std::min(block.begin + kernels::rows_ahead, block.end));
    std::int64_t numbers = 0;
    for (std::int64_t r = block.begin; r < block.end; ++r) {
        const std::int64_t ahead = r + kernels::rows_ahead;
        if (ahead < block.end) kernels::prefetch_rows(source, ahead, ahead + 1);
        numbers +=
            kernels::compress_row(source, r, range, values_of(r), features_of(r), rows_.data() + r, largest_batch_);
        if (tells_of_dense_rows(r - block.begin + 1, numbers, features_)) {
            numbers_[block.index] = -1;
            return;
        }
    }
    numbers_[block.index] = numbers;
}

void SparseInput::finish(std::int64_t rows, std::int64_t blocks) {
    batch_ = rows;
    const std::span<const std::int64_t> numbers(numbers_.data(), static_cast<std::size_t>(blocks));
    on_ = std::find(numbers.begin(), numbers.end(), -1) == numbers.end() &&
          price * std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0}) <= rows * features_;
}

kernels::SparseView SparseInput::row(std::int64_t r) const {
    const kernels::SparseView& last = rows_[(ranges_ - 1) * largest_batch_ + r];
    return {last.values + last.count - values_of(r), values_of(r), features_of(r)};
}

std::span<const kernels::SparseView> SparseInput::rows(std::int64_t first, std::int64_t begin, std::int64_t end) const {
    return {rows_.data() + first / range * largest_batch_ + begin, static_cast<std::size_t>(end - begin)};
}

void SparseInput::turn(std::int64_t first) {
    const std::int64_t index = first / range, end = std::min(first + range, features_), apart = stride(batch_);
    std::int32_t* column_count = column_count_.data();
    float* column_values = columns_;
    auto* column_rows = reinterpret_cast<std::int32_t*>(columns_ + features_ * apart);
    std::fill(column_count + first, column_count + end, 0);
    for (std::int64_t g = 0; g < groups(); ++g) {
        kernels::SparseView* views = actives_.data() + g * features_;
        for (std::int64_t f = first; f < end; ++f) views[f].count = -column_count[f];
        for (std::int64_t r = g * group; r < std::min((g + 1) * group, batch_); ++r) {
            const kernels::SparseView& row = rows_[index * largest_batch_ + r];
            for (std::int64_t i = 0; i < row.count; ++i) {
                const std::int64_t f = row.places[i], at = f * apart + column_count[f]++;
                column_values[at] = row.values[i];
                column_rows[at] = static_cast<std::int32_t>(r);
            }
        }
        for (std::int64_t f = first; f < end; ++f) {
            const std::int64_t at = f * apart - views[f].count;
            views[f] = {column_count[f] + views[f].count, column_values + at, column_rows + at};
        }
    }
    // Features that no row has make room for the others.
    std::int64_t active = first;
    for (std::int64_t f = first; f < end; ++f) {
        if (column_count[f] == 0) continue;
        for (std::int64_t g = 0; g < groups(); ++g) actives_[g * features_ + active] = actives_[g * features_ + f];
        active_[active++] = static_cast<std::int32_t>(f);
    }
    active_count_[index] = static_cast<std::int32_t>(active - first);
}

std::span<const std::int32_t> SparseInput::active(std::int64_t first) const {
    return {active_.data() + first, static_cast<std::size_t>(active_count_[first / range])};
}

std::span<const kernels::SparseView> SparseInput::columns(std::int64_t first, std::int64_t index) const {
    return {actives_.data() + index * features_ + first, static_cast<std::size_t>(active_count_[first / range])};
}

}  // namespace evenkeel
