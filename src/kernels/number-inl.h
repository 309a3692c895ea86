// Per-target helper: small numbers made known to the compiler. Included once per instruction set (Highway's convention for "-inl.h").
#if defined(EVENKEEL_KERNELS_NUMBER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_NUMBER_INL_H_
#undef EVENKEEL_KERNELS_NUMBER_INL_H_
#else
#define EVENKEEL_KERNELS_NUMBER_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <type_traits>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

/// A number that the compiler knows.
template <int kNumber>
using Number = std::integral_constant<int, kNumber>;

/// Calls body(Number) for a number from 1 to kMost; for 0, not at all.
template <int kMost, class Body>
HWY_INLINE void for_number(std::int64_t number, const Body& body) {
    [&]<int... i>(std::integer_sequence<int, i...>) HWY_ATTR {
        ((number == i + 1 ? body(Number<i + 1>()) : void()), ...);
    }
    (std::make_integer_sequence<int, kMost>());
}

/// Calls body(i) for each i below the number, unrolled, so that arrays of vectors become registers. The body is a lambda with this
/// attribute, as compilers leave larger ones as calls.
#undef EVENKEEL_UNROLLED
#define EVENKEEL_UNROLLED HWY_ATTR __attribute__((always_inline))
template <int kNumber, class Body>
HWY_INLINE void for_each(Number<kNumber>, const Body& body) {
    [&]<int... i>(std::integer_sequence<int, i...>) EVENKEEL_UNROLLED {
        (body(i), ...);
    }
    (std::make_integer_sequence<int, kNumber>());
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
