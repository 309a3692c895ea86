#include "kernels/optimizer.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/optimizer.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

#include <algorithm>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

void Sgd(const SgdStep& step, std::int64_t n, const float* HWY_RESTRICT g, float* HWY_RESTRICT m,
         float* HWY_RESTRICT w) {
    for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto change = hn::Mul(hn::Set(d, step.rate), hn::LoadU(d, g + i));
        const auto kept = hn::Mul(hn::LoadU(d, w + i), hn::Set(d, step.decay));
        if (m == nullptr) {
            hn::StoreU(hn::Sub(kept, change), d, w + i);
            return;
        }
        const auto mu = hn::Set(d, step.momentum);
        const auto velocity = hn::Sub(hn::Mul(hn::LoadU(d, m + i), mu), change);
        hn::StoreU(velocity, d, m + i);
        hn::StoreU(hn::Add(kept, step.nesterov ? hn::Sub(hn::Mul(velocity, mu), change) : velocity), d, w + i);
    });
}

void Rmsprop(const RmspropStep& step, std::int64_t n, const float* HWY_RESTRICT g, float* HWY_RESTRICT square,
             float* HWY_RESTRICT average, float* HWY_RESTRICT velocity, float* HWY_RESTRICT w) {
    for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto rho = hn::Set(d, step.rho), rest = hn::Set(d, 1.0F - step.rho);
        const auto gradient = hn::LoadU(d, g + i);
        const auto v = hn::MulAdd(hn::LoadU(d, square + i), rho, hn::Mul(rest, hn::Mul(gradient, gradient)));
        hn::StoreU(v, d, square + i);
        auto denominator = v;
        if (average != nullptr) {
            const auto a = hn::MulAdd(hn::LoadU(d, average + i), rho, hn::Mul(rest, gradient));
            hn::StoreU(a, d, average + i);
            // For a steady gradient v and a² agree but for rounding, which may be larger than ε.
            denominator = hn::Max(hn::NegMulAdd(a, a, denominator), hn::Zero(d));
        }
        const auto root = hn::Sqrt(hn::Add(denominator, hn::Set(d, step.epsilon)));
        auto increment = hn::Div(hn::Mul(hn::Set(d, step.rate), gradient), root);
        if (velocity != nullptr) {
            increment = hn::MulAdd(hn::LoadU(d, velocity + i), hn::Set(d, step.momentum), increment);
            hn::StoreU(increment, d, velocity + i);
        }
        hn::StoreU(hn::Sub(hn::Mul(hn::LoadU(d, w + i), hn::Set(d, step.decay)), increment), d, w + i);
    });
}

void Adam(const AdamStep& step, std::int64_t n, const float* HWY_RESTRICT g, float* HWY_RESTRICT m,
          float* HWY_RESTRICT v, float* HWY_RESTRICT w) {
    for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto gradient = hn::LoadU(d, g + i);
        const auto m_old = hn::LoadU(d, m + i), v_old = hn::LoadU(d, v + i);
        const auto m_new = hn::MulAdd(hn::Sub(gradient, m_old), hn::Set(d, step.rest_1), m_old);
        const auto v_new = hn::MulAdd(hn::Sub(hn::Mul(gradient, gradient), v_old), hn::Set(d, step.rest_2), v_old);
        hn::StoreU(m_new, d, m + i);
        hn::StoreU(v_new, d, v + i);
        const auto change =
            hn::Div(hn::Mul(m_new, hn::Set(d, step.alpha)), hn::Add(hn::Sqrt(v_new), hn::Set(d, step.epsilon)));
        hn::StoreU(hn::Sub(hn::Mul(hn::LoadU(d, w + i), hn::Set(d, step.decay)), change), d, w + i);
    });
}

void AddRegularizerGradient(float l1, float l2, std::int64_t n, const float* HWY_RESTRICT w, float* HWY_RESTRICT g) {
    for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto weight = hn::LoadU(d, w + i), zero = hn::Zero(d), plus = hn::Set(d, l1);
        const auto sign =
            hn::IfThenElse(hn::Gt(weight, zero), plus, hn::IfThenElseZero(hn::Lt(weight, zero), hn::Neg(plus)));
        const auto slope = hn::MulAdd(weight, hn::Set(d, 2.0F * l2), sign);
        hn::StoreU(hn::Add(hn::LoadU(d, g + i), slope), d, g + i);
    });
}

void Clip(float limit, float factor, std::int64_t n, float* g) {
    for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto clamped = hn::Clamp(hn::LoadU(d, g + i), hn::Set(d, -limit), hn::Set(d, limit));
        hn::StoreU(hn::Mul(clamped, hn::Set(d, factor)), d, g + i);
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace evenkeel::kernels {

HWY_EXPORT(Sgd);
HWY_EXPORT(Rmsprop);
HWY_EXPORT(Adam);
HWY_EXPORT(AddRegularizerGradient);
HWY_EXPORT(Clip);

void sgd(const SgdStep& step, std::int64_t n, const float* g, float* m, float* w) {
    HWY_DYNAMIC_DISPATCH(Sgd)(step, n, g, m, w);
}

void rmsprop(const RmspropStep& step, std::int64_t n, const float* g, float* square, float* average, float* velocity,
             float* w) {
    HWY_DYNAMIC_DISPATCH(Rmsprop)(step, n, g, square, average, velocity, w);
}

void adam(const AdamStep& step, std::int64_t n, const float* g, float* m, float* v, float* w) {
    HWY_DYNAMIC_DISPATCH(Adam)(step, n, g, m, v, w);
}

void add_regularizer_gradient(float l1, float l2, std::int64_t n, const float* w, float* g) {
    HWY_DYNAMIC_DISPATCH(AddRegularizerGradient)(l1, l2, n, w, g);
}

void clip(float limit, float factor, std::int64_t n, float* g) {
    HWY_DYNAMIC_DISPATCH(Clip)(limit, factor, n, g);
}

double sum_of_squares(std::int64_t n, const float* g) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(g[i]) * g[i];
    return sum;
}

double sum_of_magnitudes(std::int64_t n, const float* g) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += std::abs(static_cast<double>(g[i]));
    return sum;
}

}  // namespace evenkeel::kernels
#endif
