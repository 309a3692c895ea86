#include "kernels/columns.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/columns.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

void AddBias(std::int64_t rows, std::int64_t columns, const float* bias, float* x) {
    for_columns(columns, [&](auto d, std::int64_t c) HWY_ATTR {
        const auto b = hn::LoadU(d, bias + c);
        for (std::int64_t r = 0; r < rows; ++r) {
            float* at = x + r * columns + c;
            hn::StoreU(hn::Add(hn::LoadU(d, at), b), d, at);
        }
    });
}

void ColumnSums(std::int64_t rows, std::int64_t columns, const float* x, float* sums) {
    for_columns(columns, [&](auto d, std::int64_t c) HWY_ATTR {
        auto total = hn::Zero(d);
        for (std::int64_t first = 0; first < rows; first += 64) {
            auto sum = hn::Zero(d);
            for (std::int64_t r = first; r < std::min(first + 64, rows); ++r) {
                sum = hn::Add(sum, hn::LoadU(d, x + r * columns + c));
            }
            total = hn::Add(total, sum);
        }
        hn::StoreU(total, d, sums + c);
    });
}

void ScaleColumns(std::int64_t rows, std::int64_t columns, const float* scale, const float* offset, const float* x,
                  float* y) {
    for_columns(columns, [&](auto d, std::int64_t c) HWY_ATTR {
        const auto s = hn::LoadU(d, scale + c), b = hn::LoadU(d, offset + c);
        for (std::int64_t r = 0; r < rows; ++r) {
            const std::int64_t i = r * columns + c;
            hn::StoreU(hn::Add(hn::Mul(hn::LoadU(d, x + i), s), b), d, y + i);
        }
    });
}

// x·0 is 0 for a finite x and NaN otherwise; a sum of them is 0 only where all are finite.
bool AllFinite(std::int64_t n, const float* x) {
    float sum = 0;
    const hn::ScalableTag<float> full;
    auto sums = hn::Zero(full);
    std::int64_t i = 0;
    for (const auto step = static_cast<std::int64_t>(hn::Lanes(full)); i + step <= n; i += step) {
        sums = hn::MulAdd(hn::LoadU(full, x + i), hn::Zero(full), sums);
    }
    for (; i < n; ++i) sum += x[i] * 0.0F;
    return sum + hn::GetLane(hn::SumOfLanes(full, sums)) == 0.0F;
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(AddBias);
HWY_EXPORT(ColumnSums);
HWY_EXPORT(ScaleColumns);
HWY_EXPORT(AllFinite);

void add_bias(std::int64_t rows, std::int64_t columns, const float* bias, float* x) {
    HWY_DYNAMIC_DISPATCH(AddBias)(rows, columns, bias, x);
}

void column_sums(std::int64_t rows, std::int64_t columns, const float* x, float* sums) {
    HWY_DYNAMIC_DISPATCH(ColumnSums)(rows, columns, x, sums);
}

void scale_columns(std::int64_t rows, std::int64_t columns, const float* scale, const float* offset, const float* x,
                   float* y) {
    HWY_DYNAMIC_DISPATCH(ScaleColumns)(rows, columns, scale, offset, x, y);
}

bool all_finite(std::int64_t n, const float* x) {
    return HWY_DYNAMIC_DISPATCH(AllFinite)(n, x);
}

}  // namespace evenkeel::kernels
#endif
