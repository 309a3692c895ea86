// Per-target helper: loads and stores of a vector, or of its first numbers only. Included once per instruction set (Highway's
// convention for "-inl.h").
#if defined(EVENKEEL_KERNELS_FEW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_FEW_INL_H_
#undef EVENKEEL_KERNELS_FEW_INL_H_
#else
#define EVENKEEL_KERNELS_FEW_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

struct AllOfVector {
    template <class D>
    HWY_INLINE hn::Vec<D> load(D d, const float* from) const {
        return hn::LoadU(d, from);
    }
    template <class D>
    HWY_INLINE void store(D d, hn::Vec<D> v, float* to) const {
        hn::StoreU(v, d, to);
    }
};

/// The first `count` numbers, from 1 to all. What lies behind them is neither read nor written.
struct FewOfVector {
    std::size_t count;

    template <class D>
    HWY_INLINE hn::Vec<D> load(D d, const float* from) const {
        if constexpr (has_masks) return hn::MaskedLoad(hn::FirstN(d, count), d, from);
        HWY_ALIGN float each[hn::MaxLanes(D())] = {};
        std::copy_n(from, count, each);
        return hn::Load(d, each);
    }
    template <class D>
    HWY_INLINE void store(D d, hn::Vec<D> v, float* to) const {
        if constexpr (has_masks) return hn::BlendedStore(v, hn::FirstN(d, count), d, to);
        HWY_ALIGN float each[hn::MaxLanes(D())];
        hn::Store(v, d, each);
        std::copy_n(each, count, to);
    }

  private:
    static constexpr bool has_masks = HWY_TARGET <= HWY_AVX2;  // instructions that leave alone what a mask hides
};

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
