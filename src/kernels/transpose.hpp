#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// out[c·out_pitch + r] = x[r·x_pitch + c] for rows r < rows and columns c < columns.
void transpose(std::int64_t rows, std::int64_t columns, const float* x, std::int64_t x_pitch, float* out,
               std::int64_t out_pitch);

}  // namespace evenkeel::kernels
