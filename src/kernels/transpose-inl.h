// Per-target helper: a square tile of a matrix is turned. Included once per instruction set (Highway's convention for "-inl.h").
#if defined(EVENKEEL_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_TRANSPOSE_INL_H_
#undef EVENKEEL_KERNELS_TRANSPOSE_INL_H_
#else
#define EVENKEEL_KERNELS_TRANSPOSE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rows and columns of a tile: as many numbers as 16 bytes have.
template <typename T>
constexpr std::int64_t tile = HWY_TARGET == HWY_SCALAR ? 1 : 16 / sizeof(T);

// out[i·stride + r] = row(r)[i] for a tile: the first half of the rows interleaved with the second, log₂(tile) times.
template <typename T, class Row>
HWY_INLINE void transpose_tile(const Row& row, T* HWY_RESTRICT out, std::int64_t stride) {
    const hn::CappedTag<T, tile<T>> d;
    hn::Vec<decltype(d)> v[tile<T>];
    for (int i = 0; i < tile<T>; ++i) v[i] = hn::LoadU(d, row(i));
#if HWY_TARGET != HWY_SCALAR
    for (int mixes = 1; mixes < tile<T>; mixes *= 2) {
        hn::Vec<decltype(d)> mixed[tile<T>];
        for (int i = 0; i < tile<T> / 2; ++i) {
            mixed[2 * i] = hn::InterleaveLower(d, v[i], v[i + tile<T> / 2]);
            mixed[2 * i + 1] = hn::InterleaveUpper(d, v[i], v[i + tile<T> / 2]);
        }
        for (int i = 0; i < tile<T>; ++i) v[i] = mixed[i];
    }
#endif
    for (int i = 0; i < tile<T>; ++i) hn::StoreU(v[i], d, out + i * stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
