#include "kernels/channel_coefficients.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/channel_coefficients.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load_as_double(D d, const double* p) {
    return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> load_as_double(D d, const float* p) {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), p));
}

template <class D, typename T>
HWY_INLINE void coefficients(D d, std::int64_t c, const T* mean, const T* m2, const float* bias, double count,
                             double epsilon, const float* gamma, const float* beta, const ChannelCoefficients& out) {
    const hn::Rebind<float, D> f;
    auto mu = load_as_double(d, mean + c);
    if (bias != nullptr) mu = hn::Sub(mu, load_as_double(d, bias + c));
    const auto variance = hn::Div(load_as_double(d, m2 + c), hn::Set(d, count));
    const auto inverse = hn::Div(hn::Set(d, 1.0), hn::Sqrt(hn::Add(variance, hn::Set(d, epsilon))));
    const auto high = hn::DemoteTo(f, mu);
    hn::StoreU(high, f, out.mean_high + c);
    hn::StoreU(hn::DemoteTo(f, hn::Sub(mu, hn::PromoteTo(d, high))), f, out.mean_low + c);
    hn::StoreU(hn::DemoteTo(f, inverse), f, out.inverse + c);
    const auto scale = gamma != nullptr ? hn::Mul(load_as_double(d, gamma + c), inverse) : inverse;
    hn::StoreU(hn::DemoteTo(f, scale), f, out.scale + c);
    hn::StoreU(beta != nullptr ? hn::LoadU(f, beta + c) : hn::Zero(f), f, out.shift + c);
}

template <typename T>
HWY_INLINE void all_coefficients(std::int64_t channels, const T* mean, const T* m2, const float* bias, double count,
                                 double epsilon, const float* gamma, const float* beta,
                                 const ChannelCoefficients& out) {
    const hn::ScalableTag<double> full;
    const hn::CappedTag<double, 1> one;
    const auto step = static_cast<std::int64_t>(hn::Lanes(full));
    std::int64_t c = 0;
    for (; c + step <= channels; c += step) coefficients(full, c, mean, m2, bias, count, epsilon, gamma, beta, out);
    for (; c < channels; ++c) coefficients(one, c, mean, m2, bias, count, epsilon, gamma, beta, out);
}

void FromBatch(std::int64_t channels, const double* mean, const double* m2, double count, double epsilon,
               const float* gamma, const float* beta, const ChannelCoefficients& out) {
    all_coefficients(channels, mean, m2, nullptr, count, epsilon, gamma, beta, out);
}

void FromMoving(std::int64_t channels, const float* mean, const float* variance, const float* bias, double epsilon,
                const float* gamma, const float* beta, const ChannelCoefficients& out) {
    all_coefficients(channels, mean, variance, bias, 1.0, epsilon, gamma, beta, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(FromBatch);
HWY_EXPORT(FromMoving);

void channel_coefficients(std::int64_t channels, const double* mean, const double* m2, double count, double epsilon,
                          const float* gamma, const float* beta, const ChannelCoefficients& out) {
    HWY_DYNAMIC_DISPATCH(FromBatch)(channels, mean, m2, count, epsilon, gamma, beta, out);
}

void channel_coefficients(std::int64_t channels, const float* mean, const float* variance, const float* bias,
                          double epsilon, const float* gamma, const float* beta, const ChannelCoefficients& out) {
    HWY_DYNAMIC_DISPATCH(FromMoving)(channels, mean, variance, bias, epsilon, gamma, beta, out);
}

}  // namespace evenkeel::kernels
#endif
