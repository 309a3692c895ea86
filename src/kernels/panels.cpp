#include "kernels/panels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/panels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

#include <algorithm>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

// Sums of rows_at_once × 2 vectors, what they multiply and one number of x fill the registers: 16, or 32 with AVX-512.
constexpr int rows_at_once = HWY_MAX_BYTES == 64 ? 12 : 6;

static_assert(32 % (2 * HWY_MAX_BYTES / sizeof(float)) == 0, "panels_floats leaves room for it");
HWY_INLINE std::int64_t lanes() {
    return static_cast<std::int64_t>(hn::Lanes(D()));
}
HWY_INLINE std::int64_t width() {
    return 2 * lanes();
}

// The first columns, in whole panels, that are read in W; those behind are copied.
HWY_INLINE std::int64_t columns_in_place(std::int64_t n) {
    return n <= widest_in_place ? n / width() * width() : 0;
}

// The last panel need not be wider than one vector.
HWY_INLINE std::int64_t width_of_rest(std::int64_t columns) {
    return columns <= lanes() ? lanes() : width();
}

void PackPanels(std::int64_t k, std::int64_t n, std::int64_t begin, std::int64_t end, const float* HWY_RESTRICT w,
                float* HWY_RESTRICT panels) {
    const D d;
    const std::int64_t first = columns_in_place(n), whole = n / width() * width(), rest = n - whole;
    float* last = panels + (whole - first) * k;
    for (std::int64_t i = begin; i < end; ++i) {
        const float* from = w + i * n;
        float* row = panels + i * width();
        for (std::int64_t c = first; c < whole; c += width(), row += width() * k) {
            hn::StoreU(hn::LoadU(d, from + c), d, row);
            hn::StoreU(hn::LoadU(d, from + c + lanes()), d, row + lanes());
        }
        if (rest == 0) continue;
        row = last + i * width_of_rest(rest);
        std::fill(std::copy_n(from + whole, rest, row), row + width_of_rest(rest), 0.0F);
    }
}

// Rows of kVectors vectors of columns, `pitch` numbers apart.
template <int kVectors>
struct Panel {
    const float* at;
    std::int64_t pitch;
};

// z = x [kRows, k] · one panel, rows of z n numbers apart.
template <int kRows, int kVectors>
HWY_INLINE void product_of_rows(Panel<kVectors> panel, std::int64_t n, std::int64_t k, const float* HWY_RESTRICT x,
                                float* HWY_RESTRICT z) {
    const D d;
    constexpr bool two = kVectors == 2;
    hn::Vec<D> left[kRows], right[kRows];
    for (int r = 0; r < kRows; ++r) left[r] = right[r] = hn::Zero(d);
    const float* HWY_RESTRICT w = panel.at;
    for (std::int64_t i = 0; i < k; ++i, w += panel.pitch) {
        const auto a = hn::LoadU(d, w), b = two ? hn::LoadU(d, w + lanes()) : a;
        for (int r = 0; r < kRows; ++r) {
            const auto value = hn::Set(d, x[r * k + i]);
            left[r] = hn::MulAdd(value, a, left[r]);
            if (two) right[r] = hn::MulAdd(value, b, right[r]);
        }
    }
    for (int r = 0; r < kRows; ++r, z += n) {
        hn::StoreU(left[r], d, z);
        if (two) hn::StoreU(right[r], d, z + lanes());
    }
}

// Calls product_of_rows<rows>, 1 ≤ rows ≤ rows_at_once.
template <int... kRows, class... Arguments>
HWY_INLINE void product_of(std::integer_sequence<int, kRows...>, std::int64_t rows, Arguments... arguments) {
    ((rows == kRows + 1 ? product_of_rows<kRows + 1>(arguments...) : void()), ...);
}

// A few rows of x stay in the first-level cache while all of W passes by; they are shared out evenly, as many sums hide the
// latency of multiply-add and few do not.
void PanelsProduct(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, const float* panels,
                   float* z) {
    constexpr std::make_integer_sequence<int, rows_at_once> up_to_rows_at_once;
    const std::int64_t in_place = columns_in_place(n), whole = n / width() * width();
    const std::int64_t groups = (m + rows_at_once - 1) / rows_at_once;
    for (std::int64_t g = 0; g < groups; ++g) {
        const std::int64_t first = m * g / groups, rows = m * (g + 1) / groups - first;
        const float* x_rows = x + first * k;
        float* z_rows = z + first * n;
        for (std::int64_t c = 0; c < whole; c += width()) {
            const Panel<2> panel = c < in_place ? Panel<2>{w + c, n} : Panel<2>{panels + (c - in_place) * k, width()};
            product_of(up_to_rows_at_once, rows, panel, n, k, x_rows, z_rows + c);
        }
        if (whole == n) continue;
        // The last panel's zeros are none of z's columns.
        float sums[rows_at_once * 2 * hn::MaxLanes(D())];
        const float* last = panels + (whole - in_place) * k;
        const std::int64_t wide = width_of_rest(n - whole);
        if (wide == lanes()) {
            product_of(up_to_rows_at_once, rows, Panel<1>{last, wide}, wide, k, x_rows, sums);
        } else {
            product_of(up_to_rows_at_once, rows, Panel<2>{last, wide}, wide, k, x_rows, sums);
        }
        for (std::int64_t r = 0; r < rows; ++r) {
            const float* from = sums + r * wide;
            float* to = z_rows + r * n + whole;
            for_columns(n - whole,
                        [=](auto d, std::int64_t c) HWY_ATTR { hn::StoreU(hn::LoadU(d, from + c), d, to + c); });
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

void panels_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, const float* panels,
                    float* z) {
    HWY_DYNAMIC_DISPATCH(PanelsProduct)(m, n, k, x, w, panels, z);
}

}  // namespace evenkeel::kernels
#endif
