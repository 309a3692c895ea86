#include "kernels/activation.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "kernels/columns-inl.h"
#include "kernels/softmax-inl.h"

#include <cmath>
#include <limits>

#include "kernels/reference/activation.hpp"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// e^{−z} overflows to infinity for z < −88, and 1/(1 + ∞) = 0 is the right limit. Highway's Exp ends at 104.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid(D d, V z) {
    const V one = hn::Set(d, 1.0F);
    const V e = hn::Exp(d, hn::Min(hn::Neg(z), hn::Set(d, 104.0F)));
    return hn::Div(one, hn::Add(one, e));
}

// Its limit at −∞ is 0, where −∞·0 is NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V silu(D d, V z) {
    return hn::Mul(hn::IfThenElse(hn::IsNaN(z), z, hn::Max(z, hn::Set(d, -1e6F))), sigmoid(d, z));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V relu(D d, const Pointwise& g, V z) {
    // 0·z would be NaN at −∞ and −0 elsewhere; the same bits as the ReLU that is fused into the
    // normalization.
    if (g.is_plain_relu()) return hn::IfThenZeroElse(hn::Le(z, hn::Zero(d)), z);
    const V threshold = hn::Set(d, g.threshold);
    const V below = hn::Mul(hn::Set(d, g.negative_slope), hn::Sub(z, threshold));
    // A NaN must come out as a NaN, not as 0: it compares false and takes the branch that computes with it.
    return hn::IfThenElse(hn::Gt(z, threshold), hn::Min(z, hn::Set(d, g.max_value)), below);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V value(D d, const Pointwise& g, V z) {
    switch (g.kind) {
        case PointwiseKind::relu:
            return relu(d, g, z);
        case PointwiseKind::sigmoid:
            return hn::IfThenElse(hn::IsNaN(z), z, sigmoid(d, z));
        case PointwiseKind::tanh:
            return hn::IfThenElse(hn::IsNaN(z), z, hn::Tanh(d, z));
        case PointwiseKind::elu:
            return hn::IfThenElse(hn::Or(hn::Gt(z, hn::Zero(d)), hn::IsNaN(z)), z,
                                  hn::Expm1(d, hn::Min(z, hn::Zero(d))));
        case PointwiseKind::silu:
            return silu(d, z);
        default:
            return z;
    }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V slope(D d, const Pointwise& g, V z, V a) {
    const V one = hn::Set(d, 1.0F);
    switch (g.kind) {
        case PointwiseKind::relu: {
            const V above = hn::IfThenElseZero(hn::Lt(z, hn::Set(d, g.max_value)), one);
            return hn::IfThenElse(hn::Gt(z, hn::Set(d, g.threshold)), above, hn::Set(d, g.negative_slope));
        }
        case PointwiseKind::sigmoid:
            return hn::Mul(a, hn::Sub(one, a));
        case PointwiseKind::tanh:
            return hn::NegMulAdd(a, a, one);
        case PointwiseKind::elu:
            return hn::IfThenElse(hn::Gt(z, hn::Zero(d)), one, hn::Exp(d, hn::Min(z, hn::Zero(d))));
        case PointwiseKind::silu: {
            const V s = sigmoid(d, z);
            const V bounded = hn::Clamp(z, hn::Set(d, -1e6F), hn::Set(d, 1e6F));  // ±∞·0 is NaN
            return hn::Mul(s, hn::MulAdd(bounded, hn::Sub(one, s), one));
        }
        default:
            return one;
    }
}

void Activate(const Pointwise& g, std::int64_t n, const float* z, float* a) {
    for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR { hn::StoreU(value(d, g, hn::LoadU(d, z + i)), d, a + i); });
}

// `z` may be null where the slope reads a only; then a stands in for it (plain ReLU: a > 0 exactly where z >
// 0).
void ActivateBackward(const Pointwise& g, std::int64_t n, const float* z, const float* a, const float* da, float* dz) {
    const float* input = z != nullptr ? z : a;
    if (g.is_plain_relu()) {  // a choice, not a product: the bits of the ReLU that is fused into the
                              // normalization
        for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
            const auto open = hn::Gt(hn::LoadU(d, a + i), hn::Zero(d));
            hn::StoreU(hn::IfThenElseZero(open, hn::LoadU(d, da + i)), d, dz + i);
        });
        return;
    }
    for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto k = slope(d, g, hn::LoadU(d, input + i), hn::LoadU(d, a + i));
        hn::StoreU(hn::Mul(hn::LoadU(d, da + i), k), d, dz + i);
    });
}

// As many rows as a vector has lanes.
HWY_INLINE void softmax_of_lanes(std::int64_t width, const float* z, float* p) {
    const hn::ScalableTag<float> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    ClassesByLane columns;
    rows_to_lanes(width, lanes, z, columns);
    softmax_by_lane(d, width, columns);
    lanes_to_rows(width, lanes, columns, p);
}

// Both ways make the same bits of a row.
void Softmax(std::int64_t rows, std::int64_t width, const float* z, float* p) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
    std::int64_t r = 0;
    if (width <= most_classes_by_lane) {
        for (; r + lanes <= rows; r += lanes) softmax_of_lanes(width, z + r * width, p + r * width);
    }
    for (; r < rows; ++r) softmax_of_row(width, z + r * width, p + r * width);
}

void SoftmaxBackward(std::int64_t rows, std::int64_t width, const float* p, const float* dp, float* dz) {
    reference::softmax_backward(rows, width, p, dp, dz);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(Activate);
HWY_EXPORT(ActivateBackward);
HWY_EXPORT(Softmax);
HWY_EXPORT(SoftmaxBackward);

bool backward_needs_input(const Pointwise& g) {
    switch (g.kind) {
        case PointwiseKind::linear:
        case PointwiseKind::sigmoid:
        case PointwiseKind::tanh:
            return false;
        case PointwiseKind::relu:
            return !g.is_plain_relu();
        default:
            return true;
    }
}

void activate(const Pointwise& g, std::int64_t n, const float* z, float* a) {
    if (g.kind == PointwiseKind::gelu) {  // needs erf, which Highway does not have
        for (std::int64_t i = 0; i < n; ++i) a[i] = reference::activate(g, z[i]);
        return;
    }
    HWY_DYNAMIC_DISPATCH(Activate)(g, n, z, a);
}

void activate_backward(const Pointwise& g, std::int64_t n, const float* z, const float* a, const float* da, float* dz) {
    if (g.kind == PointwiseKind::gelu) {
        for (std::int64_t i = 0; i < n; ++i) dz[i] = da[i] * reference::derivative(g, z[i]);
        return;
    }
    HWY_DYNAMIC_DISPATCH(ActivateBackward)(g, n, z, a, da, dz);
}

void softmax(std::int64_t rows, std::int64_t width, const float* z, float* p) {
    HWY_DYNAMIC_DISPATCH(Softmax)(rows, width, z, p);
}

void softmax_backward(std::int64_t rows, std::int64_t width, const float* p, const float* dp, float* dz) {
    HWY_DYNAMIC_DISPATCH(SoftmaxBackward)(rows, width, p, dp, dz);
}

}  // namespace evenkeel::kernels
#endif
