#include "kernels/batch_normalization.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_normalization.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// Float partial sums run over this many rows at most, so that their rounding stays near 64·2⁻²⁴ and the rows
// in L1.
constexpr std::int64_t rows_per_sum = 64;

// Chan's merge of `n_b` values into `n_a` for one channel.
HWY_INLINE void merge_one(double n_a, double& mean_a, double& m2_a, double n_b, double mean_b, double m2_b) {
    const double delta = mean_b - mean_a;
    const double share = n_b / (n_a + n_b);
    mean_a += delta * share;
    m2_a += m2_b + delta * delta * n_a * share;
}

template <class D>
HWY_INLINE void moments_of_columns(D d, std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x,
                                   double n_before, double* HWY_RESTRICT mean, double* HWY_RESTRICT m2) {
    using V = hn::Vec<D>;
    // First pass: a float mean, only to shift by. Four sums hide the latency of addition.
    V s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    std::int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        s0 = hn::Add(s0, hn::LoadU(d, x + (r + 0) * channels));
        s1 = hn::Add(s1, hn::LoadU(d, x + (r + 1) * channels));
        s2 = hn::Add(s2, hn::LoadU(d, x + (r + 2) * channels));
        s3 = hn::Add(s3, hn::LoadU(d, x + (r + 3) * channels));
    }
    for (; r < rows; ++r) s0 = hn::Add(s0, hn::LoadU(d, x + r * channels));
    const V shift = hn::Mul(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Set(d, 1.0F / static_cast<float>(rows)));

    // Second pass: Σ(x − shift) corrects the mean, Σ(x − shift)² − (Σ(x − shift))²/n is M2.
    V e0 = hn::Zero(d), e1 = hn::Zero(d), q0 = hn::Zero(d), q1 = hn::Zero(d);
    for (r = 0; r + 2 <= rows; r += 2) {
        const V d0 = hn::Sub(hn::LoadU(d, x + (r + 0) * channels), shift);
        const V d1 = hn::Sub(hn::LoadU(d, x + (r + 1) * channels), shift);
        e0 = hn::Add(e0, d0);
        e1 = hn::Add(e1, d1);
        q0 = hn::MulAdd(d0, d0, q0);
        q1 = hn::MulAdd(d1, d1, q1);
    }
    if (r < rows) {
        const V d0 = hn::Sub(hn::LoadU(d, x + r * channels), shift);
        e0 = hn::Add(e0, d0);
        q0 = hn::MulAdd(d0, d0, q0);
    }

    HWY_ALIGN float shifts[HWY_MAX_BYTES / sizeof(float)];
    HWY_ALIGN float errors[HWY_MAX_BYTES / sizeof(float)];
    HWY_ALIGN float squares[HWY_MAX_BYTES / sizeof(float)];
    hn::StoreU(shift, d, shifts);
    hn::StoreU(hn::Add(e0, e1), d, errors);
    hn::StoreU(hn::Add(q0, q1), d, squares);
    const double n = static_cast<double>(rows);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        const double error = errors[lane];
        const double block_mean = shifts[lane] + error / n;
        const double block_m2 = std::max(0.0, squares[lane] - error * error / n);
        if (n_before == 0) {
            mean[lane] = block_mean;
            m2[lane] = squares[lane] == squares[lane] ? block_m2 : squares[lane];  // max() would hide a NaN
        } else {
            merge_one(n_before, mean[lane], m2[lane], n, block_mean,
                      squares[lane] == squares[lane] ? block_m2 : squares[lane]);
        }
    }
}

void BlockMoments(std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x, double* HWY_RESTRICT mean,
                  double* HWY_RESTRICT m2) {
    for (std::int64_t first = 0; first < rows; first += rows_per_sum) {
        const std::int64_t n = std::min(rows_per_sum, rows - first);
        for_columns(channels, [&](auto d, std::int64_t c) HWY_ATTR {
            moments_of_columns(d, n, channels, x + first * channels + c, static_cast<double>(first), mean + c, m2 + c);
        });
    }
}

void MergeMoments(std::int64_t channels, double count_a, double* HWY_RESTRICT mean_a, double* HWY_RESTRICT m2_a,
                  double count_b, const double* HWY_RESTRICT mean_b, const double* HWY_RESTRICT m2_b) {
    for (std::int64_t c = 0; c < channels; ++c) merge_one(count_a, mean_a[c], m2_a[c], count_b, mean_b[c], m2_b[c]);
}

template <bool kReLU>
HWY_INLINE void normalize(std::int64_t rows, std::int64_t channels, const float* x, const float* HWY_RESTRICT mean_high,
                          const float* HWY_RESTRICT mean_low, const float* HWY_RESTRICT scale,
                          const float* HWY_RESTRICT shift, float* y) {
    for_columns(channels, [&](auto d, std::int64_t c) HWY_ATTR {
        const auto high = hn::LoadU(d, mean_high + c), low = hn::LoadU(d, mean_low + c);
        const auto s = hn::LoadU(d, scale + c), b = hn::LoadU(d, shift + c);
        for (std::int64_t r = 0; r < rows; ++r) {
            const auto centred = hn::Sub(hn::Sub(hn::LoadU(d, x + r * channels + c), high), low);
            auto v = hn::MulAdd(centred, s, b);
            if constexpr (kReLU) v = hn::IfThenZeroElse(hn::Le(v, hn::Zero(d)), v);  // max() would hide a NaN
            hn::StoreU(v, d, y + r * channels + c);
        }
    });
}

