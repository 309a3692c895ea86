// Kernels that leave out zeros, turn a matrix, or prepare a normalization, against plain loops, on every instruction set.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/channel_coefficients.hpp"
#include "kernels/gather.hpp"
#include "kernels/row_product.hpp"
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

TEST_P(HelperKernels, RowProductIsTheSumOverItsInputs) {
    for (const std::int64_t k : {1, 7, 512, 513, 1100}) {
        for (const std::int64_t n : {1, 3, 10, 17, 64, 128, 200}) {
            Floats x = normal_values<float>(k, 1), w = normal_values<float>(k * n, 2), y(n, 99.0F);
            for (std::int64_t i = 0; i < k; ++i) {
                if (i % 3 != 0) x[i] = 0;
            }
            kernels::row_product(k, n, x.data(), w.data(), y.data());
            for (std::int64_t j = 0; j < n; ++j) {
                double sum = 0, magnitude = 0;
                for (std::int64_t i = 0; i < k; ++i) {
                    sum += static_cast<double>(x[i]) * w[i * n + j];
                    magnitude += std::abs(static_cast<double>(x[i]) * w[i * n + j]);
                }
                // Each of up to k additions rounds by at most half an ulp of a partial sum.
                ASSERT_NEAR(y[j], sum, static_cast<double>(k) * 0x1p-24 * magnitude) << k << " × " << n << ", " << j;
            }
        }
    }
}

TEST_P(HelperKernels, RowProductReadsNoRowWhoseInputIsZeroAndHidesNoNaN) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    Floats x = {0, 2, 0}, w = {nan, nan, 1, 2, nan, nan}, y(2);
    kernels::row_product(3, 2, x.data(), w.data(), y.data());
    EXPECT_EQ(y, (Floats{2, 4}));
    x[0] = nan;
    kernels::row_product(3, 2, x.data(), w.data(), y.data());
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
}

TEST_P(HelperKernels, GatherActivePacksTheFeaturesAskedFor) {
    for (const std::int64_t features : {1, 5, 16, 31, 64, 130}) {
        constexpr std::int64_t rows = 6;
        std::vector<std::uint8_t> bytes(rows * features), bits((features + 7) / 8), seen((features + 7) / 8);
        Floats scale(features);
        std::vector<std::int64_t> active;
        for (std::int64_t f = 0; f < features; ++f) {
            scale[f] = 0.5F + static_cast<float>(f);
            if (f % 3 == 1) continue;
            active.push_back(f);
            bits[f / 8] = static_cast<std::uint8_t>(bits[f / 8] | 1 << f % 8);
        }
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::uint8_t>(i % 5 == 0 ? 0 : i * 37 % 251);
        const std::uint32_t order[] = {5, 0, 3, 3};
        kernels::GatherSource source;
        source.bytes = bytes.data();
        source.rows = order;
        source.features = features;
        source.scale = scale.data();
        const std::int64_t stride = static_cast<std::int64_t>(active.size()) + kernels::gather_margin;
        Floats out(3 * stride, -1.0F);
        kernels::gather_active(source, 1, 4, bits.data(), stride, out.data());
        for (std::int64_t r = 1; r < 4; ++r) {
            for (std::size_t i = 0; i < active.size(); ++i) {
                ASSERT_EQ(out[(r - 1) * stride + static_cast<std::int64_t>(i)],
                          static_cast<float>(bytes[order[r] * features + active[i]]) * scale[active[i]]);
            }
        }
        const auto is_marked = [&](std::int64_t f) { return (seen[f / 8] >> f % 8 & 1) != 0; };
        kernels::mark_active(source, 1, 4, seen.data());
        for (std::int64_t f = 0; f < features; ++f)
            ASSERT_EQ(is_marked(f), (bytes[f] | bytes[3 * features + f]) != 0) << f;
        // The same numbers as floats.
        const Floats floats(bytes.begin(), bytes.end());
        Floats out_of_floats(3 * stride, -1.0F);
        source.bytes = nullptr;
        source.floats = floats.data();
        kernels::gather_active(source, 1, 4, bits.data(), stride, out_of_floats.data());
        for (std::int64_t r = 0; r < 3; ++r) {
            for (std::size_t i = 0; i < active.size(); ++i)
                ASSERT_EQ(out_of_floats[r * stride + static_cast<std::int64_t>(i)],
                          out[r * stride + static_cast<std::int64_t>(i)]);
        }
        std::fill(seen.begin(), seen.end(), std::uint8_t{0});
        kernels::mark_active(source, 1, 4, seen.data());
        for (std::int64_t f = 0; f < features; ++f)
            ASSERT_EQ(is_marked(f), (bytes[f] | bytes[3 * features + f]) != 0) << f;
    }
}

TEST_P(HelperKernels, TransposeTurnsItsRows) {
    for (const std::int64_t rows : {1, 4, 10, 33}) {
        for (const std::int64_t columns : {1, 4, 7, 64}) {
            const Floats x = normal_values<float>(rows * columns, 8);
            Floats out(rows * columns, 99.0F);
            kernels::transpose(rows, columns, 0, rows / 3, x.data(), out.data());
            kernels::transpose(rows, columns, rows / 3, rows, x.data(), out.data());
            for (std::int64_t r = 0; r < rows; ++r) {
                for (std::int64_t c = 0; c < columns; ++c) ASSERT_EQ(out[c * rows + r], x[r * columns + c]);
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
        kernels::channel_coefficients(channels, moving_mean.data(), moving_variance.data(), 1e-3, nullptr, nullptr,
                                      out);
        for (std::int64_t c = 0; c < channels; ++c) {
            ASSERT_EQ(high[c], moving_mean[c]);
            ASSERT_EQ(low[c], 0.0F);
            ASSERT_EQ(scale[c], static_cast<float>(1.0 / std::sqrt(2.5 + 1e-3)));
            ASSERT_EQ(shift[c], 0.0F);
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
