#include "plan/sparse_input.hpp"

#include <algorithm>
#include <numeric>

namespace evenkeel {
namespace {

// Where up to three quarters of all products are left, leaving out the others is faster than a dense product.
bool is_sparse(std::int64_t threes, std::int64_t rows, std::int64_t features) {
    return 4 * kernels::features_of_three * threes <= 3 * rows * features;
}

}  // namespace

kernels::TurnedRows SparseInput::turn_of(const kernels::GatherSource& source) {
    kernels::TurnedRows turned{.features = features_, .masks = masks_.data()};
    if (source.scale != nullptr) turned.scale = source.scale[0];
    if (source.bytes != nullptr) {
        turned.bytes = reinterpret_cast<std::uint8_t*>(room_);
    } else {
        turned.floats = room_;
    }
    return turned;
}

// One row with hardly a zero tells what the others are like, and so does a tile: then no time goes into turning those.
void SparseInput::look(const kernels::GatherSource& source, const Block& block) {
    const kernels::TurnedRows turned = turn_of(source);
    counts_[block.index] = -1;
    if (4 * kernels::count_nonzeros(source, block.begin) > 3 * features_) return;
    kernels::prefetch_rows(source, block.begin, std::min(block.begin + kernels::rows_of_tile, block.end));
    std::int64_t threes = 0;
    for (std::int64_t r = block.begin; r < block.end; r += kernels::rows_of_tile) {
        const std::int64_t next = std::min(r + kernels::rows_of_tile, block.end);
        kernels::prefetch_rows(source, next, std::min(next + kernels::rows_of_tile, block.end));
        threes += kernels::turn_tile(source, block.end, r / kernels::rows_of_tile, turned);
        if (!is_sparse(threes, next - block.begin, features_)) return;
    }
    counts_[block.index] = threes;
}

void SparseInput::finish(const kernels::GatherSource& source, std::int64_t rows, std::int64_t blocks, bool training) {
    turned_ = turn_of(source);
    const std::span<const std::int64_t> counts(counts_.data(), static_cast<std::size_t>(blocks));
    on_ = std::find(counts.begin(), counts.end(), -1) == counts.end() &&
          is_sparse(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), rows, features_);
    if (on_ || training || !may_stay_bytes() || source.bytes == nullptr || source.rows != nullptr) return;
    bytes_ = source.bytes + source.first_row * features_;
    for (std::int64_t b = 0; b < table_.size(); ++b) table_[b] = static_cast<float>(b) * turned_.scale;
}

std::span<const float> SparseInput::numbers(const Block& block) const {
    return {turned_.floats + block.begin / kernels::rows_of_tile * tile_floats(features_),
            static_cast<std::size_t>(kernels::tiles_of(block.rows()) * tile_floats(features_))};
}

}  // namespace evenkeel
