#include "kernels/transpose.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/transpose.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

void TransposeRows(std::int64_t rows, std::int64_t columns, std::int64_t begin, std::int64_t end,
                   const float* HWY_RESTRICT x, float* HWY_RESTRICT out) {
    constexpr std::int64_t side = tile<float>;
    std::int64_t r = begin;
    for (; r + side <= end; r += side) {
        std::int64_t c = 0;
        for (; c + side <= columns; c += side) {
            const float* from = x + r * columns + c;
            transpose_tile([=](std::int64_t i) HWY_ATTR { return from + i * columns; }, out + c * rows + r, rows);
        }
        for (; c < columns; ++c) {
            for (std::int64_t i = 0; i < side; ++i) out[c * rows + r + i] = x[(r + i) * columns + c];
        }
    }
    for (; r < end; ++r) {
        for (std::int64_t c = 0; c < columns; ++c) out[c * rows + r] = x[r * columns + c];
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(TransposeRows);

void transpose(std::int64_t rows, std::int64_t columns, std::int64_t begin, std::int64_t end, const float* x,
               float* out) {
    HWY_DYNAMIC_DISPATCH(TransposeRows)(rows, columns, begin, end, x, out);
}

}  // namespace evenkeel::kernels
#endif
