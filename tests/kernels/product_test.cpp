// Products of narrow matrices against plain sums in double, on every instruction set.

#include "kernels/product.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;

class NarrowProducts : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Simd, NarrowProducts, ::testing::ValuesIn(available_simd()),
                         [](const auto& simd) { return simd.param; });

/// Σᵢ x(r, i)·w[i, c], and what rounding k sums in float may make of it.
struct Sum {
    double value = 0, magnitude = 0;

    template <typename X>
    Sum(std::int64_t r, std::int64_t c, std::int64_t k, std::int64_t n, const X& x, const Floats& w) {
        for (std::int64_t i = 0; i < k; ++i) {
            const double term = static_cast<double>(x(r, i)) * w[i * n + c];
            value += term;
            magnitude += std::abs(term);
        }
    }
    double rounding(std::int64_t k) const { return static_cast<double>(k + 1) * 0x1p-24 * magnitude; }
};

TEST(NarrowProducts, AreOfTwoTo128Columns) {
    for (const std::int64_t n : {2, 3, 10, 12, 16, 18, 64, 100, 128}) EXPECT_TRUE(kernels::is_narrow(n)) << n;
    for (const std::int64_t n : {1, 129, 130, 132, 256}) EXPECT_FALSE(kernels::is_narrow(n)) << n;
}

TEST_P(NarrowProducts, AreTheSumsOfTheirTerms) {
    for (const std::int64_t k : {1, 8, 9, 100}) {
        for (const std::int64_t n : {1, 3, 4, 10, 12, 16, 20, 32, 36, 50, 64, 100, 127, 128}) {
            const Floats w = normal_values<float>(k * n, 1);
            for (const std::int64_t m : {1, 5, 6, 7, 12, 13, 32, 71}) {
                const Floats x = normal_values<float>(m * k, 2);
                Floats z(m * n + 1, -1.0F), row(n);
                kernels::narrow_product(m, n, k, x.data(), w.data(), z.data());
                for (std::int64_t i = 0; i < m * n; ++i) {
                    const Sum sum(
                        i / n, i % n, k, n, [&](auto r, auto j) { return x[r * k + j]; }, w);
                    ASSERT_NEAR(z[i], sum.value, sum.rounding(k)) << m << " × " << k << " × " << n << ", " << i;
                }
                ASSERT_EQ(z.back(), -1.0F);
                kernels::narrow_product(1, n, k, x.data() + (m - 1) * k, w.data(), row.data());
                ASSERT_TRUE(std::equal(row.begin(), row.end(), z.end() - 1 - n)) << "bits of a row by itself";
            }
        }
    }
}

TEST_P(NarrowProducts, OfBytesAreThoseOfTheFloatsTheyStandFor) {
    Floats table(256);
    for (int b = 0; b < 256; ++b) table[b] = static_cast<float>(b * b) / 255 - 40;
    for (const std::int64_t k : {1, 2, 9, 100}) {
        for (const std::int64_t n : {2, 4, 10, 16, 20, 36, 64, 100, 128}) {
            const Floats w = normal_values<float>(k * n, 1);
            for (const std::int64_t m : {1, 7, 12, 13, 71}) {
                std::vector<std::uint8_t> x(m * k);
                for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::uint8_t>(i * 37 + 11);
                Floats floats(m * k), expected(m * n), z(m * n + 1, -1.0F);
                std::transform(x.begin(), x.end(), floats.begin(), [&](std::uint8_t b) { return table[b]; });
                kernels::narrow_product(m, n, k, floats.data(), w.data(), expected.data());
                kernels::bytes_product(m, n, k, x.data(), table.data(), w.data(), z.data());
                ASSERT_TRUE(std::equal(expected.begin(), expected.end(), z.begin())) << m << " × " << k << " × " << n;
                ASSERT_EQ(z.back(), -1.0F);
            }
        }
    }
}

// The last columns of x, turned: from column 2 on, of rows that lie `pitch` numbers apart.
TEST_P(NarrowProducts, GradientsAndDescentsAreSumsOverRows) {
    constexpr float rate = 0.25F;
    for (const std::int64_t k : {1, 16, 70}) {
        for (const std::int64_t n : {1, 4, 10, 16, 20, 28, 50, 64, 100, 128}) {
            const Floats y = normal_values<float>(k * n, 3);
            for (const std::int64_t m : {1, 6, 13, 16, 36, 71, 112}) {
                const std::int64_t pitch = m + 2;
                const Floats x = normal_values<float>(k * pitch, 4), before = normal_values<float>(m * n, 5);
                Floats gradient(m * n + 1, -1.0F), weights = before;
                weights.push_back(-1.0F);
                kernels::narrow_gradient(m, n, k, x.data() + 2, pitch, y.data(), gradient.data());
                kernels::narrow_descent(m, n, k, x.data() + 2, pitch, y.data(), rate, weights.data());
                for (std::int64_t i = 0; i < m * n; ++i) {
                    const Sum sum(
                        i / n, i % n, k, n, [&](auto r, auto j) { return x[j * pitch + 2 + r]; }, y);
                    ASSERT_NEAR(gradient[i], sum.value, sum.rounding(k)) << m << " × " << k << " × " << n << ", " << i;
                    const double step = static_cast<double>(before[i]) - static_cast<double>(rate) * gradient[i];
                    ASSERT_NEAR(weights[i], step, 0x1p-23 * (std::abs(before[i]) + std::abs(rate * gradient[i])));
                }
                ASSERT_EQ(gradient.back(), -1.0F);
                ASSERT_EQ(weights.back(), -1.0F);
            }
        }
    }
}

TEST_P(NarrowProducts, KeepANaN) {
    constexpr std::int64_t k = 20, n = 20;
    Floats x(3 * k, 0.0F), z(3 * n);
    const Floats w(k * n, 1.0F);
    x[k + 7] = std::numeric_limits<float>::quiet_NaN();
    kernels::narrow_product(3, n, k, x.data(), w.data(), z.data());
    for (std::int64_t i = 0; i < 3 * n; ++i) ASSERT_EQ(std::isnan(z[i]), i / n == 1) << i;
}

}  // namespace
}  // namespace evenkeel::testing
