#include "kernels/product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// Four columns.
template <Lies kLies, class Finish>
HWY_INLINE void multiply_quarter(std::int64_t m, std::int64_t n, std::int64_t k, Factor<kLies> x, const float* w,
                                 Finish finish, float* z) {
    std::int64_t done = 0;
#if HWY_TARGET != HWY_SCALAR
    constexpr std::int64_t rows = rows_of_quarters<hn::ScalableTag<float>>;
    constexpr std::int64_t rows_read = kLies == Lies::turned ? 4 : rows;  // by the last vector
    if (m >= rows_read && (kLies == Lies::turned || k % 4 == 0)) {
        const std::int64_t all = (m - rows_read) / rows + 1;
        for_groups<quarters_at_once>(all, [=](std::int64_t first, std::int64_t vectors) HWY_ATTR {
            product_of_quarters(vectors, w, n, k, x.from_row(first * rows), finish, z + first * rows * n);
        });
        done = all * rows;
    }
#endif
    const Columns<1, hn::CappedTag<float, 4>> columns{w, n};
    for_groups(m - done, [=](std::int64_t first, std::int64_t rows) HWY_ATTR {
        product_of(rows, columns, n, k, x.from_row(done + first), finish, z + (done + first) * n);
    });
}

// A few rows of x stay in the first-level cache while all of w passes by, two vectors of columns at a time.
template <Lies kLies, class Finish>
HWY_INLINE void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Factor<kLies> x, const float* w, Finish finish,
                         float* z) {
    using Full = hn::ScalableTag<float>;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Full()));
    for_groups(m, [=](std::int64_t first, std::int64_t rows) HWY_ATTR {
        const Factor<kLies> some = x.from_row(first);
        float* to = z + first * n;
        std::int64_t c = 0;
        for (; c + 2 * lanes <= n; c += 2 * lanes)
            product_of(rows, Columns<2, Full>{w + c, n}, n, k, some, finish, to + c);
        for (; c + lanes <= n; c += lanes) product_of(rows, Columns<1, Full>{w + c, n}, n, k, some, finish, to + c);
    });
    for (std::int64_t c = n / lanes * lanes; c < n; c += 4) multiply_quarter(m, n, k, x, w + c, finish, z + c);
}

void NarrowProduct(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* z) {
    multiply(m, n, k, Factor<Lies::in_rows>{x, k}, w, Write(), z);
}

void NarrowGradient(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                    float* z) {
    multiply(m, n, k, Factor<Lies::turned>{x, pitch}, y, Write(), z);
}

void NarrowDescent(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t pitch, const float* y,
                   float rate, float* z) {
    multiply(m, n, k, Factor<Lies::turned>{x, pitch}, y, Descend{rate}, z);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(NarrowProduct);
HWY_EXPORT(NarrowGradient);
HWY_EXPORT(NarrowDescent);

void narrow_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* z) {
    HWY_DYNAMIC_DISPATCH(NarrowProduct)(m, n, k, x, w, z);
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
