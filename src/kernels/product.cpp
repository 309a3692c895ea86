#include "kernels/product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// Fewer columns than a vector has numbers. (A function of its own, as those below: what a caller keeps in registers would push sums
// out of them.)
template <class X, class Finish>
HWY_NOINLINE void multiply_few(std::int64_t m, std::int64_t n, std::int64_t k, X x, const float* w,
                               std::int64_t columns, Finish finish, float* z) {
    const FewColumns few{w, n, columns};
    for_groups(m, [=](std::int64_t first, std::int64_t rows)
                      HWY_ATTR { product_of(rows, few, n, k, x.from_row(first), finish, z + first * n); });
}

#if HWY_TARGET != HWY_SCALAR
// Four columns of as many rows as fill vectors. Says how many these are.
template <class Finish>
HWY_NOINLINE std::int64_t multiply_four(std::int64_t m, std::int64_t n, std::int64_t k, Factor<Lies::in_rows> x,
                                        const float* w, Finish finish, float* z) {
    constexpr std::int64_t rows = rows_of_quarters<hn::ScalableTag<float>>;
    if (k % 4 != 0) return 0;
    for_groups<quarters_at_once>(m / rows, [=](std::int64_t first, std::int64_t vectors) HWY_ATTR {
        for_number<quarters_at_once>(vectors, [=](auto number) HWY_ATTR {
            product_of_quarters<number()>(w, n, k, x.from_row(first * rows), finish, z + first * rows * n);
        });
    });
    return m / rows * rows;
}

template <class Finish>
HWY_NOINLINE std::int64_t multiply_four(std::int64_t m, std::int64_t n, std::int64_t k, Factor<Lies::turned> x,
                                        const float* w, Finish finish, float* z) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
    if (m < lanes) return 0;
    for_groups<rows_of_four_at_once>((m + lanes - 1) / lanes, [=](std::int64_t first, std::int64_t vectors) HWY_ATTR {
        for_number<rows_of_four_at_once>(
            vectors, [=](auto number) HWY_ATTR { product_of_four_columns<number()>(first, m, w, n, k, x, finish, z); });
    });
    return m;
}

template <class Finish>
HWY_INLINE std::int64_t multiply_four(std::int64_t, std::int64_t, std::int64_t, Bytes, const float*, Finish, float*) {
    return 0;
}
#endif

// Whole vectors of columns of a few rows, which stay in the first-level cache while all of w passes by, two vectors at a time.
template <class X, class Finish>
HWY_NOINLINE void multiply_rows(std::int64_t rows, std::int64_t n, std::int64_t k, X x, const float* w, Finish finish,
                                float* z) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
    std::int64_t c = 0;
    for (; c + 2 * lanes <= n; c += 2 * lanes) product_of(rows, Columns<2>{w + c, n}, n, k, x, finish, z + c);
    if (c + lanes <= n) product_of(rows, Columns<1>{w + c, n}, n, k, x, finish, z + c);
}

template <class X, class Finish>
HWY_INLINE void multiply(std::int64_t m, std::int64_t n, std::int64_t k, X x, const float* w, Finish finish, float* z) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
    const std::int64_t whole = n / lanes * lanes, rest = n - whole;
    if (whole > 0) {
        for_groups(m, [=](std::int64_t first, std::int64_t rows)
                          HWY_ATTR { multiply_rows(rows, n, k, x.from_row(first), w, finish, z + first * n); });
    }
    if (rest == 0) return;
    std::int64_t done = 0;
#if HWY_TARGET != HWY_SCALAR
    if (rest == 4) done = multiply_four(m, n, k, x, w + whole, finish, z + whole);
#endif
    multiply_few(m - done, n, k, x.from_row(done), w + whole, rest, finish, z + done * n + whole);
}

void NarrowProduct(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* z) {
    multiply(m, n, k, Factor<Lies::in_rows>{x, k}, w, Write(), z);
}

void BytesProduct(std::int64_t m, std::int64_t n, std::int64_t k, const std::uint8_t* x, const float* table,
                  const float* w, float* z) {
    multiply(m, n, k, Bytes{x, k, table}, w, Write(), z);
}

// Sums of twelve rows and what they multiply need more than sixteen registers.
bool MultipliesBytes() {
    return HWY_MAX_BYTES == 64;
}

void NarrowGradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                    float* z) {
    multiply(m, n, k, Factor<Lies::turned>{x, pitch}, y, Write(), z);
}

void NarrowDescent(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                   float rate, float* z) {
    multiply(m, n, k, Factor<Lies::turned>{x, pitch}, y, Descend{&rate}, z);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(NarrowProduct);
HWY_EXPORT(BytesProduct);
HWY_EXPORT(MultipliesBytes);
HWY_EXPORT(NarrowGradient);
HWY_EXPORT(NarrowDescent);

void narrow_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* z) {
    HWY_DYNAMIC_DISPATCH(NarrowProduct)(m, n, k, x, w, z);
}

bool multiplies_bytes() {
    return HWY_DYNAMIC_DISPATCH(MultipliesBytes)();
}

void bytes_product(std::int64_t m, std::int64_t n, std::int64_t k, const std::uint8_t* x, const float* table,
                   const float* w, float* z) {
    HWY_DYNAMIC_DISPATCH(BytesProduct)(m, n, k, x, table, w, z);
}

void narrow_gradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                     float* z) {
    HWY_DYNAMIC_DISPATCH(NarrowGradient)(m, n, k, x, pitch, y, z);
}

void narrow_descent(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                    float rate, float* z) {
    HWY_DYNAMIC_DISPATCH(NarrowDescent)(m, n, k, x, pitch, y, rate, z);
}

}  // namespace evenkeel::kernels
#endif
