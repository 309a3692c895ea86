// The fast kernels of batch normalization against the formulas in double on the same floats, for every
// instruction set, awkward sizes, channels last and channels in the middle. u = 2⁻²⁴ is half an ulp of 1.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>
#include <tuple>

#include "kernels/batch_normalization.hpp"
#include "kernels/batch_normalization_inner.hpp"
#include "kernels/reference/batch_normalization.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using kernels::InnerBlock;
using kernels::Place;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;
constexpr double u = 0x1p-24;

/// inner = 1 runs the kernels for channels last, anything else those for channels in the middle.
std::vector<InnerBlock> awkward_sizes() {
    std::vector<InnerBlock> sizes;
    for (const std::int64_t channels : {1, 3, 4, 5, 16, 17, 63, 64, 100, 129}) {
        for (const std::int64_t rows : {1, 2, 63, 64, 65, 130}) sizes.push_back({rows, channels, 1});
    }
    for (const std::int64_t channels : {1, 3, 5, 17}) {
        for (const std::int64_t inner : {2, 3, 4, 5, 17, 63, 64, 100, 1025}) {
            for (const std::int64_t outer : {1, 3}) sizes.push_back({outer, channels, inner});
        }
    }
    return sizes;
}

std::string text(const InnerBlock& s) {
    return fmt::format("[{}, {}, {}]", s.outer, s.channels, s.inner);
}
std::int64_t total(const InnerBlock& s) {
    return s.outer * s.channels * s.inner;
}

void moments(const InnerBlock& s, const Floats& x, Doubles& mean, Doubles& m2, Place place) {
    mean.assign(static_cast<std::size_t>(s.channels), -1);
    m2.assign(static_cast<std::size_t>(s.channels), -1);
    if (s.inner == 1) {
        kernels::block_moments(s.outer, s.channels, x.data(), mean.data(), m2.data(), place);
    } else {
        kernels::block_moments_inner(s, x.data(), mean.data(), m2.data());
    }
}

struct Coefficients {
    Floats high, low, inverse, scale, shift, mean_dy, slope;
};

Coefficients coefficients(std::int64_t channels, double mean) {
    Coefficients c;
    c.high = normal_values<float>(channels, 61, mean, 0.5);
    c.low = normal_values<float>(channels, 62, 0, 1e-3);
    c.inverse = normal_values<float>(channels, 63, 1.0, 0.1);
    c.scale = normal_values<float>(channels, 64, 0.5, 1.0);
    c.shift = normal_values<float>(channels, 65);
    c.mean_dy = normal_values<float>(channels, 66, 0, 0.1);
    c.slope = normal_values<float>(channels, 67, 0, 0.1);
    return c;
}

void normalize(const InnerBlock& s, const Floats& x, const Coefficients& c, bool relu, Floats& y) {
    if (s.inner == 1) {
        kernels::block_normalize(s.outer, s.channels, x.data(), c.high.data(), c.low.data(), c.scale.data(),
                                 c.shift.data(), relu, y.data());
    } else {
        kernels::block_normalize_inner(s, x.data(), c.high.data(), c.low.data(), c.scale.data(), c.shift.data(), relu,
                                       y.data());
    }
}

class BatchNormalizationKernels : public ::testing::TestWithParam<std::tuple<std::string, Place>> {
    ForcedSimd forced_{std::get<std::string>(GetParam())};

  protected:
    static Place place() { return std::get<Place>(GetParam()); }
};

TEST_P(BatchNormalizationKernels, MomentsAreThoseOfTheSameFloatsInDouble) {
    for (const InnerBlock& s : awkward_sizes()) {
        for (const double mean_of_x : {0.0, 1e3}) {
            SCOPED_TRACE(text(s) + fmt::format(" around {}", mean_of_x));
            const Floats x = normal_values<float>(total(s), 51, mean_of_x);
            Doubles mean, m2, want(s.channels), variance(s.channels);
            moments(s, x, mean, m2, place());
            const kernels::reference::BatchShape shape{s.outer, s.channels, s.inner};
            kernels::reference::batch_statistics(shape, as_double(x).data(), want.data(), variance.data());
            const double m = static_cast<double>(shape.values_per_channel());
            for (std::int64_t c = 0; c < s.channels; ++c) {
                // x is shifted by a float mean that is off by at most 2⁻²⁴·(a sum's length)·|μ|, called δ.
                // Sums of x − shift then run over at most 1024/4 + 3 floats in a lane: their error is that
                // many u at most, and 64 suffice because roundings of random signs grow like a root.
                const double delta = 40 * u * std::abs(want[c]);
                const double sigma = std::sqrt(variance[c]) + delta;
                ASSERT_NEAR(mean[c], want[c], 64 * u * sigma) << "channel " << c;
                ASSERT_NEAR(m2[c] / m, variance[c], 64 * u * sigma * sigma) << "channel " << c;
                ASSERT_GE(m2[c], 0);
            }
        }
    }
}

