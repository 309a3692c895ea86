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
      counts_(largest_blocks),
      rows_(ranges_ * largest_batch),
      active_(columns != nullptr ? features : 0),
      actives_(columns != nullptr ? group_count(largest_batch) * features : 0),
      active_count_(ranges_) {
    static_assert(range <= kernels::most_places && group <= kernels::most_places);
}

std::uint8_t* SparseInput::places_behind(float* values, std::int64_t numbers) {
    return reinterpret_cast<std::uint8_t*>(values + floats_of(numbers) / 5 * 4);
}

void SparseInput::look(const kernels::GatherSource& source, const Block& block) {
    kernels::prefetch_rows(source, block.begin, std::min(block.begin + kernels::rows_ahead, block.end));
    std::int64_t numbers = 0;
    for (std::int64_t r = block.begin; r < block.end; ++r) {
        const std::int64_t ahead = r + kernels::rows_ahead;
        if (ahead < block.end) kernels::prefetch_rows(source, ahead, ahead + 1);
        float* values = room_ + r * row_floats(features_);
        numbers += kernels::squeeze_row(source, r, range, values, places_behind(values, features_), rows_.data() + r,
                                        largest_batch_);
        if (tells_of_dense_rows(r - block.begin + 1, numbers, features_)) {
            counts_[block.index] = -1;
            return;
        }
    }
    counts_[block.index] = numbers;
}

void SparseInput::finish(const kernels::GatherSource& source, std::int64_t rows, std::int64_t blocks) {
    source_ = source;
    batch_ = rows;
    std::fill_n(active_count_.data(), ranges_, -1);
    const std::span<const std::int64_t> numbers(counts_.data(), static_cast<std::size_t>(blocks));
    on_ = std::find(numbers.begin(), numbers.end(), -1) == numbers.end() &&
          price * std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0}) <= rows * features_;
}

std::span<const float> SparseInput::numbers(std::int64_t r) const {
    const kernels::SparseView &first = rows_[r], &last = rows_[(ranges_ - 1) * largest_batch_ + r];
    return {first.values, last.values + last.count};
}

std::span<const kernels::SparseView> SparseInput::rows(std::int64_t first, std::int64_t begin, std::int64_t end) const {
    return {rows_.data() + first / range * largest_batch_ + begin, static_cast<std::size_t>(end - begin)};
}

void SparseInput::turn(std::int64_t first) {
    if (active_count_[first / range] >= 0) return;
    const std::int64_t end = std::min(first + range, features_);
    float* values = columns_ + first / range * floats_of(range * largest_batch_);
    std::uint8_t* places = places_behind(values, range * largest_batch_);
    for (std::int64_t g = 0; g < groups(); ++g) {
        const std::int64_t numbers =
            kernels::squeeze_columns(source_, first, end, g * group, std::min((g + 1) * group, batch_), values, places,
                                     actives_.data() + g * features_ + first);
        values += numbers;
        places += numbers;
    }
    // Features that no row has make room for the others.
    std::int64_t active = first;
    for (std::int64_t f = first; f < end; ++f) {
        std::int64_t numbers = 0;
        for (std::int64_t g = 0; g < groups(); ++g) {
            const kernels::SparseView column = actives_[g * features_ + f];
            numbers += column.count;
            actives_[g * features_ + active] = column;
        }
        active_[active] = static_cast<std::int32_t>(f);
        active += numbers > 0 ? 1 : 0;
    }
    active_count_[first / range] = static_cast<std::int32_t>(active - first);
}

std::span<const std::int32_t> SparseInput::active(std::int64_t first) const {
    return {active_.data() + first, static_cast<std::size_t>(active_count_[first / range])};
}

std::span<const kernels::SparseView> SparseInput::columns(std::int64_t first, std::int64_t index) const {
    return {actives_.data() + index * features_ + first, static_cast<std::size_t>(active_count_[first / range])};
}

}  // namespace evenkeel
