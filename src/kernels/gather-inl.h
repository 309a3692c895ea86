// Per-target helper: bytes or floats loaded as a vector of floats. Included once per instruction set (Highway's convention for
// "-inl.h").
#if defined(EVENKEEL_KERNELS_GATHER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_GATHER_INL_H_
#undef EVENKEEL_KERNELS_GATHER_INL_H_
#else
#define EVENKEEL_KERNELS_GATHER_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

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

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
