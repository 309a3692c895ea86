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

/// Y = X·M, or Y += X·M, for X of `rows` sparse rows: y[r, j] = Σᵢ x[r].values[i]·matrix[x[r].places[i], j] for j in [0, n).
/// Rows of the matrix lie `stride` floats apart, those of y `y_stride`. Fastest where the rows of the matrix that x names stay
/// in the first-level cache from one row of x to the next.
void sparse_product(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                    Sums sums, float* y, std::int64_t y_stride);

/// Weights that go down a gradient: their row rows[r] is lessened by rate times the sums' row r.
struct Descent {
    float rate;
    const std::int32_t* rows;
    float* weights;
    std::int64_t stride;  ///< of the weights' rows, in floats
};

/// The same sums as a gradient that is nowhere written down: w[rows[r], j] ← w[rows[r], j] − rate·(begun[r, j] + Σᵢ …).
/// begun: what sparse_product made of the numbers before, [rows, n]; null: nothing. The bits are those of sparse_product and sgd.
void sparse_descent(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                    const float* begun, const Descent& descent);

}  // namespace evenkeel::kernels
