#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// x[r, c] += bias[c]. x [rows, columns].
void add_bias(std::int64_t rows, std::int64_t columns, const float* bias, float* x);

/// sums[c] = Σ_r x[r, c], float sums of 64 rows at a time added in that order.
void column_sums(std::int64_t rows, std::int64_t columns, const float* x, float* sums);

/// x[r, c] = x[r, c]·scale[c] + offset[c].
void scale_columns(std::int64_t rows, std::int64_t columns, const float* scale, const float* offset, const float* x,
                   float* y);

/// True when all n values are finite.
bool all_finite(std::int64_t n, const float* x);

}  // namespace evenkeel::kernels
