#include "kernels/streams.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/streams.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

constexpr std::int64_t floats_a_line = 64 / sizeof(float);

// Runs body(d, i) over [0, n), four whole vectors a round, so that loops cost nothing.
template <class Body>
HWY_INLINE void for_stream(std::int64_t n, const Body& body) {
    const hn::ScalableTag<float> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t i = 0;
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
        body(d, i, 0);
        body(d, i + lanes, 1);
        body(d, i + 2 * lanes, 2);
        body(d, i + 3 * lanes, 3);
    }
    for_columns(n - i, [&](auto part, std::int64_t j) HWY_ATTR { body(part, i + j, 0); });
}

template <class Load>
HWY_INLINE float sum_of(std::int64_t n, const Load& load) {
    const hn::ScalableTag<float> full;
    auto s0 = hn::Zero(full), s1 = s0, s2 = s0, s3 = s0;
    float rest = 0;
    for_stream(n, [&](auto d, std::int64_t i, int which) HWY_ATTR {
        if constexpr (hn::MaxLanes(d) == hn::MaxLanes(full)) {
            auto& s = which == 0 ? s0 : which == 1 ? s1 : which == 2 ? s2 : s3;
            s = hn::Add(s, load(d, i));
        } else {
            rest += hn::GetLane(hn::SumOfLanes(d, load(d, i)));
        }
    });
    return rest + hn::GetLane(hn::SumOfLanes(full, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

float ReadStream(std::int64_t n, const float* x) {
    return sum_of(n, [&](auto d, std::int64_t i) HWY_ATTR { return hn::LoadU(d, x + i); });
}

float ReadStreams(std::int64_t n, const float* x, const float* y) {
    return sum_of(n,
                  [&](auto d, std::int64_t i) HWY_ATTR { return hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)); });
}

// A matrix's block may begin anywhere, and what goes past the caches must begin on a vector's boundary.
HWY_INLINE bool goes_past_caches(const float* y, Place place) {
    return place == Place::memory && on_boundaries(y, static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>())));
}

// Past the caches as one stream or as two that lie apart. Which is faster depends on the processor, and on where they lie.
template <class Work>
HWY_INLINE void stream_past_caches(std::int64_t n, bool halves, const Work& work) {
    const std::int64_t half = halves ? n / 2 / floats_a_line * floats_a_line : 0;
    stream_rows<2>(half > 0 ? 2 : 0, half, half, [=](auto d, std::int64_t, std::int64_t i) HWY_ATTR { work(d, i); });
    for_columns(n - 2 * half, [=](auto d, std::int64_t i) HWY_ATTR { work(d, 2 * half + i); });
    hwy::FlushStream();
}

void CopyStream(std::int64_t n, const float* x, float* y, Place place, bool halves) {
    if (goes_past_caches(y, place)) {
        stream_past_caches(n, halves,
                           [=](auto d, std::int64_t i) HWY_ATTR { store<true>(hn::LoadU(d, x + i), d, y + i); });
    } else {
        for_stream(n, [=](auto d, std::int64_t i, int) HWY_ATTR { hn::StoreU(hn::LoadU(d, x + i), d, y + i); });
    }
}

void AddStreams(std::int64_t n, const float* x, const float* y, float* z, Place place, bool halves) {
    if (goes_past_caches(z, place)) {
        stream_past_caches(n, halves, [=](auto d, std::int64_t i) HWY_ATTR {
            store<true>(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, z + i);
        });
    } else {
        for_stream(n, [=](auto d, std::int64_t i, int)
                          HWY_ATTR { hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, z + i); });
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(ReadStream);
HWY_EXPORT(ReadStreams);
HWY_EXPORT(CopyStream);
HWY_EXPORT(AddStreams);

float read_stream(std::int64_t n, const float* x) {
    return HWY_DYNAMIC_DISPATCH(ReadStream)(n, x);
}

float read_streams(std::int64_t n, const float* x, const float* y) {
    return HWY_DYNAMIC_DISPATCH(ReadStreams)(n, x, y);
}

void copy_stream(std::int64_t n, const float* x, float* y, Place place, bool halves) {
    HWY_DYNAMIC_DISPATCH(CopyStream)(n, x, y, place, halves);
}

void add_streams(std::int64_t n, const float* x, const float* y, float* z, Place place, bool halves) {
    HWY_DYNAMIC_DISPATCH(AddStreams)(n, x, y, z, place, halves);
}

}  // namespace evenkeel::kernels
#endif
