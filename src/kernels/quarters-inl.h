// Per-target helper: vectors of four numbers each of several rows. Included once per instruction set (Highway's convention for
// "-inl.h").
#if defined(EVENKEEL_KERNELS_QUARTERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_QUARTERS_INL_H_
#undef EVENKEEL_KERNELS_QUARTERS_INL_H_
#else
#define EVENKEEL_KERNELS_QUARTERS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
/// Rows whose four numbers fill a vector.
template <class D>
constexpr std::int64_t rows_of_quarters = static_cast<std::int64_t>(hn::MaxLanes(D())) / 4;

/// Four numbers of each of rows_of_quarters rows that lie `pitch` numbers apart, one row a block of 128 bits.
template <class D>
HWY_INLINE hn::Vec<D> load_quarters(D d, const float* HWY_RESTRICT rows, std::int64_t pitch) {
    auto v = hn::LoadDup128(d, rows);
    for (std::int64_t row = 1; row < rows_of_quarters<D>; ++row) {
        v = hn::IfThenElse(hn::FirstN(d, static_cast<std::size_t>(4 * row)), v, hn::LoadDup128(d, rows + row * pitch));
    }
    return v;
}

/// Back to their rows.
template <class D>
HWY_INLINE void store_quarters(D d, hn::Vec<D> v, float* HWY_RESTRICT rows, std::int64_t pitch) {
    HWY_ALIGN float each[hn::MaxLanes(D())];
    hn::Store(v, d, each);
    const hn::CappedTag<float, 4> quarter;
    for (std::int64_t row = 0; row < rows_of_quarters<D>; ++row)
        hn::StoreU(hn::Load(quarter, each + 4 * row), quarter, rows + row * pitch);
}

/// Turns the squares of 4 × 4 numbers that the blocks of 128 bits of four vectors make, each one by itself.
template <class D>
HWY_INLINE void turn_squares(D d, hn::Vec<D> (&v)[4]) {
    const auto a = hn::InterleaveLower(d, v[0], v[2]), b = hn::InterleaveUpper(d, v[0], v[2]),
               e = hn::InterleaveLower(d, v[1], v[3]), f = hn::InterleaveUpper(d, v[1], v[3]);
    v[0] = hn::InterleaveLower(d, a, e);
    v[1] = hn::InterleaveUpper(d, a, e);
    v[2] = hn::InterleaveLower(d, b, f);
    v[3] = hn::InterleaveUpper(d, b, f);
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
