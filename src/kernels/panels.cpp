#include "kernels/panels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/panels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

// Sums of rows_at_once × 2 vectors, what they multiply and one number of x fill the registers: 16, or 32 with AVX-512.
constexpr int rows_at_once = HWY_MAX_BYTES == 64 ? 12 : 6;

static_assert(2 * HWY_MAX_BYTES / sizeof(float) <= 32, "panels_floats leaves room for it");
HWY_INLINE std::int64_t width() {
    return 2 * static_cast<std::int64_t>(hn::Lanes(D()));
}

void PackPanels(std::int64_t k, std::int64_t n, std::int64_t begin, std::int64_t end, const float* HWY_RESTRICT w,
                float* HWY_RESTRICT panels) {
    const D d;
    const std::int64_t lanes = width() / 2, whole = n / width() * width();
    for (std::int64_t i = begin; i < end; ++i) {
        float* row = panels + i * width();
        for (std::int64_t c = 0; c < whole; c += width(), row += width() * k) {
            hn::StoreU(hn::LoadU(d, w + i * n + c), d, row);
            hn::StoreU(hn::LoadU(d, w + i * n + c + lanes), d, row + lanes);
        }
        if (whole < n) std::fill(std::copy_n(w + i * n + whole, n - whole, row), row + width(), 0.0F);
    }
}

// z [kRows, columns] = x [kRows, k] · one panel.
template <int kRows>
HWY_INLINE void product_of_rows(std::int64_t k, std::int64_t columns, std::int64_t n, const float* HWY_RESTRICT x,
                                const float* HWY_RESTRICT panel, float* HWY_RESTRICT z) {
    const D d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    hn::Vec<D> left[kRows], right[kRows];
    for (int r = 0; r < kRows; ++r) left[r] = right[r] = hn::Zero(d);
    for (std::int64_t i = 0; i < k; ++i, panel += 2 * lanes) {
        const auto a = hn::LoadU(d, panel), b = hn::LoadU(d, panel + lanes);
        for (int r = 0; r < kRows; ++r) {
            const auto value = hn::Set(d, x[r * k + i]);
            left[r] = hn::MulAdd(value, a, left[r]);
            right[r] = hn::MulAdd(value, b, right[r]);
        }
    }
    for (int r = 0; r < kRows; ++r, z += n) {
        if (columns == 2 * lanes) {
            hn::StoreU(left[r], d, z);
            hn::StoreU(right[r], d, z + lanes);
        } else {  // the last panel's zeros are none of z's columns
            float sums[2 * hn::MaxLanes(D())];
            hn::StoreU(left[r], d, sums);
            hn::StoreU(right[r], d, sums + lanes);
            std::copy_n(sums, columns, z);
        }
    }
}

// Calls product_of_rows<rows>, 1 ≤ rows ≤ rows_at_once.
template <int... kRows, class... Arguments>
HWY_INLINE void product_of(std::integer_sequence<int, kRows...>, std::int64_t rows, Arguments... arguments) {
    ((rows == kRows + 1 ? product_of_rows<kRows + 1>(arguments...) : void()), ...);
}

// A few rows of x stay in the first-level cache while all of W passes by; they are shared out evenly, as many sums hide the
// latency of multiply-add and few do not.
void PanelsProduct(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* panels, float* z) {
    const std::int64_t groups = (m + rows_at_once - 1) / rows_at_once;
    for (std::int64_t g = 0; g < groups; ++g) {
        const std::int64_t first = m * g / groups, rows = m * (g + 1) / groups - first;
        for (std::int64_t c = 0; c < n; c += width()) {
            product_of(std::make_integer_sequence<int, rows_at_once>(), rows, k, std::min(width(), n - c), n,
                       x + first * k, panels + c * k, z + first * n + c);
        }
    }
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
