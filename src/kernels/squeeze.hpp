#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// Of values and places there is room for n and for squeeze_margin more: a vector may write there.
inline constexpr std::int64_t squeeze_margin = 8;

/// The numbers of x[0, n), n ≤ 256, that are not zero, and where they stand; a NaN is not zero. Returns how many they are.
std::int64_t squeeze(std::int64_t n, const float* x, float* values, std::uint8_t* places);

}  // namespace evenkeel::kernels
