// Zeros squeezed out of a row, against a plain loop, on every instruction set.

#include "kernels/squeeze.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;

class Squeeze : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Simd, Squeeze, ::testing::ValuesIn(available_simd()),
                         [](const auto& simd) { return simd.param; });

/// What squeeze finds in x, with room for no more than it asks for.
struct Squeezed {
    Floats values;
    std::vector<std::uint8_t> places;

    explicit Squeezed(const Floats& x)
        : values(x.size() + kernels::squeeze_margin), places(x.size() + kernels::squeeze_margin) {
        const auto n = static_cast<std::int64_t>(x.size());
        const auto count = static_cast<std::size_t>(kernels::squeeze(n, x.data(), values.data(), places.data()));
        values.resize(count);
        places.resize(count);
    }
};

TEST_P(Squeeze, KeepsTheNumbersThatAreNotZero) {
    for (const std::int64_t n : {1, 7, 8, 16, 33, 56, 100, 256}) {
        for (const float above : {-10.0F, 0.0F, 1.5F, 10.0F}) {  // none is zero, half, most, all
            Floats x = normal_values<float>(n, 5), values;
            std::vector<std::uint8_t> places;
            for (std::int64_t i = 0; i < n; ++i) {
                if (x[i] <= above) x[i] = 0;
                if (x[i] == 0) continue;
                values.push_back(x[i]);
                places.push_back(static_cast<std::uint8_t>(i));
            }
            const Squeezed squeezed(x);
            ASSERT_EQ(squeezed.values, values) << n;
            ASSERT_EQ(squeezed.places, places) << n;
        }
    }
}

TEST_P(Squeeze, KeepsNaNAndInfinity) {
    Floats x(40, 0.0F);
    x[3] = std::numeric_limits<float>::quiet_NaN();
    x[20] = -std::numeric_limits<float>::infinity();
    x[39] = std::numeric_limits<float>::quiet_NaN();
    x[7] = -0.0F;
    const Squeezed squeezed(x);
    ASSERT_EQ(squeezed.places, (std::vector<std::uint8_t>{3, 20, 39}));
    EXPECT_TRUE(std::isnan(squeezed.values[0]));
    EXPECT_EQ(squeezed.values[1], x[20]);
    EXPECT_TRUE(std::isnan(squeezed.values[2]));
}

}  // namespace
}  // namespace evenkeel::testing
