#include "kernels/peak.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/peak.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Twelve sums that do not wait for one another: a result takes four or five cycles, and two can begin in each. They begin at
// different numbers, or a compiler makes them one.
float MultiplyAdds(std::int64_t n) {
    constexpr int sums_at_once = 12;
    const hn::ScalableTag<float> d;
    const auto factor = hn::Set(d, 0.5F), term = hn::Set(d, 1.0F);
    hn::Vec<decltype(d)> sums[sums_at_once];
    for (int i = 0; i < sums_at_once; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
    for (std::int64_t done = 0; done < n; done += sums_at_once * static_cast<std::int64_t>(hn::Lanes(d))) {
        for (auto& sum : sums) sum = hn::MulAdd(sum, factor, term);
    }
    for (int i = 1; i < sums_at_once; ++i) sums[0] = hn::Add(sums[0], sums[i]);
    return hn::GetLane(sums[0]);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(MultiplyAdds);

float multiply_adds(std::int64_t n) {
    return HWY_DYNAMIC_DISPATCH(MultiplyAdds)(n);
}

}  // namespace evenkeel::kernels
#endif
