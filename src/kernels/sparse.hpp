#pragma once

#include <cstdint>

#include "kernels/gather.hpp"

namespace evenkeel::kernels {

/// Numbers that are not zero, and where they stand: the rest of a row (or column) is zero.
struct SparseView {
    std::int64_t count = 0;
    const float* values = nullptr;         ///< [count]
    const std::int32_t* places = nullptr;  ///< [count], ascending
};

/// Room that compress_row needs behind its numbers: its last vector may write there.
inline constexpr std::int64_t compress_margin = 16;

/// Batch row r, scaled, without its zeros, in ranges of `range` features: at views[k · apart] what range k has. The numbers and
/// their features lie one behind another from `values` and `features` on, with room for all features and compress_margin more.
/// Returns how many they are. Scales only: `subtract` and `offset` are not read. A NaN is not zero.
std::int64_t compress_row(const GatherSource& source, std::int64_t r, std::int64_t range, float* values,
                          std::int32_t* features, SparseView* views, std::int64_t apart);

/// Whether a product's sums begin at zero or at what is there already.
enum class Sums { begin, go_on };

/// Y = X·M, or Y += X·M, for X of `rows` sparse rows: y[r, j] = Σᵢ x[r].values[i]·matrix[x[r].places[i], j] for j in [0, n).
/// Rows of the matrix lie `stride` floats apart, those of y `y_stride`. Fastest where the rows of the matrix that x names stay
/// in the first-level cache from one row of x to the next.
void sparse_product(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                    Sums sums, float* y, std::int64_t y_stride);

/// Weights that go down a gradient: row places[r] of them is lessened by rate times the sums' row r.
struct Descent {
    float rate;
    const std::int32_t* places;
    float* weights;
    std::int64_t stride;  ///< of the weights' rows, in floats
};

/// The same sums as a gradient that is nowhere written down: w[places[r], j] ← w[places[r], j] − rate·(begun[r, j] + Σᵢ …).
/// begun: what sparse_product made of the numbers before, [rows, n]; null: nothing. The bits are those of sparse_product and sgd.
void sparse_descent(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                    const float* begun, const Descent& descent);

}  // namespace evenkeel::kernels
