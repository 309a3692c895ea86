// Per-target helper: sums of a few rows and columns of a matrix product, which stay in registers. Included once per instruction set
// (Highway's convention for "-inl.h").
#if defined(EVENKEEL_KERNELS_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_PRODUCT_INL_H_
#undef EVENKEEL_KERNELS_PRODUCT_INL_H_
#else
#define EVENKEEL_KERNELS_PRODUCT_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/few-inl.h"
#include "kernels/number-inl.h"
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

/// Bytes that stand for floats: row by row, byte b for table[b].
struct Bytes {
    const std::uint8_t* at;
    std::int64_t pitch;
    const float* table;

    Bytes from_row(std::int64_t row) const { return {at + row * pitch, pitch, table}; }
};

/// Of a matrix whose rows lie `pitch` numbers apart, kVectors vectors of columns.
template <int kVectors>
struct Columns : AllOfVector {
    static constexpr bool two = kVectors == 2;
    Columns(const float* first, std::int64_t row_pitch) : at(first), pitch(row_pitch) {}
    const float* at;
    std::int64_t pitch;
};

/// Of such a matrix fewer columns than a vector has numbers.
struct FewColumns : FewOfVector {
    static constexpr bool two = false;
    FewColumns(const float* first, std::int64_t row_pitch, std::int64_t columns)
        : FewOfVector{static_cast<std::size_t>(columns)}, at(first), pitch(row_pitch) {}
    const float* at;
    std::int64_t pitch;
};

/// What becomes of a sum: z = sum, or z = z − rate·sum, fused.
struct Write {
    template <class Part, class D>
    HWY_INLINE void operator()(const Part& part, D d, hn::Vec<D> sum, float* z) const {
        part.store(d, sum, z);
    }
};
struct Descend {
    const volatile float* rate;  ///< read when it is needed: kept in a register, it would push a sum out of it
    template <class Part, class D>
    HWY_INLINE void operator()(const Part& part, D d, hn::Vec<D> sum, float* z) const {
        part.store(d, hn::NegMulAdd(hn::Set(d, *rate), sum, part.load(d, z)), z);
    }
};

/// z [kRows, columns] = x [kRows, k] · w [k, columns]; rows of z lie n numbers apart.
template <int kRows, class SomeColumns, Lies kLies, class Finish>
HWY_INLINE void product_of_rows(SomeColumns columns, std::int64_t n, std::int64_t k, Factor<kLies> x, Finish finish,
                                float* HWY_RESTRICT z) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    constexpr bool two = SomeColumns::two, turned = kLies == Lies::turned;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    V left[kRows], right[kRows];
    for (int r = 0; r < kRows; ++r) left[r] = right[r] = hn::Zero(d);
    const float* HWY_RESTRICT w = columns.at;
    const float* HWY_RESTRICT from = x.at;
    for (std::int64_t i = 0; i < k; ++i, w += columns.pitch, from += turned ? x.pitch : 1) {
        const V a = columns.load(d, w), b = two ? columns.load(d, w + lanes) : a;
        for (int r = 0; r < kRows; ++r) {
            const auto value = hn::Set(d, from[turned ? r : r * x.pitch]);
            left[r] = hn::MulAdd(value, a, left[r]);
            if (two) right[r] = hn::MulAdd(value, b, right[r]);
        }
    }
    for (int r = 0; r < kRows; ++r, z += n) {
        finish(columns, d, left[r], z);
        if (two) finish(columns, d, right[r], z + lanes);
    }
}

/// Two of k at a time: one load brings both bytes of a row.
template <int kRows, class SomeColumns, class Finish>
HWY_INLINE void product_of_rows(SomeColumns columns, std::int64_t n, std::int64_t k, Bytes x, Finish finish,
                                float* HWY_RESTRICT z) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    constexpr bool two = SomeColumns::two;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    V left[kRows], right[kRows];
    for (int r = 0; r < kRows; ++r) left[r] = right[r] = hn::Zero(d);
    const float* HWY_RESTRICT w = columns.at;
    const std::uint8_t* HWY_RESTRICT from = x.at;
    const auto add = [&](int r, unsigned byte, V a, V b) HWY_ATTR {
        const auto value = hn::Set(d, x.table[byte]);
        left[r] = hn::MulAdd(value, a, left[r]);
        if (two) right[r] = hn::MulAdd(value, b, right[r]);
    };
    std::int64_t i = 0;
    for (; i + 2 <= k; i += 2, w += 2 * columns.pitch, from += 2) {
        const V a0 = columns.load(d, w), b0 = two ? columns.load(d, w + lanes) : a0;
        const V a1 = columns.load(d, w + columns.pitch), b1 = two ? columns.load(d, w + columns.pitch + lanes) : a1;
        for (int r = 0; r < kRows; ++r) {
            std::uint16_t both;
            std::memcpy(&both, from + r * x.pitch, sizeof both);
            add(r, both & 0xffU, a0, b0);
            add(r, both >> 8U, a1, b1);
        }
    }
    if (i < k) {
        const V a = columns.load(d, w), b = two ? columns.load(d, w + lanes) : a;
        for (int r = 0; r < kRows; ++r) add(r, from[r * x.pitch], a, b);
    }
    for (int r = 0; r < kRows; ++r, z += n) {
        finish(columns, d, left[r], z);
        if (two) finish(columns, d, right[r], z + lanes);
    }
}

