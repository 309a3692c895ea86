#include "evenkeel/study/useful_range.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

const std::vector<double> grid = {.01, .1, 1, 10, 100};

UsefulRange range(const std::vector<double>& accuracies) {
    return useful_range(grid, accuracies, .9);
}

TEST(UsefulRange, InTheMiddleOfTheGridItIsMeasured) {
    const UsefulRange r = range({.5, .9, .97, .95, .2});  // the threshold itself counts
    EXPECT_EQ(r.low, .1);
    EXPECT_EQ(r.high, 10);
    EXPECT_NEAR(r.decades, 2, 1e-12);
    EXPECT_FALSE(r.cut_low);
    EXPECT_FALSE(r.cut_high);
    EXPECT_EQ(r.values, 3);
    EXPECT_EQ(r.elsewhere, 0);
    EXPECT_EQ(to_text(r), "0.1 … 10, 2.00 decades");
}

TEST(UsefulRange, AGapIsNotBridged) {
    const UsefulRange r = range({.95, .5, .95, .95, .2});
    EXPECT_EQ(r.low, 1);
    EXPECT_EQ(r.high, 10);
    EXPECT_NEAR(r.decades, 1, 1e-12);
    EXPECT_FALSE(r.cut_low);
    EXPECT_EQ(r.elsewhere, 1);
    EXPECT_EQ(to_text(r), "1 … 10, 1.00 decades; and, behind a gap, 1 more value");
}

TEST(UsefulRange, NoneIsNoRange) {
    const UsefulRange r = range({.5, .5, .8999, .5, .1});
    EXPECT_FALSE(r.low);
    EXPECT_FALSE(r.high);
    EXPECT_EQ(r.decades, 0);
    EXPECT_EQ(r.values, 0);
    EXPECT_EQ(to_text(r), "none of the values tried");
    EXPECT_FALSE(useful_range({}, {}, .9).low);
}

TEST(UsefulRange, TheGridsEdgesAreTold) {
    EXPECT_EQ(to_text(range({1, 1, 1, 1, 1})), "0.01 … 100, 4.00 decades; the whole grid, so it may be wider");
    const UsefulRange low = range({1, 1, .2, .2, .2});
    EXPECT_TRUE(low.cut_low);
    EXPECT_FALSE(low.cut_high);
    EXPECT_EQ(to_text(low), "0.01 … 0.1, 1.00 decades; cut off by the grid's lowest value, so it may be wider");
    const UsefulRange high = range({.2, .2, .2, .2, 1});
    EXPECT_FALSE(high.cut_low);
    EXPECT_TRUE(high.cut_high);
    EXPECT_EQ(high.decades, 0);
    EXPECT_EQ(to_text(high), "100 alone; cut off by the grid's highest value, so it may be wider");
}

TEST(UsefulRange, OfEqualStretchesTheFirstWithTheMostValuesCounts) {
    EXPECT_EQ(range({1, 1, .2, 1, 1}).low, .01);
    const std::vector<double> uneven = {1, 10, 11, 33, 110};  // twice a decade: of two values, then of three
    EXPECT_EQ(useful_range(uneven, std::vector<double>{1, 1, .2, 1, .2}, .9).low, 1);
    const std::vector<double> twice = {1, 10, 20, 30, 60, 200, 300};
    EXPECT_EQ(useful_range(twice, std::vector<double>{1, 1, .2, .2, 1, 1, .2}, .9).high, 10);
    const std::vector<double> denser = {1, 10, 20, 30, 60, 300};
    const UsefulRange r = useful_range(denser, std::vector<double>{1, 1, .2, 1, 1, 1}, .9);
    EXPECT_EQ(r.low, 30);
    EXPECT_EQ(r.values, 3);
}

TEST(UsefulRange, RefusesWhatIsNoGrid) {
    EXPECT_THROW(useful_range(grid, std::vector<double>{1, 1}, .9), Error);
    EXPECT_THROW(useful_range(std::vector<double>{1, 1}, std::vector<double>{1, 1}, .9), Error);
    EXPECT_THROW(useful_range(std::vector<double>{0, 1}, std::vector<double>{1, 1}, .9), Error);
    EXPECT_THROW(range({1, 1, std::numeric_limits<double>::quiet_NaN(), 1, 1}), Error);
}

}  // namespace
}  // namespace evenkeel
