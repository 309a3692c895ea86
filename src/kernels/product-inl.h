// Per-target helper: sums of a few rows and columns of a matrix product, which stay in registers. Included once per instruction set
// (Highway's convention for "-inl.h").
#if defined(EVENKEEL_KERNELS_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_PRODUCT_INL_H_
#undef EVENKEEL_KERNELS_PRODUCT_INL_H_
#else
#define EVENKEEL_KERNELS_PRODUCT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <utility>

#include "kernels/quarters-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Sums of rows_at_once × 2 vectors, what they multiply and one number of x fill the registers: 16, or 32 with AVX-512.
constexpr int rows_at_once = HWY_MAX_BYTES == 64 ? 12 : 6;

/// How x [rows, k] lies: row by row, or turned, as columns of a matrix of `pitch` columns.
enum class Lies { in_rows, turned };
template <Lies kLies>
struct Factor {
    const float* at;
    std::int64_t pitch;

    Factor from_row(std::int64_t row) const { return {at + (kLies == Lies::turned ? row : row * pitch), pitch}; }
};

/// Of a matrix whose rows lie `pitch` numbers apart, kVectors vectors of columns.
template <int kVectors, class D = hn::ScalableTag<float>>
struct Columns {
    const float* at;
    std::int64_t pitch;
};

/// What becomes of a sum: z = sum, or z = z − rate·sum, fused.
struct Write {
    template <class D>
    HWY_INLINE void operator()(D d, hn::Vec<D> sum, float* z) const {
        hn::StoreU(sum, d, z);
    }
};
struct Descend {
    float rate;
    template <class D>
    HWY_INLINE void operator()(D d, hn::Vec<D> sum, float* z) const {
        hn::StoreU(hn::NegMulAdd(hn::Set(d, rate), sum, hn::LoadU(d, z)), d, z);
    }
};

/// z [kRows, columns] = x [kRows, k] · w [k, columns]; rows of z lie n numbers apart.
template <int kRows, int kVectors, class D, Lies kLies, class Finish>
HWY_INLINE void product_of_rows(Columns<kVectors, D> columns, std::int64_t n, std::int64_t k, Factor<kLies> x,
                                Finish finish, float* HWY_RESTRICT z) {
    const D d;
    constexpr bool two = kVectors == 2, turned = kLies == Lies::turned;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    hn::Vec<D> left[kRows], right[kRows];
    for (int r = 0; r < kRows; ++r) left[r] = right[r] = hn::Zero(d);
    const float* HWY_RESTRICT w = columns.at;
    const float* HWY_RESTRICT from = x.at;
    for (std::int64_t i = 0; i < k; ++i, w += columns.pitch, from += turned ? x.pitch : 1) {
        const auto a = hn::LoadU(d, w), b = two ? hn::LoadU(d, w + lanes) : a;
        for (int r = 0; r < kRows; ++r) {
            const auto value = hn::Set(d, from[turned ? r : r * x.pitch]);
            left[r] = hn::MulAdd(value, a, left[r]);
            if (two) right[r] = hn::MulAdd(value, b, right[r]);
        }
    }
    for (int r = 0; r < kRows; ++r, z += n) {
        finish(d, left[r], z);
        if (two) finish(d, right[r], z + lanes);
    }
}

template <int... kRows, class... Arguments>
HWY_INLINE void product_of(std::integer_sequence<int, kRows...>, std::int64_t rows, Arguments... arguments) {
    ((rows == kRows + 1 ? product_of_rows<kRows + 1>(arguments...) : void()), ...);
}

/// The same for any number of rows up to rows_at_once.
template <class... Arguments>
HWY_INLINE void product_of(std::int64_t rows, Arguments... arguments) {
    product_of(std::make_integer_sequence<int, rows_at_once>(), rows, arguments...);
}

