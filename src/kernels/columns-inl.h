// Per-target helper: walks the columns of a row-major matrix in vectors, then in quarters, then one by one,
// so that no load ever reaches past a row's end. Included once per instruction set (Highway's convention for
// "-inl.h").
#if defined(EVENKEEL_KERNELS_COLUMNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_COLUMNS_INL_H_
#undef EVENKEEL_KERNELS_COLUMNS_INL_H_
#else
#define EVENKEEL_KERNELS_COLUMNS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls body(d, c) for column groups [c, c + Lanes(d)) that cover [0, columns) once. Which group a column
/// falls into depends on `columns` only.
template <class Body>
HWY_INLINE void for_columns(std::int64_t columns, const Body& body) {
    const hn::ScalableTag<float> full;
    const hn::CappedTag<float, 4> quarter;
    const hn::CappedTag<float, 1> one;
    std::int64_t c = 0;
    for (const auto step = static_cast<std::int64_t>(hn::Lanes(full)); c + step <= columns; c += step) body(full, c);
    for (const auto step = static_cast<std::int64_t>(hn::Lanes(quarter)); c + step <= columns; c += step)
        body(quarter, c);
    for (; c < columns; ++c) body(one, c);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
