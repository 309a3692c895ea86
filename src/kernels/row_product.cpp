#include "kernels/row_product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/row_product.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Inputs are looked through in pieces, whose nonzero numbers and their rows of W fit on the stack and in L1.
constexpr std::int64_t piece = 512;

struct Nonzero {
    HWY_ALIGN float x[piece];
    HWY_ALIGN std::int32_t row[piece];
    std::int64_t count;
};

HWY_INLINE void find_nonzero(std::int64_t k, const float* HWY_RESTRICT x, Nonzero& found) {
    found.count = 0;
    for (std::int64_t i = 0; i < k; ++i) {
        found.x[found.count] = x[i];
        found.row[found.count] = static_cast<std::int32_t>(i);
        found.count += x[i] != 0.0F ? 1 : 0;  // a NaN is not zero
    }
}

// Columns [c, c + kVectors·lanes): their sums stay in registers.
template <int kVectors, class D>
HWY_INLINE void columns(D d, const Nonzero& found, std::int64_t n, const float* HWY_RESTRICT w, bool add,
                        float* HWY_RESTRICT y) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    hn::Vec<D> sums[kVectors];
    for (int v = 0; v < kVectors; ++v) sums[v] = add ? hn::LoadU(d, y + v * lanes) : hn::Zero(d);
    for (std::int64_t i = 0; i < found.count; ++i) {
        const auto x = hn::Set(d, found.x[i]);
        const float* row = w + found.row[i] * n;
        for (int v = 0; v < kVectors; ++v) sums[v] = hn::MulAdd(x, hn::LoadU(d, row + v * lanes), sums[v]);
    }
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[v], d, y + v * lanes);
}

void RowProduct(std::int64_t k, std::int64_t n, const float* HWY_RESTRICT x, const float* HWY_RESTRICT w,
                float* HWY_RESTRICT y) {
    const hn::ScalableTag<float> full;
    const hn::CappedTag<float, 4> quarter;
    const hn::CappedTag<float, 1> one;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(full)), few = static_cast<std::int64_t>(hn::Lanes(quarter));
    Nonzero found;
    for (std::int64_t first = 0; first < k || first == 0; first += piece) {
        const bool add = first > 0;
        find_nonzero(std::min(piece, k - first), x + first, found);
        const float* rows = w + first * n;
        std::int64_t c = 0;
        for (; c + 8 * lanes <= n; c += 8 * lanes) columns<8>(full, found, n, rows + c, add, y + c);
        for (; c + 4 * lanes <= n; c += 4 * lanes) columns<4>(full, found, n, rows + c, add, y + c);
        for (; c + lanes <= n; c += lanes) columns<1>(full, found, n, rows + c, add, y + c);
        for (; c + few <= n; c += few) columns<1>(quarter, found, n, rows + c, add, y + c);
        for (; c < n; ++c) columns<1>(one, found, n, rows + c, add, y + c);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(RowProduct);

void row_product(std::int64_t k, std::int64_t n, const float* x, const float* w, float* y) {
    HWY_DYNAMIC_DISPATCH(RowProduct)(k, n, x, w, y);
}

}  // namespace evenkeel::kernels
#endif
