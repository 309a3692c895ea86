#include "kernels/gather.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gather.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

template <class D>
HWY_INLINE hn::Vec<D> load_as_float(D d, const std::uint8_t* p) {
    const hn::Rebind<std::uint8_t, D> du8;
    const hn::Rebind<std::int32_t, D> di32;
    return hn::ConvertTo(d, hn::PromoteTo(di32, hn::LoadU(du8, p)));
}

template <class D>
HWY_INLINE hn::Vec<D> load_as_float(D d, const float* p) {
    return hn::LoadU(d, p);
}

template <typename T>
HWY_INLINE void convert_row(const GatherSource& s, const T* HWY_RESTRICT row, float* HWY_RESTRICT out) {
    const float *subtract = s.subtract, *scale = s.scale, *offset = s.offset;
    for_columns(s.features, [&](auto d, std::int64_t c) HWY_ATTR {
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

// Lanes that are not wanted are squeezed out of each vector; the next one overwrites what it left behind.
template <typename T>
HWY_INLINE void convert_active_row(const GatherSource& s, const T* HWY_RESTRICT row, const std::uint8_t* bits,
                                   float* HWY_RESTRICT out) {
    const hn::ScalableTag<float> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    static_assert(HWY_MAX_BYTES / sizeof(float) <= gather_margin);
    std::int64_t c = 0;
    for (; c + lanes <= s.features; c += lanes) {
        const std::uint8_t group[8] = {static_cast<std::uint8_t>(bits[c / 8] >> c % 8),
                                       lanes > 8 ? bits[c / 8 + 1] : std::uint8_t{0}};
        const auto wanted = hn::LoadMaskBits(d, group);
        auto v = load_as_float(d, row + c);
        if (s.scale != nullptr) v = hn::Mul(v, hn::LoadU(d, s.scale + c));
        hn::StoreU(hn::Compress(v, wanted), d, out);
        out += hn::CountTrue(d, wanted);
    }
    for (; c < s.features; ++c) {
        if ((bits[c / 8] >> c % 8 & 1) == 0) continue;
        *out++ = static_cast<float>(row[c]) * (s.scale != nullptr ? s.scale[c] : 1.0F);
    }
}

// A NaN is not zero.
template <typename T>
HWY_INLINE void mark_row(std::int64_t features, const T* HWY_RESTRICT row, std::uint8_t* HWY_RESTRICT bits) {
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t c = 0;
    if (lanes >= 8) {
        for (; c + lanes <= features; c += lanes) {
            std::uint8_t mask[HWY_MAX_BYTES / 8];
            const auto bytes = hn::StoreMaskBits(d, hn::Ne(hn::LoadU(d, row + c), hn::Zero(d)), mask);
            for (std::size_t i = 0; i < bytes; ++i) bits[c / 8 + static_cast<std::int64_t>(i)] |= mask[i];
        }
    }
    for (; c < features; ++c) bits[c / 8] = static_cast<std::uint8_t>(bits[c / 8] | (row[c] != T{0} ? 1 : 0) << c % 8);
}

void ConvertActiveBytes(const GatherSource& s, const std::uint8_t* row, const std::uint8_t* bits, float* out) {
    convert_active_row(s, row, bits, out);
}
void ConvertActiveFloats(const GatherSource& s, const float* row, const std::uint8_t* bits, float* out) {
    convert_active_row(s, row, bits, out);
}
void MarkRowBytes(std::int64_t features, const std::uint8_t* row, std::uint8_t* bits) {
    mark_row(features, row, bits);
}
void MarkRowFloats(std::int64_t features, const float* row, std::uint8_t* bits) {
    mark_row(features, row, bits);
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
HWY_EXPORT(ConvertActiveBytes);
HWY_EXPORT(ConvertActiveFloats);
HWY_EXPORT(MarkRowBytes);
HWY_EXPORT(MarkRowFloats);

// Far enough ahead to hide the latency of main memory behind the conversion of the rows between.
constexpr std::int64_t rows_ahead = 6;

std::int64_t source_row(const GatherSource& source, std::int64_t r) {
    return source.rows != nullptr ? source.rows[r] : source.first_row + r;
}

}  // namespace

void prefetch_rows(const GatherSource& source, std::int64_t begin, std::int64_t end) {
    const std::int64_t width = source.features * (source.bytes != nullptr ? 1 : 4);
    const auto* base = source.bytes != nullptr ? source.bytes : reinterpret_cast<const std::uint8_t*>(source.floats);
    for (std::int64_t r = begin; r < end; ++r) {
        const std::uint8_t* row = base + source_row(source, r) * width;
        for (std::int64_t at = 0; at < width; at += 64) __builtin_prefetch(row + at, 0, 2);
    }
}

void gather(const GatherSource& source, std::int64_t begin, std::int64_t end, float* out) {
    const auto convert_bytes = HWY_DYNAMIC_DISPATCH(ConvertRowBytes);
    const auto convert_floats = HWY_DYNAMIC_DISPATCH(ConvertRowFloats);
    prefetch_rows(source, begin, std::min(begin + rows_ahead, end));
    for (std::int64_t r = begin; r < end; ++r) {
        if (r + rows_ahead < end) prefetch_rows(source, r + rows_ahead, r + rows_ahead + 1);
        const std::int64_t row = source_row(source, r);
        float* to = out + (r - begin) * source.features;
        if (source.bytes != nullptr) {
            convert_bytes(source, source.bytes + row * source.features, to);
        } else {
            convert_floats(source, source.floats + row * source.features, to);
        }
    }
}

void gather_active(const GatherSource& source, std::int64_t begin, std::int64_t end, const std::uint8_t* bits,
                   std::int64_t stride, float* out) {
    const auto convert_bytes = HWY_DYNAMIC_DISPATCH(ConvertActiveBytes);
    const auto convert_floats = HWY_DYNAMIC_DISPATCH(ConvertActiveFloats);
    for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t at = source_row(source, r) * source.features;
        float* to = out + (r - begin) * stride;
        source.bytes != nullptr ? convert_bytes(source, source.bytes + at, bits, to)
                                : convert_floats(source, source.floats + at, bits, to);
    }
}

void mark_active(const GatherSource& source, std::int64_t begin, std::int64_t end, std::uint8_t* bits) {
    const auto mark_bytes = HWY_DYNAMIC_DISPATCH(MarkRowBytes);
    const auto mark_floats = HWY_DYNAMIC_DISPATCH(MarkRowFloats);
    prefetch_rows(source, begin, std::min(begin + rows_ahead, end));
    for (std::int64_t r = begin; r < end; ++r) {
        if (r + rows_ahead < end) prefetch_rows(source, r + rows_ahead, r + rows_ahead + 1);
        const std::int64_t at = source_row(source, r) * source.features;
        source.bytes != nullptr ? mark_bytes(source.features, source.bytes + at, bits)
                                : mark_floats(source.features, source.floats + at, bits);
    }
}

}  // namespace evenkeel::kernels
#endif
