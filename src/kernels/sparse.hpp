#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// Places are bytes: numbers stand in a range of at most so many.
inline constexpr std::int64_t most_places = 256;

/// Numbers that are not zero, and where they stand in their range: the rest of it is zero.
struct SparseView {
    std::int64_t count = 0;
    const float* values = nullptr;         ///< [count]
    const std::uint8_t* places = nullptr;  ///< [count], ascending
};

/// Whether a product's sums begin at zero or at what is there already.
enum class Sums { begin, go_on };

/// y = x·M, or y += x·M: y[j] = Σᵢ x.values[i]·matrix[x.places[i], j] for j in [0, n). Rows of the matrix lie `stride` floats apart.
void sparse_product(const SparseView& x, std::int64_t n, const float* matrix, std::int64_t stride, Sums sums, float* y);

}  // namespace evenkeel::kernels
