#include "evenkeel/study/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"
#include "study/brute_force.hpp"
#include "study/statistics_json.hpp"

namespace evenkeel {
namespace {

using Values = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(ComparePairs, ThreeSeedsByHand) {
    // Sums of ±1 ±2 ±(−1): 2, 0, −2, 4 and their negatives; the observed is 2; 6 of 8 are at least as far
    // from 0.
    const auto c = compare_pairs(Values{1, 2, -1}, {.margin = 10});
    EXPECT_DOUBLE_EQ(c.p_sign_flip, 0.75);
    EXPECT_DOUBLE_EQ(c.difference, 2.0 / 3);
    EXPECT_NEAR(c.d_z, (2.0 / 3) / std::sqrt(7.0 / 3),
                1e-15);  // deviations 1/3, 4/3, −5/3: squares 42/9, over 2
    EXPECT_FALSE(c.ci95);
    EXPECT_DOUBLE_EQ(c.p_equivalence, 0.125);
    EXPECT_EQ(c.verdict, Verdict::undecided);
}

TEST(ComparePairs, SixSeedsOfOneSignAreJustEnough) {
    const auto c = compare_pairs(Values{.01, .02, .03, .04, .05, .06});
    EXPECT_DOUBLE_EQ(c.p_sign_flip, 2.0 / 64);
    ASSERT_TRUE(c.ci95);  // one split may be left out on either side: from the smallest to the largest
    EXPECT_DOUBLE_EQ(c.ci95->low, .01);
    EXPECT_DOUBLE_EQ(c.ci95->high, .06);
    EXPECT_NEAR(c.d_z, 3.5 / std::sqrt(3.5), 1e-12);
    EXPECT_EQ(c.verdict, Verdict::better);
}

TEST(ComparePairs, EightSeedsByHand) {
    // Means of subsets of 1 … 8 from below: 1, 3/2, 2, 2, 2, 7/3 ({1,2,4}). The sixth is the end of the
    // interval, as 1 + 6 of 128 is the first share ≥ 0.05; the upper end mirrors it about 4.5.
    const auto c = compare_pairs(Values{8, 3, 1, 5, 2, 7, 4, 6}, {.higher_is_better = false});
    EXPECT_DOUBLE_EQ(c.p_sign_flip, 2.0 / 256);
    ASSERT_TRUE(c.ci95);
    EXPECT_NEAR(c.ci95->low, 7.0 / 3, 1e-14);
    EXPECT_NEAR(c.ci95->high, 20.0 / 3, 1e-14);
    EXPECT_EQ(c.verdict, Verdict::worse);  // of a loss
}

TEST(ComparePairs, VerdictFollowsTheSignAndTheDirection) {
    const Values up{.01, .02, .03, .04, .05, .06}, down{-.01, -.02, -.03, -.04, -.05, -.06};
    EXPECT_EQ(compare_pairs(up).verdict, Verdict::better);
    EXPECT_EQ(compare_pairs(down).verdict, Verdict::worse);
    EXPECT_EQ(compare_pairs(up, {.higher_is_better = false}).verdict, Verdict::worse);
    EXPECT_EQ(compare_pairs(down, {.higher_is_better = false}).verdict, Verdict::better);
}

TEST(ComparePairs, EquivalenceComesBeforeASmallButCertainDifference) {
    const auto c = compare_pairs(Values(8, .001));
    EXPECT_LT(c.p_sign_flip, significance_level);
    EXPECT_DOUBLE_EQ(c.p_equivalence, 1.0 / 256);
    EXPECT_EQ(c.verdict, Verdict::equivalent);
    EXPECT_EQ(compare_pairs(Values(5, .001)).verdict, Verdict::equivalent);  // 1/32 < 0.05
    EXPECT_EQ(compare_pairs(Values(4, .001)).verdict, Verdict::undecided);   // 1/16
}

TEST(ComparePairs, EqualDifferences) {
    const auto zero = compare_pairs(Values(8, 0.0));
    EXPECT_EQ(zero.p_sign_flip, 1);
    EXPECT_EQ(zero.d_z, 0);
    ASSERT_TRUE(zero.ci95);
    EXPECT_EQ(zero.ci95->low, 0);
    EXPECT_EQ(zero.ci95->high, 0);
    EXPECT_EQ(zero.verdict, Verdict::equivalent);

    // The same difference but for rounding: 0.98 − 0.97 is not 0.97 − 0.96 in doubles.
    const auto same =
        compare_arms(Values{.98, .97, .96, .95, .94, .93, .92, .91}, Values{.97, .96, .95, .94, .93, .92, .91, .90});
    EXPECT_EQ(same.d_z, inf);
    EXPECT_DOUBLE_EQ(same.p_sign_flip, 2.0 / 256);
    ASSERT_TRUE(same.ci95);
    EXPECT_NEAR(same.ci95->low, .01, 1e-15);
    EXPECT_NEAR(same.ci95->high, .01, 1e-15);
    EXPECT_EQ(same.verdict, Verdict::better);
    EXPECT_EQ(compare_pairs(Values(8, -.01)).d_z, -inf);
}

TEST(ComparePairs, TiesSurviveRoundingOfAccuracies) {
    // The differences are 1, 2, −3, 1, −1, 0 ten-thousandths: many flips tie with the observed sum 0, all
    // count.
    const auto c =
        compare_arms(Values{.9701, .9702, .9700, .9731, .9710, .9}, Values{.9700, .9700, .9703, .9730, .9711, .9});
    EXPECT_EQ(c.p_sign_flip, 1);
    ASSERT_TRUE(c.ci95);
    EXPECT_LE(c.ci95->low, 0);
    EXPECT_GE(c.ci95->high, 0);
}

TEST(ComparePairs, NoSeedOrOneSeedIsUndecided) {
    const auto none = compare_pairs({});
    EXPECT_EQ(none.seeds, 0);
    EXPECT_TRUE(std::isnan(none.difference));
    EXPECT_EQ(none.p_sign_flip, 1);
    EXPECT_EQ(none.p_equivalence, 1);
    EXPECT_EQ(none.verdict, Verdict::undecided);
    const auto one = compare_pairs(Values{.02});
    EXPECT_EQ(one.difference, .02);
    EXPECT_TRUE(std::isnan(one.d_z));
    EXPECT_EQ(one.p_sign_flip, 1);
    EXPECT_FALSE(one.ci95);
    EXPECT_EQ(one.verdict, Verdict::undecided);
}

TEST(ComparePairs, HugeAndTinyDifferences) {
    for (const double unit : {1e307, 1e-310}) {
        const auto c = compare_pairs(Values{unit, 2 * unit, 3 * unit, 4 * unit, 5 * unit, 6 * unit});
        EXPECT_DOUBLE_EQ(c.p_sign_flip, 2.0 / 64);
        ASSERT_TRUE(c.ci95);
        EXPECT_DOUBLE_EQ(c.ci95->low, unit);
        EXPECT_DOUBLE_EQ(c.ci95->high, 6 * unit);
    }
}

TEST(ComparePairs, RefusesWhatIsNoNumber) {
    EXPECT_THROW(compare_pairs(Values{.1, nan}), Error);
    EXPECT_THROW(compare_pairs(Values{.1, inf}), Error);
    EXPECT_THROW(compare_pairs(Values{.1}, {.margin = 0}), Error);
    EXPECT_THROW(compare_pairs(Values{.1}, {.margin = nan}), Error);
    EXPECT_THROW(compare_pairs(Values(10001, .1)), Error);
    EXPECT_THROW(compare_arms(Values{1, 2}, Values{1}), Error);
    try {
        compare_pairs(Values{.1, nan});
    } catch (const Error& e) {
        EXPECT_EQ(e.fault(), Fault::input);
        EXPECT_STREQ(e.what(), "[compare_pairs] expected finite values, got nan at position 1");
    }
}

// Differences of several kinds: smooth, coarse with many ties, with zeros, two-valued.
Values random_differences(const Random& random, std::size_t n, std::uint64_t set) {
    Values d(n);
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t index = set * 64 + i;
        const double x = random.normal(index) + 0.8 * static_cast<double>(set % 3);
        switch (set % 4) {
            case 0:
                d[i] = x;
                break;
            case 1:
                d[i] = std::round(x * 2) / 10000;
                break;
            case 2:
                d[i] = random.below(index, 3) == 0 ? 0.0 : x;
                break;
            default:
                d[i] = x > 0 ? .01 : -.01;
                break;
        }
    }
    return d;
}

TEST(ComparePairs, AgreesWithTheDefinition) {
    const Random random(1, purpose_of("test", "definition"));
    for (std::uint64_t set = 0; set < 120; ++set) {
        const std::size_t n = 1 + set % 9;
        const Values d = random_differences(random, n, set);
        const double margin = set % 4 == 0 ? 1.0 : .003;
        const auto c = compare_pairs(d, {.margin = margin});
        EXPECT_DOUBLE_EQ(c.p_sign_flip, brute::p_two_sided(d)) << set;
        Values mirrored = d;
        for (double& v : mirrored) v = -v;
        EXPECT_DOUBLE_EQ(c.p_equivalence, std::max(brute::p_above(brute::shifted(d, margin)),
                                                   brute::p_above(brute::shifted(mirrored, margin))))
            << set;
        ASSERT_EQ(c.ci95.has_value(), n >= seeds_for_an_interval);
        if (!c.ci95) continue;
        const double low = *std::min_element(d.begin(), d.end()), high = *std::max_element(d.begin(), d.end());
        EXPECT_NEAR(c.ci95->low, brute::end_of_interval(d, .05, low - 1, c.difference), 1e-8) << set;
        EXPECT_NEAR(c.ci95->high, brute::end_of_interval(d, .05, high + 1, c.difference), 1e-8) << set;
    }
}

TEST(ComparePairs, IntervalExcludesZeroIfAndOnlyIfTheTestRejects) {
    const Random random(2, purpose_of("test", "duality"));
    int excluded = 0;
    for (std::uint64_t set = 0; set < 6000; ++set) {
        const auto c = compare_pairs(random_differences(random, 6 + set % 6, set));
        ASSERT_TRUE(c.ci95);
        const bool excludes = c.ci95->low > 0 || c.ci95->high < 0;
        ASSERT_EQ(excludes, c.p_sign_flip < significance_level) << set;
        ASSERT_LE(c.ci95->low, c.difference);
        ASSERT_GE(c.ci95->high, c.difference);
        excluded += excludes;
    }
    EXPECT_GT(excluded, 1000);  // both sides of the claim were visited
    EXPECT_LT(excluded, 5000);
}

TEST(ComparePairs, SampledSplitsAgreeWithTheExactDistribution) {
    // 24 whole numbers: the exact distribution of Σ ±d by convolution.
    const Values d{3, -1, 2, 0, -2, 4, 1, -3, 2, 1, 5, -4, 2, -1, 3, 1, -2, 2, 0, 1, -1, 3, 2, -3};
    std::vector<double> share(201, 0.0);
    share[100] = 1;
    for (const double v : d) {
        std::vector<double> next(share.size(), 0.0);
        const auto step = static_cast<std::ptrdiff_t>(v);
        for (std::ptrdiff_t s = 0; s < 201; ++s) {
            if (share[static_cast<std::size_t>(s)] == 0) continue;
            next[static_cast<std::size_t>(s + step)] += share[static_cast<std::size_t>(s)] / 2;
            next[static_cast<std::size_t>(s - step)] += share[static_cast<std::size_t>(s)] / 2;
        }
        share = next;
    }
    const auto observed = static_cast<std::ptrdiff_t>(std::abs(brute::sum(d)));
    double exact = 0;
    for (std::ptrdiff_t s = 0; s < 201; ++s) {
        if (std::abs(s - 100) >= observed) exact += share[static_cast<std::size_t>(s)];
    }
    const auto c = compare_pairs(d);
    EXPECT_NEAR(c.p_sign_flip, exact, 5 * std::sqrt(exact * (1 - exact) / 131072));
    EXPECT_EQ(c.p_sign_flip, compare_pairs(d).p_sign_flip);  // deterministic
    ASSERT_TRUE(c.ci95);
    EXPECT_EQ(c.ci95->low > 0 || c.ci95->high < 0, c.p_sign_flip < significance_level);
    // Exact and sampled meet: 20 and 21 equal differences leave no chance but 2/2ⁿ.
    EXPECT_DOUBLE_EQ(compare_pairs(Values(20, 1.0)).p_sign_flip, std::pow(2.0, -19));
    EXPECT_DOUBLE_EQ(compare_pairs(Values(21, 1.0)).p_sign_flip, std::pow(2.0, -17));
}

TEST(SummarizeArm, StudentsInterval) {
    // t_{0.975}: 12.7062047362 for 1 degree of freedom, 2.3646242516 for 7, 1.9623390808 for 1000 (printed
    // tables).
    const auto two = summarize_arm(Values{1, 3});
    ASSERT_TRUE(two.ci95);
    EXPECT_NEAR(two.ci95->high, 2 + 12.7062047362, 1e-9);
    const auto eight = summarize_arm(Values{1, 2, 3, 4, 5, 6, 7, 8});
    EXPECT_DOUBLE_EQ(eight.mean, 4.5);
    EXPECT_NEAR(eight.ci95->low, 4.5 - 2.3646242516 * std::sqrt(6.0 / 8), 1e-9);
    EXPECT_NEAR(eight.ci95->high, 4.5 + 2.3646242516 * std::sqrt(6.0 / 8), 1e-9);
    Values many(1001, 0.0);
    many[0] = 1;
    many[1] = -1;
    EXPECT_NEAR(summarize_arm(many).ci95->high, 1.9623390808 * std::sqrt(2.0 / 1000 / 1001), 1e-12);
}

TEST(SummarizeArm, FewRuns) {
    EXPECT_TRUE(std::isnan(summarize_arm({}).mean));
    const auto one = summarize_arm(Values{.97});
    EXPECT_EQ(one.mean, .97);
    EXPECT_FALSE(one.ci95);
    EXPECT_THROW(summarize_arm(Values{.97, nan}), Error);
}

TEST(Holm, ByHand) {
    // Sorted .005, .01, .03, .04 times 4, 3, 2, 1: .02, .03, .06, .04 → the last may not be below .06.
    const auto adjusted = holm(Values{.01, .04, .03, .005});
    ASSERT_EQ(adjusted.size(), 4u);
    EXPECT_DOUBLE_EQ(adjusted[0], .03);
    EXPECT_DOUBLE_EQ(adjusted[1], .06);
    EXPECT_DOUBLE_EQ(adjusted[2], .06);
    EXPECT_DOUBLE_EQ(adjusted[3], .02);
    EXPECT_EQ(holm(Values{.6, .7}), (Values{1, 1}));
    EXPECT_TRUE(holm({}).empty());
    EXPECT_THROW(holm(Values{nan}), Error);
    EXPECT_THROW(holm(Values{1.5}), Error);
}

TEST(EpochsToTarget, CountsTheCensored) {
    const std::vector<Values> curves{{.9, .95, .97}, {.9, .94, .96}, {.96, .9, .9}, {.1}, {.1, nan, nan}};
    const auto summary = epochs_to_target(curves, .95, 3);
    EXPECT_EQ(summary.runs, (std::vector<std::optional<std::int64_t>>{2, 3, 1, std::nullopt, std::nullopt}));
    EXPECT_EQ(summary.reached, 3);
    EXPECT_EQ(summary.median, 3);
    EXPECT_EQ(summary.median_text(), "3");
    EXPECT_EQ(epochs_to_target(curves, .95, 2).median_text(), ">2");  // only two of five by epoch 2
    EXPECT_EQ(epochs_to_target(curves, .95, 2).reached, 2);
    EXPECT_EQ(epochs_to_target({}, .95, 2).median_text(), "–");
    EXPECT_THROW(epochs_to_target(curves, nan, 2), Error);
    EXPECT_THROW(epochs_to_target(curves, .95, 0), Error);
}

TEST(StatisticsJson, HasTheContractsKeysAndNullForWhatIsNoNumber) {
    const auto eight = to_json(compare_pairs(Values(8, .01)), "before", "none", "test_accuracy");
    EXPECT_EQ(eight["a"], "before");
    EXPECT_EQ(eight["b"], "none");
    EXPECT_EQ(eight["metric"], "test_accuracy");
    EXPECT_EQ(eight["verdict"], "better");
    EXPECT_NEAR(eight["difference"].get<double>(), .01, 1e-15);
    EXPECT_EQ(eight["ci95"].size(), 2u);
    EXPECT_EQ(eight["p_sign_flip"], 2.0 / 256);
    EXPECT_TRUE(eight["d_z"].is_null());
    EXPECT_TRUE(to_json(compare_pairs({}), "a", "b", "m")["difference"].is_null());
    EXPECT_TRUE(to_json(compare_pairs(Values(5, .01)), "a", "b", "m")["ci95"].is_null());
    EXPECT_TRUE(to_json(summarize_arm(Values{1}))["ci95"].is_null());
    const std::vector<Values> curves{{.9}, {.1}};
    EXPECT_EQ(to_json(epochs_to_target(curves, .5, 4)).dump(),
              R"({"epochs":4,"median":1,"reached":1,"runs":[1,null],"target":0.5})");
}

}  // namespace
}  // namespace evenkeel
