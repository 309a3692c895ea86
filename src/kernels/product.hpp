#pragma once

#include <cstdint>

namespace evenkeel::kernels {

// Matrix products of our own, for right factors [k, n] that are narrow enough to be read where they lie: with nothing copied, and
// with nobody looking at sizes before they begin, they are faster than a library's where layers are small.

constexpr std::int64_t widest_narrow = 128;

/// Whether n columns are narrow enough. (A single one has nothing to share: a library's product of matrix and vector is faster.)
constexpr bool is_narrow(std::int64_t n) {
    return n >= 2 && n <= widest_narrow;
}

/// z = x·w, row-major: x [m, k], w [k, n], z [m, n]. Each number of z is one sum in the order of k, whatever m
/// and n are.
void narrow_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* z);

/// The same for x in bytes that stand for floats, byte b for table[b]: the bits of narrow_product, whose x is table's. Faster than
/// that with its x still to be made where multiplies_bytes().
void bytes_product(std::int64_t m, std::int64_t n, std::int64_t k, const std::uint8_t* x, const float* table,
                   const float* w, float* z);
bool multiplies_bytes();

/// z = xᵀ·y of some columns of x: x [k, m] in rows that lie `pitch` numbers apart, y [k, n], z [m, n].
void narrow_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                     float* z);

/// z = z − rate·xᵀ·y, likewise, fused at the end.
void narrow_descent(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                    float rate, float* z);

}  // namespace evenkeel::kernels
