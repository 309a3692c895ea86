#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// So few rows are multiplied one by one: a matrix product has nothing to reuse yet.
inline constexpr std::int64_t most_single_rows = 4;

/// y = x·W of one row: x [k], W [k, n] row-major, y [n]. Rows of W whose x is zero are not read (pixels outside of the digit,
/// units that a ReLU switched off).
void row_product(std::int64_t k, std::int64_t n, const float* x, const float* w, float* y);

}  // namespace evenkeel::kernels
