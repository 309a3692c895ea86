#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// A product reads W [k, n] in panels: a few columns, as many as sums stay in registers, one row behind the other, again for
/// every few rows of x. Rows of W up to this many columns are near enough to each other to be read where they lie (measured on
/// Zen 5); wider ones are copied, for which many rows must pay, and so are columns that are left where whole panels end.
constexpr std::int64_t widest_in_place = 128;

/// Room for the copies, enough for any instruction set: a panel's columns divide 32.
constexpr std::int64_t panels_floats(std::int64_t k, std::int64_t n) {
    return ((n <= widest_in_place ? n % 32 : n) + 31) / 32 * 32 * k;
}

/// Copies rows [begin, end) of W as far as the product does not read them in W.
void pack_panels(std::int64_t k, std::int64_t n, std::int64_t begin, std::int64_t end, const float* w, float* panels);

/// z = x·W, row-major: x [m, k], z [m, n], W and its copies. Each number of z is one sum in the order of k, whatever m and n are.
void panels_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, const float* panels,
                    float* z);

}  // namespace evenkeel::kernels
