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

/// Four columns of as many rows of x as a vector has numbers become four rows of out: quarters of rows r, r + 4, r + 8, … stand in
/// one vector, and their squares of 4 × 4 are turned all at once.
template <class D>
HWY_INLINE void transpose_quarters(D d, const float* HWY_RESTRICT x, std::int64_t x_pitch, float* HWY_RESTRICT out,
                                   std::int64_t out_pitch) {
    hn::Vec<D> v[4];
    for (int i = 0; i < 4; ++i) v[i] = load_quarters(d, x + i * x_pitch, 4 * x_pitch);
    turn_squares(d, v);
    for (int i = 0; i < 4; ++i) hn::StoreU(v[i], d, out + i * out_pitch);
}

/// The way back: four rows of x become four columns of as many rows of out as a vector has numbers.
template <class D>
HWY_INLINE void transpose_to_quarters(D d, const float* HWY_RESTRICT x, std::int64_t x_pitch, float* HWY_RESTRICT out,
                                      std::int64_t out_pitch) {
    hn::Vec<D> v[4];
    for (int i = 0; i < 4; ++i) v[i] = hn::LoadU(d, x + i * x_pitch);
    turn_squares(d, v);
    HWY_ALIGN float each[hn::MaxLanes(D())];
    const hn::CappedTag<float, 4> quarter;
    for (int i = 0; i < 4; ++i) {
        hn::Store(v[i], d, each);
        for (std::int64_t row = 0; row < rows_of_quarters<D>; ++row)
            hn::StoreU(hn::Load(quarter, each + 4 * row), quarter, out + (i + 4 * row) * out_pitch);
    }
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
