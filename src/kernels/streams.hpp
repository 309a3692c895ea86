#pragma once

// Plain streams over memory, with next to no arithmetic: what kernels that are bound by memory are compared with.

#include <cstdint>

#include "kernels/batch_normalization.hpp"

namespace evenkeel::kernels {

/// Reads x [n] and returns a sum that nobody wants, so that the reading is not left out.
float read_stream(std::int64_t n, const float* x);

/// Reads both.
float read_streams(std::int64_t n, const float* x, const float* y);

/// y = x; past the caches, where y begins on a vector's boundary, as one stream or as `halves`, two that take turns.
void copy_stream(std::int64_t n, const float* x, float* y, Place place, bool halves);

/// z = x + y. z and `halves` as above.
void add_streams(std::int64_t n, const float* x, const float* y, float* z, Place place, bool halves);

}  // namespace evenkeel::kernels
