// Kernels that leave out zeros, turn a matrix, or prepare a normalization, against plain loops, on every instruction set.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/channel_coefficients.hpp"
#include "kernels/optimizer.hpp"
#include "kernels/panels.hpp"
#include "kernels/peak.hpp"
#include "kernels/reference/dense.hpp"
#include "kernels/sparse.hpp"
#include "kernels/squeeze.hpp"
#include "kernels/transpose.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;

class HelperKernels : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Simd, HelperKernels, ::testing::ValuesIn(available_simd()),
                         [](const auto& simd) { return simd.param; });

TEST_P(HelperKernels, SparseProductIsTheSumOverItsNumbers) {
    for (const std::int64_t k : {1, 7, 100, 256}) {
        for (const std::int64_t n : {1, 3, 10, 17, 32, 64, 128, 200}) {
            Floats x = normal_values<float>(k, 1), w = normal_values<float>(k * (n + 2), 2), y(n + 1, 99.0F),
                   halves = y;
            for (std::int64_t i = 1; i < k; i += 3) x[i] = 0;
            Floats values(k + kernels::squeeze_margin);
            std::vector<std::uint8_t> places(k + kernels::squeeze_margin);
            const std::int64_t count = kernels::squeeze(k, x.data(), values.data(), places.data()), first = count / 2;
            // In one go, and with the first half of the numbers before the second.
            const kernels::SparseView all{count, values.data(), places.data()},
                some{first, values.data(), places.data()};
            const kernels::SparseView others{count - first, values.data() + first, places.data() + first};
            kernels::sparse_product(all, n, w.data(), n + 2, kernels::Sums::begin, y.data());
            kernels::sparse_product(some, n, w.data(), n + 2, kernels::Sums::begin, halves.data());
            kernels::sparse_product(others, n, w.data(), n + 2, kernels::Sums::go_on, halves.data());
            for (std::int64_t j = 0; j < n; ++j) {
                double sum = 0, magnitude = 0;
                for (std::int64_t i = 0; i < k; ++i) {
                    const double product = static_cast<double>(x[i]) * w[i * (n + 2) + j];
                    sum += product;
                    magnitude += std::abs(product);
                }
                // Each of up to k additions rounds by at most half an ulp of a partial sum.
                const double rounding = static_cast<double>(k) * 0x1p-24 * magnitude;
                ASSERT_NEAR(y[j], sum, rounding) << k << " × " << n << ", " << j;
                ASSERT_NEAR(halves[j], sum, rounding) << k << " × " << n << ", " << j;
            }
            ASSERT_EQ(y[n], 99.0F) << "nothing is written beyond a row";
            ASSERT_EQ(halves[n], 99.0F) << "nothing is written beyond a row";
        }
    }
    const kernels::SparseView nothing;
    Floats w(10), y(10, 99.0F);
    kernels::sparse_product(nothing, 10, w.data(), 10, kernels::Sums::begin, y.data());
    EXPECT_EQ(y, Floats(10, 0.0F));
}

TEST_P(HelperKernels, MultiplyAddsAreDone) {
    // Each of twelve sums halves and adds one, until it is 2.
    EXPECT_FLOAT_EQ(kernels::multiply_adds(100000), 24.0F);
    EXPECT_FLOAT_EQ(kernels::multiply_adds(1), 12 + 66 / 2.0F) << "one round: each begins at its number, 0 to 11";
}

TEST_P(HelperKernels, TransposeTurnsItsRows) {
    for (const std::int64_t rows : {1, 4, 10, 33, 100}) {
        for (const std::int64_t columns : {1, 4, 7, 64}) {
            for (const std::int64_t apart : {0, 3}) {
                const std::int64_t x_pitch = columns + apart, out_pitch = rows + apart;
                const Floats x = normal_values<float>(rows * x_pitch - apart, 8);
                Floats out(columns * out_pitch - apart, 99.0F);
                kernels::transpose(rows, columns, x.data(), x_pitch, out.data(), out_pitch);
                for (std::int64_t i = 0; i < static_cast<std::int64_t>(out.size()); ++i) {
                    const std::int64_t r = i % out_pitch, c = i / out_pitch;
                    ASSERT_EQ(out[i], r < rows ? x[r * x_pitch + c] : 99.0F) << rows << " × " << columns << ", " << i;
                }
            }
        }
    }
}

