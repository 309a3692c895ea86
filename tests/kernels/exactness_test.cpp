// Training-mode exactness at any mean: moments, the mean as two floats, and the normalized batch.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernels/batch_normalization.hpp"
#include "kernels/reference/batch_normalization.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

constexpr std::int64_t rows = 1024, channels = 5, block = 64;

struct Normalized {
    std::vector<double> mean, variance;
    std::vector<float> y;
};

/// The way of the plan: blocks of 64 rows, merged in order, μ as two floats, ((x − high) − low)·inverse.
Normalized normalize_in_blocks(const std::vector<float>& x, double epsilon) {
    Normalized n{std::vector<double>(channels), std::vector<double>(channels), std::vector<float>(x.size())};
    std::vector<double> m2(channels), mean_b(channels), m2_b(channels);
    kernels::block_moments(block, channels, x.data(), n.mean.data(), m2.data());
    for (std::int64_t first = block; first < rows; first += block) {
        kernels::block_moments(block, channels, x.data() + first * channels, mean_b.data(), m2_b.data());
        kernels::merge_moments(channels, static_cast<double>(first), n.mean.data(), m2.data(),
                               static_cast<double>(block), mean_b.data(), m2_b.data());
    }
    std::vector<float> high(channels), low(channels), scale(channels), shift(channels);
    for (std::int64_t c = 0; c < channels; ++c) {
        n.variance[c] = m2[c] / rows;
        high[c] = static_cast<float>(n.mean[c]);
        low[c] = static_cast<float>(n.mean[c] - high[c]);
        scale[c] = static_cast<float>(1 / std::sqrt(n.variance[c] + epsilon));
    }
    for (std::int64_t first = 0; first < rows; first += block) {
        kernels::block_normalize(block, channels, x.data() + first * channels, high.data(), low.data(), scale.data(),
                                 shift.data(), false, n.y.data() + first * channels);
    }
    return n;
}

class Exactness : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};

TEST_P(Exactness, HoldsAtAnyMean) {
    for (const double mean : {0.0, 1e2, 1e3, 1e4, 1e5, 1e6, -1e6, -1e3}) {
        for (const std::uint64_t seed : {1U, 2U, 3U}) {
            SCOPED_TRACE(fmt::format("mean {}, seed {}", mean, seed));
            const std::vector<float> x = normal_values<float>(rows * channels, seed, mean, 1.0);
            const Normalized n = normalize_in_blocks(x, 1e-3);
            const std::vector<double> exact_x = as_double(x);
            std::vector<double> want_mean(channels), want_variance(channels), want(x.size());
            const kernels::reference::BatchShape shape{rows, channels, 1};
            kernels::reference::batch_statistics(shape, exact_x.data(), want_mean.data(), want_variance.data());
            kernels::reference::normalize<double>(shape, exact_x.data(), want_mean.data(), want_variance.data(), 1e-3,
                                                  nullptr, nullptr, want.data());
            for (std::int64_t c = 0; c < channels; ++c) {
                EXPECT_NEAR(n.variance[c], want_variance[c], 1e-3 * want_variance[c]);
                EXPECT_NEAR(n.mean[c], want_mean[c], 1e-5);
            }
            for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(n.y[i], want[i], 2e-5) << i;
        }
    }
}

TEST_P(Exactness, AConstantChannelHasVarianceZeroAndOutputZero) {
    for (const float value : {0.0F, 1.0F, 0.1F, -123.456F, 1e6F, 16777213.0F, -1e20F, 1e-30F}) {
        const std::vector<float> x(static_cast<std::size_t>(rows * channels), value);
        const Normalized n = normalize_in_blocks(x, 1e-3);
        for (std::int64_t c = 0; c < channels; ++c) {
            EXPECT_EQ(n.variance[c], 0.0) << value;
            EXPECT_EQ(n.mean[c], static_cast<double>(value));
        }
        for (const float y : n.y) ASSERT_EQ(y, 0.0F) << value;
    }
}

INSTANTIATE_TEST_SUITE_P(Simd, Exactness, ::testing::ValuesIn(available_simd()), [](const auto& i) { return i.param; });

}  // namespace
}  // namespace evenkeel::testing
