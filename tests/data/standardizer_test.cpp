#include "evenkeel/data/standardizer.hpp"

#include <cmath>
#include <limits>

#include "evenkeel/core/random.hpp"
#include "support.hpp"

namespace evenkeel {
namespace {

Examples rows_of(Shape shape, std::vector<float> values) {
    Examples rows;
    rows.shape = std::move(shape);
    rows.values = std::move(values);
    return rows;
}

TEST(Standardizer, GivesEveryFeatureMeanZeroAndDeviationOne) {
    // Ages and incomes, by hand: means 40 and 50000, biased deviations √200 and √(5·10⁸).
    std::vector<float> values = {20, 20000, 40, 50000, 40, 50000, 60, 80000};
    const Standardization fitted = fit_standardization(rows_of({2}, values));
    EXPECT_DOUBLE_EQ(fitted.mean[0], 40);
    EXPECT_DOUBLE_EQ(fitted.mean[1], 50000);
    EXPECT_DOUBLE_EQ(fitted.deviation[0], std::sqrt(200.0));
    EXPECT_DOUBLE_EQ(fitted.deviation[1], std::sqrt(4.5e8));
    EXPECT_TRUE(fitted.constant.empty());
    const std::vector<float> before = values;
    standardize(fitted, values);
    const auto root2 = static_cast<float>(std::sqrt(2.0));
    EXPECT_EQ(values, (std::vector<float>{-root2, -root2, 0, 0, 0, 0, root2, root2}));
    unstandardize(fitted, values);
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_FLOAT_EQ(values[i], before[i]);
}

TEST(Standardizer, LosesNothingFarFromZero) {
    std::vector<float> values(2000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1e6f + static_cast<float>(Random(1, 2).normal(i));
    double mean = 0, squares = 0;
    for (const float v : values) mean += static_cast<double>(v) / 2000;
    for (const float v : values) squares += (v - mean) * (v - mean);
    const Standardization fitted = fit_standardization(rows_of({1}, values));
    EXPECT_NEAR(fitted.mean[0], mean, 1e-8);
    EXPECT_NEAR(fitted.deviation[0], std::sqrt(squares / 2000), 1e-9);
}

TEST(Standardizer, LeavesConstantFeaturesFinite) {
    std::vector<float> values;
    for (int i = 0; i < 1001; ++i) values.insert(values.end(), {0.1f, static_cast<float>(i)});
    const Standardization fitted = fit_standardization(rows_of({2}, values));
    EXPECT_EQ(fitted.constant, (std::vector<std::int64_t>{0}));
    EXPECT_EQ(fitted.deviation[0], 1.0);
    EXPECT_EQ(fitted.mean[0], static_cast<double>(0.1f));
    standardize(fitted, values);
    EXPECT_EQ(values[0], 0.0f);
}

TEST(Standardizer, TakesBytesAsTheyLie) {
    Examples rows;
    rows.shape = {1, 2};
    rows.values = std::vector<std::uint8_t>{0, 255, 10, 255, 20, 255};
    const Standardization fitted = fit_standardization(rows);
    EXPECT_EQ(fitted.mean, (std::vector<double>{10, 255}));
    EXPECT_DOUBLE_EQ(fitted.deviation[0], std::sqrt(200.0 / 3));
    EXPECT_EQ(fitted.constant, (std::vector<std::int64_t>{1}));
}

TEST(Standardizer, RefusesWhatHasNoDeviation) {
    expect_error(Fault::input, {"0 values"}, [] { fit_standardization(rows_of({2}, {})); });
    expect_error(Fault::input, {"3 values"}, [] { fit_standardization(rows_of({2}, {1, 2, 3})); });
    expect_error(Fault::input, {"finite", "feature 1"}, [] {
        fit_standardization(rows_of({2}, {1, 2, 3, std::numeric_limits<float>::infinity()}));
    });
    std::vector<float> three(3);
    expect_error(Fault::input, {"2 features"}, [&] {
        standardize(fit_standardization(rows_of({2}, {1, 2, 3, 4})), three);
    });
}

}  // namespace
}  // namespace evenkeel
