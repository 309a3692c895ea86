#include "kernels/transpose.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/transpose.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/quarters-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// Lanes(d) rows at a time from row `begin` on, as long as there are so many. Says where it stopped.
template <class D>
HWY_INLINE std::int64_t transpose_rows(D d, std::int64_t begin, std::int64_t rows, std::int64_t columns,
                                       const float* HWY_RESTRICT x, std::int64_t x_pitch, float* HWY_RESTRICT out,
                                       std::int64_t out_pitch) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t r = begin;
    for (; r + lanes <= rows; r += lanes) {
        std::int64_t c = 0;
#if HWY_TARGET != HWY_SCALAR
        if constexpr (hn::MaxLanes(D()) >= 4) {
            for (; c + 4 <= columns; c += 4)
                transpose_quarters(d, x + r * x_pitch + c, x_pitch, out + c * out_pitch + r, out_pitch);
        }
#endif
        for (; c < columns; ++c)
            for (std::int64_t i = 0; i < lanes; ++i) out[c * out_pitch + r + i] = x[(r + i) * x_pitch + c];
    }
    return r;
}

void TransposeRows(std::int64_t rows, std::int64_t columns, const float* HWY_RESTRICT x, std::int64_t x_pitch,
                   float* HWY_RESTRICT out, std::int64_t out_pitch) {
    std::int64_t r = transpose_rows(hn::ScalableTag<float>(), 0, rows, columns, x, x_pitch, out, out_pitch);
    r = transpose_rows(hn::CappedTag<float, 4>(), r, rows, columns, x, x_pitch, out, out_pitch);
    transpose_rows(hn::CappedTag<float, 1>(), r, rows, columns, x, x_pitch, out, out_pitch);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(TransposeRows);

void transpose(std::int64_t rows, std::int64_t columns, const float* x, std::int64_t x_pitch, float* out,
               std::int64_t out_pitch) {
    HWY_DYNAMIC_DISPATCH(TransposeRows)(rows, columns, x, x_pitch, out, out_pitch);
}

}  // namespace evenkeel::kernels
#endif
