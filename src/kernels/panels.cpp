#include "kernels/panels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/panels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"
#include "kernels/product-inl.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

static_assert(32 % (2 * HWY_MAX_BYTES / sizeof(float)) == 0, "panels_floats leaves room for it");
HWY_INLINE std::int64_t lanes() {
    return static_cast<std::int64_t>(hn::Lanes(D()));
}
HWY_INLINE std::int64_t width() {
    return 2 * lanes();
}

// The last panel need not be wider than one vector.
HWY_INLINE std::int64_t width_of_rest(std::int64_t columns) {
    return columns <= lanes() ? lanes() : width();
}

void PackPanels(std::int64_t k, std::int64_t n, std::int64_t begin, std::int64_t end, const float* HWY_RESTRICT w,
                float* HWY_RESTRICT panels) {
    const D d;
    const std::int64_t whole = n / width() * width(), rest = n - whole;
    float* last = panels + whole * k;
    for (std::int64_t i = begin; i < end; ++i) {
        const float* from = w + i * n;
        float* row = panels + i * width();
        for (std::int64_t c = 0; c < whole; c += width(), row += width() * k) {
            hn::StoreU(hn::LoadU(d, from + c), d, row);
            hn::StoreU(hn::LoadU(d, from + c + lanes()), d, row + lanes());
        }
        if (rest == 0) continue;
        row = last + i * width_of_rest(rest);
        std::fill(std::copy_n(from + whole, rest, row), row + width_of_rest(rest), 0.0F);
    }
}

// A few rows of x stay in the first-level cache while all of W passes by.
void PanelsProduct(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* panels, float* z) {
    const std::int64_t whole = n / width() * width();
    for_groups(m, [=](std::int64_t first, std::int64_t rows) HWY_ATTR {
        const Factor<Lies::in_rows> some{x + first * k, k};
        float* to = z + first * n;
        for (std::int64_t c = 0; c < whole; c += width()) {
            product_of(rows, Columns<2>{panels + c * k, width()}, n, k, some, Write(), to + c);
        }
        if (whole == n) return;
        // The last panel's zeros are none of z's columns.
        float sums[rows_at_once * 2 * hn::MaxLanes(D())];
        const float* last = panels + whole * k;
        const std::int64_t wide = width_of_rest(n - whole);
        if (wide == lanes()) {
            product_of(rows, Columns<1>{last, wide}, wide, k, some, Write(), sums);
        } else {
            product_of(rows, Columns<2>{last, wide}, wide, k, some, Write(), sums);
        }
        for (std::int64_t r = 0; r < rows; ++r) {
            const float* from = sums + r * wide;
            float* behind = to + r * n + whole;
            for_columns(n - whole,
                        [=](auto d, std::int64_t c) HWY_ATTR { hn::StoreU(hn::LoadU(d, from + c), d, behind + c); });
        }
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(PackPanels);
HWY_EXPORT(PanelsProduct);

void pack_panels(std::int64_t k, std::int64_t n, std::int64_t begin, std::int64_t end, const float* w, float* panels) {
    HWY_DYNAMIC_DISPATCH(PackPanels)(k, n, begin, end, w, panels);
}

void panels_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* panels, float* z) {
    HWY_DYNAMIC_DISPATCH(PanelsProduct)(m, n, k, x, panels, z);
}

}  // namespace evenkeel::kernels
#endif
