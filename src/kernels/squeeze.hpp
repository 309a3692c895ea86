#pragma once

#include <cstdint>

#include "kernels/gather.hpp"
#include "kernels/sparse.hpp"

namespace evenkeel::kernels {

/// What follows leaves zeros out; a NaN is not zero. Values and places lie one behind another; of both there is room for all
/// numbers, were none of them zero, and for squeeze_margin more: a vector may write there. Of a batch's source, `scale` must be the
/// same for all features, and `subtract` and `offset` are not read.
inline constexpr std::int64_t squeeze_margin = 64;

/// The numbers of x[0, n), n ≤ most_places, that are not zero. Returns how many they are.
std::int64_t squeeze(std::int64_t n, const float* x, float* values, std::uint8_t* places);

/// Batch row r, scaled, in ranges of `range` ≤ most_places features: at views[k · apart] what range k has, its places counted from
/// the range's first feature. Returns how many numbers the row has.
std::int64_t squeeze_row(const GatherSource& source, std::int64_t r, std::int64_t range, float* values,
                         std::uint8_t* places, SparseView* views, std::int64_t apart);

/// Features [first, end) of batch rows [begin, rows_end), at most most_places rows, turned: at views[f − first] the numbers of
/// feature f, scaled, their places counted from row `begin`. Returns how many numbers they have together.
std::int64_t squeeze_columns(const GatherSource& source, std::int64_t first, std::int64_t end, std::int64_t begin,
                             std::int64_t rows_end, float* values, std::uint8_t* places, SparseView* views);

}  // namespace evenkeel::kernels
