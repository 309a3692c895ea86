#include "evenkeel/core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace evenkeel {
namespace {

TEST(Random, IsAPureFunctionOfSeedPurposeAndIndex) {
    const Random a(7, 1), b(7, 1), other_seed(8, 1), other_purpose(7, 2);
    EXPECT_EQ(a.bits(42), b.bits(42));
    EXPECT_NE(a.bits(42), other_seed.bits(42));
    EXPECT_NE(a.bits(42), other_purpose.bits(42));
    EXPECT_NE(a.bits(42), a.bits(43));
}

TEST(Random, NormalHasMeanZeroAndDeviationOne) {
    const Random random(1, purpose_of("test"));
    const int n = 100000;
    double sum = 0, squares = 0;
    for (int i = 0; i < n; ++i) {
        const double x = random.normal(i);
        sum += x;
        squares += x * x;
    }
    EXPECT_NEAR(sum / n, 0.0, 4 / std::sqrt(n));
    EXPECT_NEAR(squares / n, 1.0, 4 * std::sqrt(2.0 / n));
}

TEST(Random, PermutationHoldsEveryIndexOnce) {
    std::vector<std::uint32_t> order(1000);
    permutation(Random(3, 4), order);
    EXPECT_EQ(std::set<std::uint32_t>(order.begin(), order.end()).size(), order.size());
    EXPECT_EQ(*std::max_element(order.begin(), order.end()), 999u);
}

}  // namespace
}  // namespace evenkeel
