#include "kernels/channel_coefficients.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/channel_coefficients.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "kernels/columns-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const double* p) {
    return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* p) {
    return load_as_doubles(d, p);
}

// Too large a number becomes infinite. Highway's own portable way would make the largest finite one of it.
template <class D>
HWY_INLINE hn::Vec<hn::Rebind<float, D>> to_floats(D d, hn::Vec<D> v) {
    const hn::Rebind<float, D> f;
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
    HWY_ALIGN double from[hn::MaxLanes(d)];
    HWY_ALIGN float to[hn::MaxLanes(d)];
    hn::Store(v, d, from);
    std::transform(from, from + hn::Lanes(d), to, [](double x) { return static_cast<float>(x); });
    return hn::Load(f, to);
#else
    static_cast<void>(d);
    return hn::DemoteTo(f, v);
#endif
}

template <class D>
HWY_INLINE void store_as_floats(hn::Vec<D> v, D d, float* p) {
    hn::StoreU(to_floats(d, v), hn::Rebind<float, D>(), p);
}

template <typename T>
HWY_INLINE bool coefficients(std::int64_t channels, const T* mean, const T* m2, const float* bias, double count,
                             double epsilon, const float* gamma, const float* beta, const ChannelCoefficients& out) {
    bool finite = true;
    for_doubles(channels, [&](auto d, std::int64_t c) HWY_ATTR {
        const hn::Rebind<float, decltype(d)> f;
        auto mu = load(d, mean + c);
        if (bias != nullptr) mu = hn::Sub(mu, load(d, bias + c));
        const auto variance = hn::Div(load(d, m2 + c), hn::Set(d, count));
        finite = finite && hn::AllTrue(d, hn::And(hn::IsFinite(mu), hn::IsFinite(variance)));
        const auto inverse = hn::Div(hn::Set(d, 1.0), hn::Sqrt(hn::Add(variance, hn::Set(d, epsilon))));
        const auto high = to_floats(d, mu);
        hn::StoreU(high, f, out.mean_high + c);
        store_as_floats(hn::Sub(mu, hn::PromoteTo(d, high)), d, out.mean_low + c);
        store_as_floats(inverse, d, out.inverse + c);
        const auto scale = gamma != nullptr ? hn::Mul(load(d, gamma + c), inverse) : inverse;
        store_as_floats(scale, d, out.scale + c);
        hn::StoreU(beta != nullptr ? hn::LoadU(f, beta + c) : hn::Zero(f), f, out.shift + c);
    });
    return finite;
}

bool FromBatch(std::int64_t channels, const double* mean, const double* m2, double count, double epsilon,
               const float* gamma, const float* beta, const ChannelCoefficients& out) {
    return coefficients(channels, mean, m2, nullptr, count, epsilon, gamma, beta, out);
}

void FromMoving(std::int64_t channels, const float* mean, const float* variance, const float* bias, double epsilon,
                const float* gamma, const float* beta, const ChannelCoefficients& out) {
    coefficients(channels, mean, variance, bias, 1.0, epsilon, gamma, beta, out);
}

void GradientCoefficients(std::int64_t channels, const double* sum_dy, const double* sum_dy_xhat, double share,
                          const float* inverse, float* mean_dy, float* slope) {
    for_doubles(channels, [&](auto d, std::int64_t c) HWY_ATTR {
        const auto mean_dy_xhat = hn::Mul(load(d, sum_dy_xhat + c), hn::Set(d, share));
        store_as_floats(hn::Mul(load(d, sum_dy + c), hn::Set(d, share)), d, mean_dy + c);
        store_as_floats(hn::Mul(mean_dy_xhat, load(d, inverse + c)), d, slope + c);
    });
}

template <class D>
HWY_INLINE void move(D d, hn::Vec<D> batch, double share, float* moving) {
    const hn::Rebind<float, D> f;
    const auto before = load(d, moving);
    const auto after = to_floats(d, hn::Add(before, hn::Mul(hn::Set(d, share), hn::Sub(batch, before))));
    const auto is_subnormal = hn::Lt(hn::Abs(after), hn::Set(f, std::numeric_limits<float>::min()));
    hn::StoreU(hn::IfThenZeroElse(is_subnormal, after), f, moving);
}

void MoveStatistics(std::int64_t channels, double share, const double* mean, const double* m2, double divisor,
                    float* moving_mean, float* moving_variance) {
    for_doubles(channels, [&](auto d, std::int64_t c) HWY_ATTR {
        move(d, load(d, mean + c), share, moving_mean + c);
        move(d, hn::Div(load(d, m2 + c), hn::Set(d, divisor)), share, moving_variance + c);
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(FromBatch);
HWY_EXPORT(FromMoving);
HWY_EXPORT(GradientCoefficients);
HWY_EXPORT(MoveStatistics);

bool channel_coefficients(std::int64_t channels, const double* mean, const double* m2, double count, double epsilon,
                          const float* gamma, const float* beta, const ChannelCoefficients& out) {
    return HWY_DYNAMIC_DISPATCH(FromBatch)(channels, mean, m2, count, epsilon, gamma, beta, out);
}

void channel_coefficients(std::int64_t channels, const float* mean, const float* variance, const float* bias,
                          double epsilon, const float* gamma, const float* beta, const ChannelCoefficients& out) {
    HWY_DYNAMIC_DISPATCH(FromMoving)(channels, mean, variance, bias, epsilon, gamma, beta, out);
}

void gradient_coefficients(std::int64_t channels, const double* sum_dy, const double* sum_dy_xhat, double share,
                           const float* inverse, float* mean_dy, float* slope) {
    HWY_DYNAMIC_DISPATCH(GradientCoefficients)(channels, sum_dy, sum_dy_xhat, share, inverse, mean_dy, slope);
}

void move_statistics(std::int64_t channels, double share, const double* mean, const double* m2, double divisor,
                     float* moving_mean, float* moving_variance) {
    HWY_DYNAMIC_DISPATCH(MoveStatistics)(channels, share, mean, m2, divisor, moving_mean, moving_variance);
}

}  // namespace evenkeel::kernels
#endif
