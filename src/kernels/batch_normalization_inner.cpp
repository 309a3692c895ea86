#include "kernels/batch_normalization_inner.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_normalization_inner.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// Sums over one run of `inner` values: vectors first, then quarters and single values, added up in double.
template <class Term>
HWY_INLINE double sum_over(std::int64_t inner, const Term& term) {
    double total = 0;
    for (std::int64_t first = 0; first < inner; first += 1024) {
        const std::int64_t n = std::min<std::int64_t>(1024, inner - first);
        const hn::ScalableTag<float> full;
        auto sums = hn::Zero(full);
        for_columns(n, [&](auto d, std::int64_t i) HWY_ATTR {
            const auto v = term(d, first + i);
            if constexpr (hn::MaxLanes(d) == hn::MaxLanes(full)) {
                sums = hn::Add(sums, v);
            } else {
                total += hn::GetLane(hn::SumOfLanes(d, v));
            }
        });
        total += hn::GetLane(hn::SumOfLanes(full, sums));
    }
    return total;
}

void BlockMomentsInner(const InnerBlock& block, const float* x, double* mean, double* m2) {
    const double n = static_cast<double>(block.inner);
    for (std::int64_t o = 0; o < block.outer; ++o) {
        for (std::int64_t c = 0; c < block.channels; ++c) {
            const float* run = x + (o * block.channels + c) * block.inner;
            const auto shift = static_cast<float>(
                sum_over(block.inner, [&](auto d, std::int64_t i) HWY_ATTR { return hn::LoadU(d, run + i); }) / n);
            const double error = sum_over(block.inner, [&](auto d, std::int64_t i) HWY_ATTR {
                return hn::Sub(hn::LoadU(d, run + i), hn::Set(d, shift));
            });
            const double squares = sum_over(block.inner, [&](auto d, std::int64_t i) HWY_ATTR {
                const auto e = hn::Sub(hn::LoadU(d, run + i), hn::Set(d, shift));
                return hn::Mul(e, e);
            });
            const double run_mean = shift + error / n;
            const double run_m2 = squares == squares ? std::max(0.0, squares - error * error / n) : squares;
            if (o == 0) {
                mean[c] = run_mean;
                m2[c] = run_m2;
            } else {
                const double before = static_cast<double>(o) * n, delta = run_mean - mean[c], share = n / (before + n);
                mean[c] += delta * share;
                m2[c] += run_m2 + delta * delta * before * share;
            }
        }
    }
}

void BlockNormalizeInner(const InnerBlock& block, const float* x, const float* mean_high, const float* mean_low,
                         const float* scale, const float* shift, bool relu, float* y) {
    for (std::int64_t o = 0; o < block.outer; ++o) {
        for (std::int64_t c = 0; c < block.channels; ++c) {
            const std::int64_t at = (o * block.channels + c) * block.inner;
            for_columns(block.inner, [&](auto d, std::int64_t i) HWY_ATTR {
                const auto centred =
                    hn::Sub(hn::Sub(hn::LoadU(d, x + at + i), hn::Set(d, mean_high[c])), hn::Set(d, mean_low[c]));
                auto v = hn::MulAdd(centred, hn::Set(d, scale[c]), hn::Set(d, shift[c]));
                if (relu) v = hn::IfThenZeroElse(hn::Le(v, hn::Zero(d)), v);  // max() would hide a NaN
                hn::StoreU(v, d, y + at + i);
            });
        }
    }
}

void BlockBackwardSumsInner(const InnerBlock& block, const float* x, const ChannelMoments& moments, const float* a,
                            const float* da, float* dy, double* sum_dy, double* sum_dy_xhat) {
    std::fill(sum_dy, sum_dy + block.channels, 0.0);
    std::fill(sum_dy_xhat, sum_dy_xhat + block.channels, 0.0);
    for (std::int64_t o = 0; o < block.outer; ++o) {
        for (std::int64_t c = 0; c < block.channels; ++c) {
            const std::int64_t at = (o * block.channels + c) * block.inner;
            const float* gradient = dy != nullptr ? dy : da;
            if (dy != nullptr) {
                for_columns(block.inner, [&](auto d, std::int64_t i) HWY_ATTR {
                    auto v = hn::LoadU(d, da + at + i);
                    if (a != nullptr) v = hn::IfThenElseZero(hn::Gt(hn::LoadU(d, a + at + i), hn::Zero(d)), v);
                    hn::StoreU(v, d, dy + at + i);
                });
            }
            sum_dy[c] +=
                sum_over(block.inner, [&](auto d, std::int64_t i) HWY_ATTR { return hn::LoadU(d, gradient + at + i); });
            sum_dy_xhat[c] += moments.inverse[c] * sum_over(block.inner, [&](auto d, std::int64_t i) HWY_ATTR {
                                  const auto centred =
                                      hn::Sub(hn::Sub(hn::LoadU(d, x + at + i), hn::Set(d, moments.mean_high[c])),
                                              hn::Set(d, moments.mean_low[c]));
                                  return hn::Mul(hn::LoadU(d, gradient + at + i), centred);
                              });
        }
    }
}

void BlockBackwardInputInner(const InnerBlock& block, const float* x, const float* mean_high, const float* mean_low,
                             const float* scale, const float* mean_dy, const float* slope, const float* dy, float* dx) {
    for (std::int64_t o = 0; o < block.outer; ++o) {
        for (std::int64_t c = 0; c < block.channels; ++c) {
            const std::int64_t at = (o * block.channels + c) * block.inner;
            for_columns(block.inner, [&](auto d, std::int64_t i) HWY_ATTR {
                const auto centred =
                    hn::Sub(hn::Sub(hn::LoadU(d, x + at + i), hn::Set(d, mean_high[c])), hn::Set(d, mean_low[c]));
                const auto v = hn::NegMulAdd(centred, hn::Set(d, slope[c]),
                                             hn::Sub(hn::LoadU(d, dy + at + i), hn::Set(d, mean_dy[c])));
                hn::StoreU(hn::Mul(v, hn::Set(d, scale[c])), d, dx + at + i);
            });
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(BlockMomentsInner);
HWY_EXPORT(BlockNormalizeInner);
HWY_EXPORT(BlockBackwardSumsInner);
HWY_EXPORT(BlockBackwardInputInner);

void block_moments_inner(const InnerBlock& block, const float* x, double* mean, double* m2) {
    HWY_DYNAMIC_DISPATCH(BlockMomentsInner)(block, x, mean, m2);
}

void block_normalize_inner(const InnerBlock& block, const float* x, const float* mean_high, const float* mean_low,
                           const float* scale, const float* shift, bool relu, float* y) {
    HWY_DYNAMIC_DISPATCH(BlockNormalizeInner)(block, x, mean_high, mean_low, scale, shift, relu, y);
}

void block_backward_sums_inner(const InnerBlock& block, const float* x, const ChannelMoments& moments, const float* a,
                               const float* da, float* dy, double* sum_dy, double* sum_dy_xhat) {
    HWY_DYNAMIC_DISPATCH(BlockBackwardSumsInner)(block, x, moments, a, da, dy, sum_dy, sum_dy_xhat);
}

void block_backward_input_inner(const InnerBlock& block, const float* x, const float* mean_high, const float* mean_low,
                                const float* scale, const float* mean_dy, const float* slope, const float* dy,
                                float* dx) {
    HWY_DYNAMIC_DISPATCH(BlockBackwardInputInner)
    (block, x, mean_high, mean_low, scale, mean_dy, slope, dy, dx);
}

}  // namespace evenkeel::kernels
#endif
