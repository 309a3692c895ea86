#include "kernels/product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/product.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// A few rows of x stay in the first-level cache while all of w passes by, two vectors of columns at a time.
template <Lies kLies, class Finish>
HWY_INLINE void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Factor<kLies> x, const float* w, Finish finish,
                         float* z) {
    using Full = hn::ScalableTag<float>;
    using Quarter = hn::CappedTag<float, 4>;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Full())),
               few = static_cast<std::int64_t>(hn::Lanes(Quarter()));
    for_groups(m, [=](std::int64_t first, std::int64_t rows) HWY_ATTR {
        const Factor<kLies> some{x.at + (kLies == Lies::turned ? first : first * x.pitch), x.pitch};
        float* to = z + first * n;
        std::int64_t c = 0;
        for (; c + 2 * lanes <= n; c += 2 * lanes)
            product_of(rows, Columns<2, Full>{w + c, n}, n, k, some, finish, to + c);
        for (; c + lanes <= n; c += lanes) product_of(rows, Columns<1, Full>{w + c, n}, n, k, some, finish, to + c);
        for (; c < n; c += few) product_of(rows, Columns<1, Quarter>{w + c, n}, n, k, some, finish, to + c);
    });
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
