#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// out[c·rows + r] = x[r·columns + c] for rows r in [begin, end) of x [rows, columns].
void transpose(std::int64_t rows, std::int64_t columns, std::int64_t begin, std::int64_t end, const float* x,
               float* out);

}  // namespace evenkeel::kernels