TEST_P(BatchNormalizationKernels, NaNAndInfinityReachTheMomentsFromEveryRow) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (const InnerBlock& s : {InnerBlock{1, 5, 1}, InnerBlock{2, 17, 1}, InnerBlock{130, 5, 1}, InnerBlock{65, 17, 1},
                                InnerBlock{3, 5, 7}, InnerBlock{2, 3, 1027}}) {
        const Floats good = normal_values<float>(total(s), 52);
        for (const float value : bad) {
            for (std::int64_t at = 0; at<total(s); at += total(s)> 2000 ? 7 : 1) {
                Floats x = good;
                x[at] = value;
                Doubles mean, m2;
                moments(s, x, mean, m2, place());
                const std::int64_t hit = at / s.inner % s.channels;
                for (std::int64_t c = 0; c < s.channels; ++c) {
                    ASSERT_EQ(std::isfinite(mean[c]) && std::isfinite(m2[c]), c != hit)
                        << text(s) << " " << value << " at " << at << ", channel " << c;
                }
            }
        }
    }
}

TEST_P(BatchNormalizationKernels, ValuesThatOverflowDoNotLookFinite) {
    for (const InnerBlock& s : {InnerBlock{130, 5, 1}, InnerBlock{3, 5, 70}}) {
        Floats x = normal_values<float>(total(s), 53, 0, 1e30);
        Doubles mean, m2;
        moments(s, x, mean, m2, place());
        for (const double v : m2) EXPECT_FALSE(std::isfinite(v)) << "squares of 1e30 are beyond float";
    }
}

TEST_P(BatchNormalizationKernels, NormalizeIsItsFormula) {
    for (const InnerBlock& s : awkward_sizes()) {
        for (const double mean : {0.0, 1e6}) {
            SCOPED_TRACE(text(s));
            const Floats x = normal_values<float>(total(s), 54, mean);
            const Coefficients k = coefficients(s.channels, mean);
            Floats y(x.size()), with_relu(x.size()), in_place = x, in_place_relu = x;
            normalize(s, x, k, false, y);
            normalize(s, x, k, true, with_relu);
            normalize(s, in_place, k, false, in_place);
            normalize(s, in_place_relu, k, true, in_place_relu);
            ASSERT_EQ(in_place, y);
            ASSERT_EQ(in_place_relu, with_relu);
            for (std::int64_t i = 0; i < total(s); ++i) {
                const std::int64_t c = i / s.inner % s.channels;
                const double first = static_cast<double>(x[i]) - k.high[c], centred = first - k.low[c];
                const double want = centred * k.scale[c] + k.shift[c];
                // Two differences and one fused product, each rounded once.
                const double bound =
                    1.01 * u * (std::abs(k.scale[c]) * (std::abs(first) + std::abs(centred)) + std::abs(want));
                ASSERT_NEAR(y[i], want, 2 * bound + 1e-40) << i;  // 2: sse4 and portable have no fused product
                ASSERT_EQ(with_relu[i], y[i] > 0 ? y[i] : 0.0F);
            }
        }
    }
}

TEST_P(BatchNormalizationKernels, TheFusedReLUDoesNotSwallowNaN) {
    for (const InnerBlock& s : {InnerBlock{7, 21, 1}, InnerBlock{2, 3, 23}}) {
        Floats x(static_cast<std::size_t>(total(s)), NAN), y(x.size());
        normalize(s, x, coefficients(s.channels, 0), true, y);
        for (const float v : y) ASSERT_TRUE(std::isnan(v)) << text(s);
    }
}