void BlockNormalize(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                    const float* mean_low, const float* scale, const float* shift, bool relu, float* y) {
    if (relu) {
        normalize<true>(rows, channels, x, mean_high, mean_low, scale, shift, y);
    } else {
        normalize<false>(rows, channels, x, mean_high, mean_low, scale, shift, y);
    }
}

void BlockBackwardSums(std::int64_t rows, std::int64_t channels, const float* x, const ChannelMoments& moments,
                       const float* a, const float* da, float* dy, double* HWY_RESTRICT sum_dy,
                       double* HWY_RESTRICT sum_dy_xhat) {
    for (std::int64_t first = 0; first < rows; first += rows_per_sum) {
        const std::int64_t end = std::min(first + rows_per_sum, rows);
        for_columns(channels, [&](auto d, std::int64_t c) HWY_ATTR {
            using V = hn::Vec<decltype(d)>;
            const V high = hn::LoadU(d, moments.mean_high + c), low = hn::LoadU(d, moments.mean_low + c);
            const V inverse = hn::LoadU(d, moments.inverse + c), zero = hn::Zero(d);
            V sums[2] = {zero, zero}, products[2] = {zero, zero};
            for (std::int64_t r = first; r < end; ++r) {
                const std::int64_t i = r * channels + c;
                V v = hn::LoadU(d, da + i);
                if (a != nullptr) v = hn::IfThenElseZero(hn::Gt(hn::LoadU(d, a + i), zero), v);
                if (a != nullptr || dy != da) hn::StoreU(v, d, dy + i);
                const V centred = hn::Sub(hn::Sub(hn::LoadU(d, x + i), high), low);
                sums[r & 1] = hn::Add(sums[r & 1], v);
                products[r & 1] = hn::MulAdd(v, centred, products[r & 1]);
            }
            HWY_ALIGN float s[HWY_MAX_BYTES / sizeof(float)];
            HWY_ALIGN float p[HWY_MAX_BYTES / sizeof(float)];
            hn::StoreU(hn::Add(sums[0], sums[1]), d, s);
            hn::StoreU(hn::Mul(hn::Add(products[0], products[1]), inverse), d, p);
            for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
                const std::int64_t at = c + static_cast<std::int64_t>(lane);
                sum_dy[at] = (first == 0 ? 0.0 : sum_dy[at]) + s[lane];
                sum_dy_xhat[at] = (first == 0 ? 0.0 : sum_dy_xhat[at]) + p[lane];
            }
        });
    }
}

void BlockBackwardInput(std::int64_t rows, std::int64_t channels, const float* x, const float* HWY_RESTRICT mean_high,
                        const float* HWY_RESTRICT mean_low, const float* HWY_RESTRICT scale,
                        const float* HWY_RESTRICT mean_dy, const float* HWY_RESTRICT slope, const float* dy,
                        float* dx) {
    for_columns(channels, [&](auto d, std::int64_t c) HWY_ATTR {
        const auto high = hn::LoadU(d, mean_high + c), low = hn::LoadU(d, mean_low + c);
        const auto g = hn::LoadU(d, scale + c), mean = hn::LoadU(d, mean_dy + c), k = hn::LoadU(d, slope + c);
        for (std::int64_t r = 0; r < rows; ++r) {
            const std::int64_t i = r * channels + c;
            const auto centred = hn::Sub(hn::Sub(hn::LoadU(d, x + i), high), low);
            const auto v = hn::NegMulAdd(centred, k, hn::Sub(hn::LoadU(d, dy + i), mean));
            hn::StoreU(hn::Mul(v, g), d, dx + i);
        }
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(BlockMoments);
HWY_EXPORT(MergeMoments);
HWY_EXPORT(BlockNormalize);
HWY_EXPORT(BlockBackwardSums);
HWY_EXPORT(BlockBackwardInput);

void block_moments(std::int64_t rows, std::int64_t channels, const float* x, double* mean, double* m2) {
    HWY_DYNAMIC_DISPATCH(BlockMoments)(rows, channels, x, mean, m2);
}

void merge_moments(std::int64_t channels, double count_a, double* mean_a, double* m2_a, double count_b,
                   const double* mean_b, const double* m2_b) {
    HWY_DYNAMIC_DISPATCH(MergeMoments)(channels, count_a, mean_a, m2_a, count_b, mean_b, m2_b);
}

void block_normalize(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                     const float* mean_low, const float* scale, const float* shift, bool relu, float* y) {
    HWY_DYNAMIC_DISPATCH(BlockNormalize)(rows, channels, x, mean_high, mean_low, scale, shift, relu, y);
}

void block_backward_sums(std::int64_t rows, std::int64_t channels, const float* x, const ChannelMoments& moments,
                         const float* a, const float* da, float* dy, double* sum_dy, double* sum_dy_xhat) {
    HWY_DYNAMIC_DISPATCH(BlockBackwardSums)(rows, channels, x, moments, a, da, dy, sum_dy, sum_dy_xhat);
}

void block_backward_input(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                          const float* mean_low, const float* scale, const float* mean_dy, const float* slope,
                          const float* dy, float* dx) {
    HWY_DYNAMIC_DISPATCH(BlockBackwardInput)
    (rows, channels, x, mean_high, mean_low, scale, mean_dy, slope, dy, dx);
}

}  // namespace evenkeel::kernels
#endif
