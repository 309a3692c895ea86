#include "probe/distribution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"
#include "probe/looks.hpp"

namespace evenkeel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The definition: sort, then between the two neighbours.
double plain_percentile(std::vector<float> values, double share) {
    std::sort(values.begin(), values.end());
    const double at = share * static_cast<double>(values.size() - 1);
    const auto k = static_cast<std::size_t>(at);
    if (k + 1 == values.size()) return values[k];
    return values[k] + (at - static_cast<double>(k)) * (static_cast<double>(values[k + 1]) - values[k]);
}

void expect_as_by_definition(const std::vector<float>& values) {
    std::vector<float> scratch;
    const Distribution d = distribution_of(values, scratch);
    EXPECT_DOUBLE_EQ(d.p15, plain_percentile(values, 0.15));
    EXPECT_DOUBLE_EQ(d.p50, plain_percentile(values, 0.50));
    EXPECT_DOUBLE_EQ(d.p85, plain_percentile(values, 0.85));
    long double sum = 0, squares = 0;
    for (const float x : values) sum += x;
    const long double mean = sum / static_cast<long double>(values.size());
    for (const float x : values) squares += (x - mean) * (x - mean);
    const auto std = static_cast<double>(std::sqrt(squares / static_cast<long double>(values.size())));
    EXPECT_NEAR(d.mean, static_cast<double>(mean), 1e-12 * (std::abs(d.mean) + std));
    EXPECT_NEAR(d.std, std, 1e-9 * (std + std::abs(static_cast<double>(mean)) * 1e-6));
}

std::vector<float> drawn(std::size_t count, double mean, double std, bool rectified = false) {
    const Random random(11, count);
    std::vector<float> values;
    for (std::uint64_t i = 0; i < count; ++i) {
        const double x = mean + std * random.normal(i);
        values.push_back(static_cast<float>(rectified ? std::max(0.0, x) : x));
    }
    return values;
}

TEST(DistributionOf, IsTheDefinitionForAnyNumberOfValues) {
    for (const std::size_t count : {1U, 2U, 3U, 7U, 8U, 9U, 100U, 501U, 64000U}) {
        SCOPED_TRACE(count);
        expect_as_by_definition(drawn(count, 0, 1));
        expect_as_by_definition(drawn(count, -3, 1e-3));
        expect_as_by_definition(drawn(count, 1e6, 1));
        expect_as_by_definition(drawn(count, 0.2, 1, true));  // many zeros
    }
}

TEST(DistributionOf, TakesTiesSignsAndSizes) {
    expect_as_by_definition({0.0F, -0.0F, 0.0F, -0.0F});
    expect_as_by_definition({-1e30F, -1e-30F, 0.0F, 1e-30F, 1e30F});
    expect_as_by_definition(std::vector<float>(1000, 2.5F));
}

TEST(DistributionOf, NothingAndInfinityAreToldAsUnknown) {
    std::vector<float> scratch;
    EXPECT_TRUE(std::isnan(distribution_of({}, scratch).p50));
    const std::vector<float> values = {1, INFINITY, 2};
    EXPECT_FALSE(std::isfinite(distribution_of(values, scratch).mean));
}

TEST(DistributionOf, AUnitIsAColumn) {
    const std::vector<float> values = drawn(12, 0, 1);  // [4, 3]
    std::vector<float> scratch;
    const std::vector<float> column = {values[1], values[4], values[7], values[10]};
    EXPECT_DOUBLE_EQ(distribution_of_unit(values, 3, 1, scratch).p15, plain_percentile(column, 0.15));
}

TEST(Shares, CountWhatIsSaturatedAndWhoIsDead) {
    const std::vector<float> sigmoid = {0.0F, 0.05F, 0.051F, 0.5F, 0.949F, 0.95F, 1.0F, 0.3F};
    EXPECT_DOUBLE_EQ(saturated_share(sigmoid, true), 4.0 / 8);
    const std::vector<float> tanh = {-1.0F, -0.95F, -0.949F, 0.05F, 0.0F, 0.96F, 0.5F, -0.5F};
    EXPECT_DOUBLE_EQ(saturated_share(tanh, false), 3.0 / 8);
    const std::vector<float> relu = {0, 1, 0, 0,   //
                                     0, 0, 0, 2};  // units 0 and 2 never
    EXPECT_DOUBLE_EQ(dead_share(relu, 4), 0.5);
}

TEST(Shares, NormsAreEuclidean) {
    const std::vector<float> x = {3, 4}, y = {0, 8};
    EXPECT_DOUBLE_EQ(norm(x), 5);
    EXPECT_DOUBLE_EQ(distance(x, y), 5);
}

TEST(Looks, AreDenserEarlyAndIncludeBothEnds) {
    const Looks looks = plan_looks({}, 55000, 0, 20000, 128);
    EXPECT_EQ(looks.rows, 500);
    ASSERT_GT(looks.steps.size(), 30U);
    EXPECT_LE(looks.steps.size(), 40U);
    EXPECT_EQ(looks.steps.front(), 0);
    EXPECT_EQ(looks.steps.back(), 20000);
    for (std::size_t i = 2; i < looks.steps.size(); ++i)
        EXPECT_GE(looks.steps[i] - looks.steps[i - 1], looks.steps[i - 1] - looks.steps[i - 2] - 1);
}

TEST(Looks, StayWithinTheirShareOfTheRows) {
    for (const std::int64_t steps : {500, 2150, 4300, 10000}) {
        const Looks looks = plan_looks({}, 55000, 0, steps, 128);
        EXPECT_LE(static_cast<double>(looks.rows) * static_cast<double>(looks.steps.size()),
                  0.02 * static_cast<double>(steps) * 128);
        EXPECT_GE(looks.steps.size(), 8U);
        EXPECT_GE(looks.rows, 64);
    }
}

TEST(Looks, AreFewButSomeForATrainingOfMoments) {
    const Looks looks = plan_looks({}, 240, 0, 12, 20);
    EXPECT_EQ(looks.rows, 64);
    EXPECT_THAT(looks.steps, ElementsAre(0, 1, 2, 4, 8, 12));  // 8 looks, of which some fall together
    EXPECT_EQ(plan_looks({}, 10, 0, 12, 5).rows, 10) << "no more rows than there are";
    EXPECT_THAT(plan_looks({}, 100, 7, 7, 5).steps, ElementsAre(7)) << "nothing left to train";
}

TEST(Looks, OptionsAreChecked) {
    const auto message = [](const ProbeOptions& options) {
        try {
            plan_looks(options, 100, 0, 10, 10);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    EXPECT_THAT(message({.rows = 1}), HasSubstr("[Probe.rows] expected 2 or more, got 1"));
    EXPECT_THAT(message({.looks = 1}), HasSubstr("[Probe.looks] expected 2 or more, got 1"));
    EXPECT_THAT(message({.share = 0}), HasSubstr("[Probe.share]"));
}

}  // namespace
}  // namespace evenkeel
