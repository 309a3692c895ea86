#include "kernels/gather.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gather.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"
#include "kernels/gather-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

template <typename T>
HWY_INLINE void convert_row(const GatherSource& s, const T* HWY_RESTRICT row, float* HWY_RESTRICT out) {
    const float *subtract = s.subtract, *scale = s.scale, *offset = s.offset;
    // By value: a store might change what a reference refers to, and all would be loaded again behind each.
    for_columns(s.features, [=](auto d, std::int64_t c) HWY_ATTR {
        auto v = load_as_float(d, row + c);
        if (subtract != nullptr) v = hn::Sub(v, hn::LoadU(d, subtract + c));
        if (scale != nullptr) v = hn::Mul(v, hn::LoadU(d, scale + c));
        if (offset != nullptr) v = hn::Add(v, hn::LoadU(d, offset + c));
        hn::StoreU(v, d, out + c);
    });
}

void ConvertRowBytes(const GatherSource& s, const std::uint8_t* row, float* out) {
    convert_row(s, row, out);
}
void ConvertRowFloats(const GatherSource& s, const float* row, float* out) {
    convert_row(s, row, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>

namespace evenkeel::kernels {
namespace {

HWY_EXPORT(ConvertRowBytes);
HWY_EXPORT(ConvertRowFloats);

}  // namespace

void prefetch_rows(const GatherSource& source, std::int64_t begin, std::int64_t end) {
    const std::int64_t width = source.features * (source.bytes != nullptr ? 1 : 4);
    const auto* base = source.bytes != nullptr ? source.bytes : reinterpret_cast<const std::uint8_t*>(source.floats);
    for (std::int64_t r = begin; r < end; ++r) {
        const std::uint8_t* row = base + source.row(r) * width;
        // Into the first-level cache: what is asked for into the second does not come at all in some processes (Zen 5).
        for (std::int64_t at = 0; at < width; at += 64) __builtin_prefetch(row + at, 0, 3);
    }
}

void gather(const GatherSource& source, std::int64_t begin, std::int64_t end, float* out) {
    const auto convert_bytes = HWY_DYNAMIC_DISPATCH(ConvertRowBytes);
    const auto convert_floats = HWY_DYNAMIC_DISPATCH(ConvertRowFloats);
    prefetch_rows(source, begin, std::min(begin + rows_ahead, end));
    for (std::int64_t r = begin; r < end; ++r) {
        if (r + rows_ahead < end) prefetch_rows(source, r + rows_ahead, r + rows_ahead + 1);
        const std::int64_t row = source.row(r);
        float* to = out + (r - begin) * source.features;
        if (source.bytes != nullptr) {
            convert_bytes(source, source.bytes + row * source.features, to);
        } else {
            convert_floats(source, source.floats + row * source.features, to);
        }
    }
}

}  // namespace evenkeel::kernels
#endif