TEST_P(HelperKernels, PanelsProductIsDense) {
    for (const std::int64_t k : {1, 9, 100}) {
        for (const std::int64_t n : {1, 7, 10, 17, 32, 33, 64, 100, 128, 129, 160, 170}) {
            const Floats w = normal_values<float>(k * n, 9);
            Floats panels(kernels::panels_floats(k, n) + 1, -1.0F);
            kernels::pack_panels(k, n, 0, k / 3, w.data(), panels.data());
            kernels::pack_panels(k, n, k / 3, k, w.data(), panels.data());
            ASSERT_EQ(panels.back(), -1.0F);
            for (const std::int64_t m : {1, 5, 6, 7, 12, 13, 64}) {
                const Floats x = normal_values<float>(m * k, 10);
                Floats z(m * n + 1, -1.0F);
                kernels::panels_product(m, n, k, x.data(), panels.data(), z.data());
                ASSERT_EQ(z.back(), -1.0F);

                const std::vector<double> exact_x(x.begin(), x.end()), exact_w(w.begin(), w.end());
                std::vector<double> exact(m * n);
                kernels::reference::dense<double>(m, k, n, exact_x.data(), exact_w.data(), nullptr, exact.data());
                for (std::int64_t i = 0; i < m * n; ++i) {
                    double magnitude = 0;
                    for (std::int64_t j = 0; j < k; ++j)
                        magnitude += std::abs(exact_x[i / n * k + j] * exact_w[j * n + i % n]);
                    ASSERT_NEAR(z[i], exact[i], static_cast<double>(k) * 0x1p-24 * magnitude) << k << " × " << n;
                }
                Floats row(n);
                kernels::panels_product(1, n, k, x.data() + (m - 1) * k, panels.data(), row.data());
                ASSERT_TRUE(std::equal(row.begin(), row.end(), z.end() - 1 - n)) << "bits of a row by itself";
            }
        }
    }
}

TEST_P(HelperKernels, CoefficientsAreTheirFormulas) {
    for (const std::int64_t channels : {1, 5, 8, 64, 67}) {
        const auto mean = normal_values<double>(channels, 3, 1e6, 3.0),
                   gamma_values = normal_values<double>(channels, 4);
        std::vector<double> m2(channels);
        Floats gamma(gamma_values.begin(), gamma_values.end()), beta = normal_values<float>(channels, 5);
        for (std::int64_t c = 0; c < channels; ++c) m2[c] = 10.0 * static_cast<double>(c);
        Floats high(channels), low(channels), inverse(channels), scale(channels), shift(channels);
        const kernels::ChannelCoefficients out{high.data(), low.data(), inverse.data(), scale.data(), shift.data()};
        kernels::channel_coefficients(channels, mean.data(), m2.data(), 7.0, 1e-3, gamma.data(), beta.data(), out);
        for (std::int64_t c = 0; c < channels; ++c) {
            const double expected = 1.0 / std::sqrt(m2[c] / 7.0 + 1e-3);
            ASSERT_EQ(high[c], static_cast<float>(mean[c]));
            ASSERT_EQ(low[c], static_cast<float>(mean[c] - static_cast<double>(high[c])));
            ASSERT_EQ(inverse[c], static_cast<float>(expected));
            ASSERT_EQ(scale[c], static_cast<float>(static_cast<double>(gamma[c]) * expected));
            ASSERT_EQ(shift[c], beta[c]);
        }
        const Floats moving_mean = normal_values<float>(channels, 6), moving_variance(channels, 2.5F);
        const Floats bias = normal_values<float>(channels, 7);
        kernels::channel_coefficients(channels, moving_mean.data(), moving_variance.data(), bias.data(), 1e-3, nullptr,
                                      nullptr, out);
        for (std::int64_t c = 0; c < channels; ++c) {
            const double less = static_cast<double>(moving_mean[c]) - static_cast<double>(bias[c]);
            ASSERT_EQ(high[c], static_cast<float>(less));
            ASSERT_EQ(low[c], static_cast<float>(less - static_cast<double>(high[c])));
        }
        kernels::channel_coefficients(channels, moving_mean.data(), moving_variance.data(), nullptr, 1e-3, nullptr,
                                      nullptr, out);
        for (std::int64_t c = 0; c < channels; ++c) {
            ASSERT_EQ(high[c], moving_mean[c]);
            ASSERT_EQ(low[c], 0.0F);
            ASSERT_EQ(scale[c], static_cast<float>(1.0 / std::sqrt(2.5 + 1e-3)));
            ASSERT_EQ(shift[c], 0.0F);
        }
    }
}