/// The product for any number of rows up to rows_at_once.
template <class... Arguments>
HWY_INLINE void product_of(std::int64_t rows, Arguments... arguments) {
    for_number<rows_at_once>(rows, [=](auto number) HWY_ATTR { product_of_rows<number()>(arguments...); });
}

/// Calls body(first, rows) for groups of up to kMost rows, shared out evenly: many sums hide the latency of multiply-add, and few
/// do not.
template <int kMost = rows_at_once, class Body>
HWY_INLINE void for_groups(std::int64_t m, const Body& body) {
    const std::int64_t groups = (m + kMost - 1) / kMost;
    for (std::int64_t g = 0; g < groups; ++g) body(m * g / groups, m * (g + 1) / groups - m * g / groups);
}

#if HWY_TARGET != HWY_SCALAR
/// Four columns of rows_of_quarters rows that lie `pitch` numbers apart, those from row `from` on.
template <class D, class Finish>
HWY_INLINE void finish_quarters(D d, hn::Vec<D> sums, std::int64_t pitch, Finish finish, float* HWY_RESTRICT z,
                                std::int64_t from = 0) {
    HWY_ALIGN float each[hn::MaxLanes(d)];
    hn::Store(sums, d, each);
    const hn::CappedTag<float, 4> quarter;
    for (std::int64_t r = from; r < rows_of_quarters<D>; ++r)
        finish(AllOfVector(), quarter, hn::Load(quarter, each + 4 * r), z + r * pitch);
}

/// Vectors of four columns of a few rows each whose sums, and what they multiply, stay in registers.
constexpr int quarters_at_once = HWY_MAX_BYTES == 64 ? 8 : 6;

/// z [kVectors·rows_of_quarters, 4] = x · w [k, 4], whose rows lie n numbers apart, as those of z; k a multiple of four. Of four
/// columns, one row would leave most of a vector empty.
template <int kVectors, class Finish>
HWY_INLINE void product_of_quarters(const float* HWY_RESTRICT w, std::int64_t n, std::int64_t k,
                                    Factor<Lies::in_rows> x, Finish finish, float* HWY_RESTRICT z) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    constexpr std::int64_t rows = rows_of_quarters<decltype(d)>;
    V sums[kVectors];
    for (V& sum : sums) sum = hn::Zero(d);
    const float* HWY_RESTRICT from = x.at;
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
    for (int v = 0; v < kVectors; ++v) finish_quarters(d, sums[v], n, finish, z + v * rows * n);
}

/// Vectors of rows of four columns each whose sums, and what they multiply, stay in registers.
constexpr int rows_of_four_at_once = HWY_MAX_BYTES == 64 ? 4 : 2;

/// The same for x turned, whose rows stand side by side: kVectors vectors of rows from vector `first` on. The last of m rows' vectors
/// begins where it ends with row m: what the one before it has is summed up twice and finished once.
template <int kVectors, class Finish>
HWY_INLINE void product_of_four_columns(std::int64_t first, std::int64_t m, const float* HWY_RESTRICT w, std::int64_t n,
                                        std::int64_t k, Factor<Lies::turned> x, Finish finish, float* HWY_RESTRICT z) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t row[kVectors];
    for (int v = 0; v < kVectors; ++v) row[v] = std::min((first + v) * lanes, m - lanes);
    V sums[kVectors][4];
    for (auto& four : sums)
        for (V& sum : four) sum = hn::Zero(d);
    const float* HWY_RESTRICT from = x.at;
    for (std::int64_t i = 0; i < k; ++i, w += n, from += x.pitch) {
        const V four[4] = {hn::Set(d, w[0]), hn::Set(d, w[1]), hn::Set(d, w[2]), hn::Set(d, w[3])};
        for (int v = 0; v < kVectors; ++v) {
            const V values = hn::LoadU(d, from + row[v]);
            for (int c = 0; c < 4; ++c) sums[v][c] = hn::MulAdd(values, four[c], sums[v][c]);
        }
    }
    for (int v = 0; v < kVectors; ++v) {
        turn_squares(d, sums[v]);
        const std::int64_t skipped = (first + v) * lanes - row[v];
        for (std::int64_t r = 0; r < 4; ++r)  // of each square
            finish_quarters(d, sums[v][r], 4 * n, finish, z + (row[v] + r) * n, (skipped - r + 3) / 4);
    }
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
