// How often the verdicts err, by simulation: 2000 comparisons of 8 paired seeds each.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

#include "evenkeel/core/random.hpp"
#include "evenkeel/study/statistics.hpp"

namespace evenkeel {
namespace {

constexpr int comparisons = 2000;
constexpr std::uint64_t seeds = 8;

// The share of each verdict where draw(arm, index) is the metric of run `index` of arm 0 (a) or 1 (b).
std::array<double, 4> rates(const std::function<double(int, std::uint64_t)>& draw) {
    std::array<double, 4> share{};
    for (std::uint64_t k = 0; k < comparisons; ++k) {
        std::vector<double> a(seeds), b(seeds);
        for (std::uint64_t i = 0; i < seeds; ++i) {
            a[i] = draw(0, k * seeds + i);
            b[i] = draw(1, k * seeds + i);
        }
        share[static_cast<std::size_t>(compare_arms(a, b).verdict)] += 1.0 / comparisons;
    }
    return share;
}

double of(const std::array<double, 4>& share, Verdict verdict) {
    return share[static_cast<std::size_t>(verdict)];
}

// A seed's own luck is common to both arms; `noise` is each arm's own.
double accuracy(int arm, std::uint64_t index, double shift, double noise) {
    static const Random common(3, purpose_of("test", "common")),
        own[2] = {Random(3, purpose_of("test", "a")), Random(3, purpose_of("test", "b"))};
    return .97 + .002 * common.normal(index) + noise * own[arm].normal(index) + (arm == 0 ? shift : 0);
}

// Skewed and coarse, like the accuracy on 10 000 images when a run is unlucky now and then.
double skewed_accuracy(int arm, std::uint64_t index) {
    static const Random own[2] = {Random(4, purpose_of("test", "a")), Random(4, purpose_of("test", "b"))};
    return std::round((.97 + .004 * std::log(own[arm].uniform(index))) * 10000) / 10000;
}

TEST(ErrorRates, NoDifferenceIsSeldomCalledOne) {
    const auto normal = rates([](int arm, std::uint64_t i) { return accuracy(arm, i, 0, .01); });
    EXPECT_LE(of(normal, Verdict::better) + of(normal, Verdict::worse), .06);
    EXPECT_GT(of(normal, Verdict::better), .01);  // the test is exact, not timid: 12/256 = 4.7 % in all
    EXPECT_GT(of(normal, Verdict::worse), .01);

    const auto skewed = rates(skewed_accuracy);
    EXPECT_LE(of(skewed, Verdict::better) + of(skewed, Verdict::worse), .06);

    const auto coarse =
        rates([](int arm, std::uint64_t i) { return std::round(accuracy(arm, i, 0, .01) * 100) / 100; });
    EXPECT_LE(of(coarse, Verdict::better) + of(coarse, Verdict::worse), .06);
}

TEST(ErrorRates, ADifferenceOfTheMarginIsSeldomCalledEquivalent) {
    for (const double margin : {.003, -.003}) {
        const auto share = rates([=](int arm, std::uint64_t i) { return accuracy(arm, i, margin, .0005); });
        EXPECT_LE(of(share, Verdict::equivalent), .06);
        EXPECT_GT(of(share, Verdict::equivalent), .02);
    }
}

TEST(ErrorRates, ClearCasesAreSeen) {
    const auto better = rates([](int arm, std::uint64_t i) { return accuracy(arm, i, .01, .003); });
    EXPECT_GT(of(better, Verdict::better), .95);
    const auto worse = rates([](int arm, std::uint64_t i) { return accuracy(arm, i, -.01, .003); });
    EXPECT_GT(of(worse, Verdict::worse), .95);
    const auto equal = rates([](int arm, std::uint64_t i) { return accuracy(arm, i, 0, .001); });
    EXPECT_GT(of(equal, Verdict::equivalent), .95);
}

}  // namespace
}  // namespace evenkeel