TEST_P(BatchNormalizationKernels, BackwardIsItsFormula) {
    for (const InnerBlock& s : awkward_sizes()) {
        for (const bool relu : {false, true}) {
            SCOPED_TRACE(text(s) + (relu ? " with ReLU" : ""));
            const Floats x = normal_values<float>(total(s), 55, 3.0), da = normal_values<float>(total(s), 56);
            const Coefficients k = coefficients(s.channels, 3.0);
            Floats a(x.size());
            normalize(s, x, k, relu, a);
            const kernels::ChannelMoments moments_{k.high.data(), k.low.data(), k.inverse.data()};
            const auto sums = [&](const float* gradient, float* dy, Doubles& sum, Doubles& sum_xhat) {
                sum.assign(static_cast<std::size_t>(s.channels), -1);
                sum_xhat.assign(static_cast<std::size_t>(s.channels), -1);
                const float* behind = relu ? a.data() : nullptr;
                if (s.inner == 1) {
                    kernels::block_backward_sums(s.outer, s.channels, x.data(), moments_, behind, gradient, dy,
                                                 sum.data(), sum_xhat.data(), place());
                } else {
                    kernels::block_backward_sums_inner(s, x.data(), moments_, behind, gradient, dy, sum.data(),
                                                       sum_xhat.data());
                }
            };
            const auto input = [&](const Floats& dy, float* dx) {
                if (s.inner == 1) {
                    kernels::block_backward_input(s.outer, s.channels, x.data(), k.high.data(), k.low.data(),
                                                  k.scale.data(), k.mean_dy.data(), k.slope.data(), dy.data(), dx);
                } else {
                    kernels::block_backward_input_inner(s, x.data(), k.high.data(), k.low.data(), k.scale.data(),
                                                        k.mean_dy.data(), k.slope.data(), dy.data(), dx);
                }
            };
            Floats dy(x.size()), dy_in_place = da, dx(x.size());
            Doubles sum, sum_xhat, sum_2, sum_xhat_2;
            sums(da.data(), dy.data(), sum, sum_xhat);
            sums(dy_in_place.data(), dy_in_place.data(), sum_2, sum_xhat_2);
            ASSERT_EQ(dy_in_place, dy);
            ASSERT_EQ(sum_2, sum);
            ASSERT_EQ(sum_xhat_2, sum_xhat);
            input(dy, dx.data());
            input(dy_in_place, dy_in_place.data());
            ASSERT_EQ(dy_in_place, dx);

            Doubles want(s.channels), want_xhat(s.channels), size(s.channels), size_xhat(s.channels);
            for (std::int64_t i = 0; i < total(s); ++i) {
                const std::int64_t c = i / s.inner % s.channels;
                ASSERT_EQ(dy[i], !relu || a[i] > 0 ? da[i] : 0.0F) << i;
                const double first = static_cast<double>(x[i]) - k.high[c], centred = first - k.low[c];
                want[c] += dy[i];
                size[c] += std::abs(dy[i]);
                want_xhat[c] += dy[i] * centred * k.inverse[c];
                size_xhat[c] += std::abs(dy[i]) * (std::abs(first) + std::abs(centred)) * k.inverse[c];
                // Five roundings, each of a term that is no larger than these three together.
                const double v = dy[i] - k.mean_dy[c] - centred * k.slope[c];
                const double terms = std::abs(dy[i]) + std::abs(k.mean_dy[c]) +
                                     (std::abs(first) + std::abs(centred)) * std::abs(k.slope[c]);
                ASSERT_NEAR(dx[i], v * k.scale[c], 5 * u * terms * std::abs(k.scale[c]) + 1e-40) << i;
            }
            for (std::int64_t c = 0; c < s.channels; ++c) {
                // Float sums of at most 64 rows (or 1024 values over the lanes): as for the moments.
                ASSERT_NEAR(sum[c], want[c], 64 * u * size[c]) << c;
                ASSERT_NEAR(sum_xhat[c], want_xhat[c], 64 * u * size_xhat[c]) << c;
            }
        }
    }
}

TEST_P(BatchNormalizationKernels, AnyCutIntoBlocksMergesToTheSameMoments) {
    const std::int64_t rows = 130, channels = 17;
    const Floats x = normal_values<float>(rows * channels, 57, 100.0);
    Doubles whole_mean, whole_m2;
    moments({rows, channels, 1}, x, whole_mean, whole_m2, place());
    for (const std::int64_t cut : {1, 16, 63, 64, 65, 129}) {
        Doubles mean, m2, mean_b, m2_b;
        moments({cut, channels, 1}, x, mean, m2, place());
        moments({rows - cut, channels, 1}, Floats(x.begin() + cut * channels, x.end()), mean_b, m2_b, place());
        kernels::merge_moments(channels, static_cast<double>(cut), mean.data(), m2.data(),
                               static_cast<double>(rows - cut), mean_b.data(), m2_b.data());
        for (std::int64_t c = 0; c < channels; ++c) {
            EXPECT_NEAR(mean[c], whole_mean[c], 64 * u) << cut;
            EXPECT_NEAR(m2[c], whole_m2[c], 64 * u * whole_m2[c]) << cut;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(SimdAndPlace, BatchNormalizationKernels,
                         ::testing::Combine(::testing::ValuesIn(available_simd()),
                                            ::testing::Values(Place::cache, Place::memory)),
                         [](const auto& i) {
                             const bool memory = std::get<Place>(i.param) == Place::memory;
                             return std::get<std::string>(i.param) + (memory ? "_memory" : "_cache");
                         });

}  // namespace
}  // namespace evenkeel::testing
