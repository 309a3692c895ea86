#include "kernels/transpose.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/transpose.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 4 × 4 numbers: pairs of rows are interleaved, then pairs of pairs.
HWY_INLINE void transpose_tile(std::int64_t rows, std::int64_t columns, const float* HWY_RESTRICT x,
                               float* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
    for (std::int64_t r = 0; r < 4; ++r) {
        for (std::int64_t c = 0; c < 4; ++c) out[c * rows + r] = x[r * columns + c];
    }
#else
    const hn::FixedTag<float, 4> d;
    const hn::FixedTag<double, 2> pairs;
    const auto a = hn::LoadU(d, x), b = hn::LoadU(d, x + columns);
    const auto e = hn::LoadU(d, x + 2 * columns), f = hn::LoadU(d, x + 3 * columns);
    const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
    const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
    const auto ef_low = hn::BitCast(pairs, hn::InterleaveLower(d, e, f));
    const auto ef_high = hn::BitCast(pairs, hn::InterleaveUpper(d, e, f));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, ef_low)), d, out);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, ef_low)), d, out + rows);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, ef_high)), d, out + 2 * rows);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, ef_high)), d, out + 3 * rows);
#endif
}

void TransposeRows(std::int64_t rows, std::int64_t columns, std::int64_t begin, std::int64_t end,
                   const float* HWY_RESTRICT x, float* HWY_RESTRICT out) {
    std::int64_t r = begin;
    for (; r + 4 <= end; r += 4) {
        std::int64_t c = 0;
        for (; c + 4 <= columns; c += 4) transpose_tile(rows, columns, x + r * columns + c, out + c * rows + r);
        for (; c < columns; ++c) {
            for (std::int64_t i = 0; i < 4; ++i) out[c * rows + r + i] = x[(r + i) * columns + c];
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