/// Calls body(first, rows) for groups of up to kMost rows, shared out evenly: many sums hide the latency of multiply-add, and few
/// do not.
template <int kMost = rows_at_once, class Body>
HWY_INLINE void for_groups(std::int64_t m, const Body& body) {
    const std::int64_t groups = (m + kMost - 1) / kMost;
    for (std::int64_t g = 0; g < groups; ++g) body(m * g / groups, m * (g + 1) / groups - m * g / groups);
}

#if HWY_TARGET != HWY_SCALAR
/// Vectors of four columns of a few rows each whose sums, and what they multiply, stay in registers.
constexpr int quarters_at_once = HWY_MAX_BYTES == 64 ? 8 : 6;

/// z [kVectors·rows_of_quarters, 4] = x · w [k, 4], whose rows lie n numbers apart, as those of z. Of four columns, one row would
/// leave most of a vector empty. k is a multiple of four where x lies in rows.
template <int kVectors, Lies kLies, class Finish>
HWY_INLINE void product_of_quarters(const float* HWY_RESTRICT w, std::int64_t n, std::int64_t k, Factor<kLies> x,
                                    Finish finish, float* HWY_RESTRICT z) {
    const hn::ScalableTag<float> d;
    const hn::CappedTag<float, 4> quarter;
    using V = hn::Vec<decltype(d)>;
    constexpr std::int64_t rows = rows_of_quarters<decltype(d)>;
    V sums[kVectors];
    for (V& sum : sums) sum = hn::Zero(d);
    const float* HWY_RESTRICT from = x.at;
    if constexpr (kLies == Lies::turned) {
        const auto fourfold = hn::IndicesFromVec(d, hn::ShiftRight<2>(hn::Iota(hn::RebindToSigned<decltype(d)>(), 0)));
        for (std::int64_t i = 0; i < k; ++i, w += n, from += x.pitch) {
            const V b = hn::LoadDup128(d, w);
            for (int v = 0; v < kVectors; ++v) {
                const V values = hn::TableLookupLanes(hn::LoadDup128(d, from + v * rows), fourfold);
                sums[v] = hn::MulAdd(values, b, sums[v]);
            }
        }
    } else {
        for (std::int64_t i = 0; i < k; i += 4, w += 4 * n, from += 4) {
            V values[kVectors];
            for (int v = 0; v < kVectors; ++v) values[v] = load_quarters(d, from + v * rows * x.pitch, x.pitch);
            const V b0 = hn::LoadDup128(d, w), b1 = hn::LoadDup128(d, w + n), b2 = hn::LoadDup128(d, w + 2 * n),
                    b3 = hn::LoadDup128(d, w + 3 * n);
            for (int v = 0; v < kVectors; ++v) sums[v] = hn::MulAdd(hn::Broadcast<0>(values[v]), b0, sums[v]);
            for (int v = 0; v < kVectors; ++v) sums[v] = hn::MulAdd(hn::Broadcast<1>(values[v]), b1, sums[v]);
            for (int v = 0; v < kVectors; ++v) sums[v] = hn::MulAdd(hn::Broadcast<2>(values[v]), b2, sums[v]);
            for (int v = 0; v < kVectors; ++v) sums[v] = hn::MulAdd(hn::Broadcast<3>(values[v]), b3, sums[v]);
        }
    }
    for (const V sum : sums) {
        HWY_ALIGN float each[hn::MaxLanes(d)];
        hn::Store(sum, d, each);
        for (int r = 0; r < rows; ++r, z += n) finish(quarter, hn::Load(quarter, each + 4 * r), z);
    }
}

template <int... kVectors, class... Arguments>
HWY_INLINE void product_of_quarters(std::integer_sequence<int, kVectors...>, std::int64_t vectors,
                                    Arguments... arguments) {
    ((vectors == kVectors + 1 ? product_of_quarters<kVectors + 1>(arguments...) : void()), ...);
}

/// The same for any number of vectors up to quarters_at_once.
template <class... Arguments>
HWY_INLINE void product_of_quarters(std::int64_t vectors, Arguments... arguments) {
    product_of_quarters(std::make_integer_sequence<int, quarters_at_once>(), vectors, arguments...);
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
