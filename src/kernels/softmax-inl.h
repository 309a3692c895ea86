// Per-target helper: softmax of one row, or of as many as a vector has lanes, one row a lane. Included once per instruction set (Highway's
// convention for "-inl.h").
#if defined(EVENKEEL_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_SOFTMAX_INL_H_
#undef EVENKEEL_KERNELS_SOFTMAX_INL_H_
#else
#define EVENKEEL_KERNELS_SOFTMAX_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include <hwy/contrib/math/math-inl.h>

#include "kernels/columns-inl.h"
#include "kernels/quarters-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Classes up to this many are handled with one row a lane: ten classes would leave most lanes of a row's vector empty.
constexpr std::int64_t most_classes_by_lane = 64;

/// Room for a transposed copy, [classes][lanes].
struct ClassesByLane {
    HWY_ALIGN float at[most_classes_by_lane * HWY_MAX_BYTES / sizeof(float)];
};

/// at[j][lane] = z[lane, j] for `rows` rows, from one to as many as there are lanes; lanes without a row repeat the first.
HWY_INLINE void rows_to_lanes(std::int64_t classes, std::int64_t rows, const float* z, ClassesByLane& columns) {
    const hn::ScalableTag<float> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
#if HWY_TARGET != HWY_SCALAR
    if (rows == lanes && classes >= 4) {
        for (std::int64_t j = 0; j < classes; j += 4) {
            const std::int64_t at = std::min(j, classes - 4);
            transpose_quarters(d, z + at, classes, columns.at + at * lanes, lanes);
        }
        return;
    }
#endif
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
        const float* row = z + (lane < rows ? lane : 0) * classes;
        std::int64_t j = 0;
        do {  // there is at least one class
            columns.at[j * lanes + lane] = row[j];
        } while (++j < classes);
    }
}

/// p[lane, j] = at[j][lane] for the first `rows` lanes.
HWY_INLINE void lanes_to_rows(std::int64_t classes, std::int64_t rows, const ClassesByLane& columns, float* p) {
    const hn::ScalableTag<float> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
#if HWY_TARGET != HWY_SCALAR
    if (rows == lanes && classes >= 4) {
        for (std::int64_t j = 0; j < classes; j += 4) {
            const std::int64_t at = std::min(j, classes - 4);
            transpose_to_quarters(d, columns.at + at * lanes, lanes, p + at, classes);
        }
        return;
    }
#endif
    for (std::int64_t lane = 0; lane < rows; ++lane) {
        for (std::int64_t j = 0; j < classes; ++j) p[lane * classes + j] = columns.at[j * lanes + lane];
    }
}

template <class V>
struct HighestAndSum {
    V highest, sum;
};

/// Logits become probabilities e/Σe, e = exp(z − max). A NaN logit makes its row NaN: Exp would make 0 of it, so it is passed
/// around Exp; max may lose it.
template <class D, class V = hn::Vec<D>>
HWY_INLINE HighestAndSum<V> softmax_by_lane(D d, std::int64_t classes, ClassesByLane& columns) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    V highest = hn::Load(d, columns.at), sum = hn::Zero(d);
    for (std::int64_t j = 1; j < classes; ++j) highest = hn::Max(highest, hn::Load(d, columns.at + j * lanes));
    for (std::int64_t j = 0; j < classes; ++j) {
        const V shifted = hn::Sub(hn::Load(d, columns.at + j * lanes), highest);
        const V e = hn::IfThenElse(hn::IsNaN(shifted), shifted, hn::Exp(d, shifted));
        hn::Store(e, d, columns.at + j * lanes);
        sum = hn::Add(sum, e);
    }
    const V inverse = hn::Div(hn::Set(d, 1.0F), sum);
    for (std::int64_t j = 0; j < classes; ++j) {
        hn::Store(hn::Mul(hn::Load(d, columns.at + j * lanes), inverse), d, columns.at + j * lanes);
    }
    return {highest, sum};
}

/// The same of one row, its classes over the lanes, with the same bits. Lanes beyond the width never enter (for_columns), so −∞
/// padding is not needed. p may be z.
HWY_INLINE HighestAndSum<float> softmax_of_row(std::int64_t width, const float* z, float* p) {
    float highest = z[0], sum = 0;
    for (std::int64_t j = 1; j < width; ++j) highest = z[j] > highest ? z[j] : highest;
    for_columns(width, [&](auto d, std::int64_t j) HWY_ATTR {
        const auto shifted = hn::Sub(hn::LoadU(d, z + j), hn::Set(d, highest));
        hn::StoreU(hn::IfThenElse(hn::IsNaN(shifted), shifted, hn::Exp(d, shifted)), d, p + j);
    });
    for (std::int64_t j = 0; j < width; ++j) sum += p[j];
    const float inverse = 1.0F / sum;
    for (std::int64_t j = 0; j < width; ++j) p[j] *= inverse;
    return {highest, sum};
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
