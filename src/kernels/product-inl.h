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

/// Calls body(first, rows) for groups of up to rows_at_once rows, shared out evenly: many sums hide the latency of multiply-add,
/// and few do not.
template <class Body>
HWY_INLINE void for_groups(std::int64_t m, const Body& body) {
    const std::int64_t groups = (m + rows_at_once - 1) / rows_at_once;
    for (std::int64_t g = 0; g < groups; ++g) body(m * g / groups, m * (g + 1) / groups - m * g / groups);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
