#pragma once

// Arithmetic and no memory: what kernels that are bound by arithmetic are compared with, as streams.hpp is for the others.

#include <cstdint>

namespace evenkeel::kernels {

/// At least n multiply-adds of floats, all in registers and as many at a time as the processor can have under way. Returns a sum
/// that nobody wants, so that they are not left out.
float multiply_adds(std::int64_t n);

}  // namespace evenkeel::kernels
