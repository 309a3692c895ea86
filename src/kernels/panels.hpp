#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// Room for the panels of a W [k, n], enough for any instruction set: a panel's columns divide 32.
constexpr std::int64_t panels_floats(std::int64_t k, std::int64_t n) {
    return (n + 31) / 32 * 32 * k;
}

/// Copies rows [begin, end) of W [k, n] into panels: a few columns, as many as sums stay in registers, one row behind the other.
/// A product then reads W in the order in which it lies, again for every few rows of x. Many rows must use it to pay for the copy;
/// where `is_narrow(n)` (kernels/product.hpp), W is read as fast where it lies.
void pack_panels(std::int64_t k, std::int64_t n, std::int64_t begin, std::int64_t end, const float* w, float* panels);

/// z = x·W, row-major: x [m, k], z [m, n], W in panels. Each number of z is one sum in the order of k, whatever m and n are.
void panels_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* panels, float* z);

}  // namespace evenkeel::kernels
