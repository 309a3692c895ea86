// Plain streams, past the caches and not, wherever they begin, on every instruction set.

#include "kernels/streams.hpp"

#include <gtest/gtest.h>

#include "evenkeel/core/buffer.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

class Streams : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Simd, Streams, ::testing::ValuesIn(available_simd()),
                         [](const auto& simd) { return simd.param; });

TEST_P(Streams, CopyAndAddWhereverTheyBegin) {
    constexpr std::int64_t most = 5000;
    const std::vector<float> x = normal_values<float>(most, 1), y = normal_values<float>(most, 2);
    Buffer<float> z(most + 33);
    for (const std::int64_t n : {std::int64_t{0}, std::int64_t{1}, std::int64_t{40}, std::int64_t{1027}, most}) {
        for (const std::int64_t begin : {0, 1, 16}) {
            for (const kernels::Place place : {kernels::Place::cache, kernels::Place::memory}) {
                for (const bool halves : {false, true}) {
                    z[begin + n] = -1;
                    kernels::copy_stream(n, x.data(), z.data() + begin, place, halves);
                    for (std::int64_t i = 0; i < n; ++i) ASSERT_EQ(z[begin + i], x[i]) << n << ", " << i;
                    kernels::add_streams(n, x.data(), y.data(), z.data() + begin, place, halves);
                    for (std::int64_t i = 0; i < n; ++i) ASSERT_EQ(z[begin + i], x[i] + y[i]) << n << ", " << i;
                    ASSERT_EQ(z[begin + n], -1);
                }
            }
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