TEST_P(HelperKernels, CoefficientsSayWhetherAllIsFinite) {
    for (const std::int64_t channels : {1, 5, 8, 67}) {
        Floats each(channels);
        const kernels::ChannelCoefficients out{each.data(), each.data(), each.data(), each.data(), each.data()};
        const auto are_finite = [&](const std::vector<double>& mean, const std::vector<double>& m2) {
            return kernels::channel_coefficients(channels, mean.data(), m2.data(), 7.0, 1e-3, nullptr, nullptr, out);
        };
        const std::vector<double> good(channels, 3.0);
        EXPECT_TRUE(are_finite(good, good));
        for (std::int64_t c = 0; c < channels; ++c) {
            for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
                auto spoilt = good;
                spoilt[c] = bad;
                EXPECT_FALSE(are_finite(spoilt, good)) << c << " of " << channels;
                EXPECT_FALSE(are_finite(good, spoilt)) << c << " of " << channels;
            }
        }
    }
}

TEST_P(HelperKernels, GradientCoefficientsAndMovesAreTheirFormulas) {
    constexpr float least = std::numeric_limits<float>::min();
    for (const std::int64_t channels : {1, 5, 8, 64, 67}) {
        const auto first = normal_values<double>(channels, 8), second = normal_values<double>(channels, 9);
        const Floats inverse = normal_values<float>(channels, 10, 2.0);
        Floats mean_dy(channels), slope(channels);
        kernels::gradient_coefficients(channels, first.data(), second.data(), 1.0 / 7, inverse.data(), mean_dy.data(),
                                       slope.data());
        Floats mean = normal_values<float>(channels, 11), variance(channels, 2 * least);
        const Floats mean_before = mean;
        std::vector<double> m2(second);
        m2[0] = 0;
        kernels::move_statistics(channels, 0.75, first.data(), m2.data(), 6.0, mean.data(), variance.data());
        for (std::int64_t c = 0; c < channels; ++c) {
            ASSERT_EQ(mean_dy[c], static_cast<float>(first[c] * (1.0 / 7)));
            ASSERT_EQ(slope[c], static_cast<float>(second[c] * (1.0 / 7) * inverse[c]));
            const auto before = static_cast<double>(mean_before[c]);
            ASSERT_EQ(mean[c], static_cast<float>(before + 0.75 * (first[c] - before)));
            const auto moved = static_cast<float>(2 * least + 0.75 * (m2[c] / 6 - 2 * least));
            ASSERT_EQ(variance[c], c > 0 ? moved : 0.0F);  // the first is half of the least normal number
        }
        m2[0] = 4 * 6.0 * least / 3;  // so that the least normal number comes of it, from nothing
        m2.back() = 1e300;
        variance.assign(variance.size(), 0.0F);
        kernels::move_statistics(channels, 0.75, first.data(), m2.data(), 6.0, mean.data(), variance.data());
        EXPECT_EQ(variance[0], channels > 1 ? least : HUGE_VALF) << "is kept";
        EXPECT_EQ(variance.back(), HUGE_VALF) << "as a conversion of one number would make it";
        kernels::gradient_coefficients(channels, first.data(), second.data(), 0.0, inverse.data(), mean_dy.data(),
                                       slope.data());
        EXPECT_EQ(std::count(mean_dy.begin(), mean_dy.end(), 0.0F) + std::count(slope.begin(), slope.end(), 0.0F),
                  2 * channels);
    }
}

}  // namespace
}  // namespace evenkeel::testing
