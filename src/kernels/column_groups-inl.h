// Per-target helper: columns of a matrix in groups of vectors that registers hold. Included once per instruction set (Highway's
// convention for "-inl.h").
#if defined(EVENKEEL_KERNELS_COLUMN_GROUPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_COLUMN_GROUPS_INL_H_
#undef EVENKEEL_KERNELS_COLUMN_GROUPS_INL_H_
#else
#define EVENKEEL_KERNELS_COLUMN_GROUPS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "kernels/few-inl.h"
#include "kernels/number-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// kVectors vectors side by side: all are whole but the last, of which `Last` tells.
template <int kVectors, class Last>
struct ColumnGroup {
    static constexpr Number<kVectors> vectors{};
    Last last;

    template <class D>
    HWY_INLINE hn::Vec<D> load(D d, const float* from, int v) const {
        const auto at = v * static_cast<std::int64_t>(hn::Lanes(d));
        return v + 1 < kVectors ? hn::LoadU(d, from + at) : last.load(d, from + at);
    }
    template <class D>
    HWY_INLINE void store(D d, hn::Vec<D> x, float* to, int v) const {
        const auto at = v * static_cast<std::int64_t>(hn::Lanes(d));
        v + 1 < kVectors ? hn::StoreU(x, d, to + at) : last.store(d, x, to + at);
    }
};

/// Calls body(group, c) for groups of columns that cover [0, n) once, from column c on: kMost vectors, and what is left.
template <int kMost, class Body>
HWY_INLINE void for_column_groups(std::int64_t n, const Body& body) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
    std::int64_t c = 0;
    for (; c + kMost * lanes <= n; c += kMost * lanes) body(ColumnGroup<kMost, AllOfVector>(), c);
    const std::int64_t whole = (n - c) / lanes, rest = (n - c) % lanes;
    if (rest == 0) {
        for_number<kMost - 1>(whole, [=](auto vectors) HWY_ATTR { body(ColumnGroup<vectors(), AllOfVector>(), c); });
    } else {
        const FewOfVector few{static_cast<std::size_t>(rest)};
        for_number<kMost>(whole + 1, [=](auto vectors) HWY_ATTR { body(ColumnGroup<vectors(), FewOfVector>{few}, c); });
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
