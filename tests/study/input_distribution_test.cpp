#include "study/input_distribution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "evenkeel/train/input_scaling.hpp"

namespace evenkeel {
namespace {

ModelDescription network(const Examples& train, InputScaling scaling) {
    ModelDescription model;
    model.add(Dense(2));
    return with_input(model, train, scaling);
}

std::int64_t total(const ValueDistribution& d) {
    return std::accumulate(d.counts.begin(), d.counts.end(), std::int64_t{0});
}

TEST(InputDistribution, CountsBytesAndWhatTheirRescalingMakesOfThem) {
    Examples train;
    train.shape = {2};
    train.values = std::vector<std::uint8_t>{0, 10, 0, 20, 255, 30, 5, 40};
    train.labels = {0, 1, 0, 1};
    const InputDistribution input = input_distribution(train, {}, network(train, InputScaling::unit));
    EXPECT_EQ(input.scaling, "rescaling");
    EXPECT_EQ(input.rows, 4);
    EXPECT_DOUBLE_EQ(input.before.all.mean, 45.0);
    EXPECT_EQ(input.before.all.low, 0);
    EXPECT_EQ(input.before.all.high, 255);
    EXPECT_DOUBLE_EQ(input.after.all.mean, 45.0 / 255);
    EXPECT_DOUBLE_EQ(input.after.all.high, 1.0);
    ASSERT_EQ(input.before.edges.size(), input.before.counts.size() + 1);
    EXPECT_EQ(total(input.before), 8);
    EXPECT_EQ(input.before.counts[0], 2) << "0 and 0, not 5, which begins the next bin";
    EXPECT_EQ(input.before.counts, input.after.counts) << "scaling moves no value into another bin";
    ASSERT_EQ(input.features.size(), 2U);
    EXPECT_DOUBLE_EQ(input.before.features[1].mean, 25.0);
    EXPECT_DOUBLE_EQ(input.before.features[1].deviation, std::sqrt(125.0));
}

TEST(InputDistribution, StandardizedColumnsHaveMeanZeroAndDeviationOne) {
    Examples train;
    train.shape = {3};
    train.values = std::vector<float>{20, 1000, 7, 30, 3000, 7, 40, 2000, 7};
    train.labels = {0, 1, 0};
    const InputDistribution input =
        input_distribution(train, {"age", "income", "same"}, network(train, InputScaling::standardize));
    EXPECT_EQ(input.scaling, "normalization");
    EXPECT_EQ(input.features, (std::vector<std::string>{"age", "income", "same"}));
    EXPECT_DOUBLE_EQ(input.before.features[1].mean, 2000);
    for (const std::size_t f : {0, 1}) {
        EXPECT_NEAR(input.after.features[f].mean, 0, 1e-12);
        EXPECT_NEAR(input.after.features[f].deviation, 1, 1e-12);
    }
    EXPECT_EQ(input.after.features[2].deviation, 0) << "a constant is only centred";
    EXPECT_EQ(total(input.after), 9);
}

TEST(InputDistribution, FloatsAndBytesOfTheSameValuesAgreeUnderAnyScaling) {
    Examples bytes;
    bytes.shape = {11};
    bytes.labels.assign(40, 0);
    std::vector<std::uint8_t> values;
    for (int i = 0; i < 40 * 11; ++i) values.push_back(static_cast<std::uint8_t>(i % 3 == 0 ? 0 : i * i % 251));
    Examples floats = bytes;
    bytes.values = values;
    floats.values = std::vector<float>(values.begin(), values.end());
    ModelDescription mirrored;
    mirrored.add(Input({11}));
    mirrored.add(Rescaling(-0.5, 3));
    mirrored.add(Dense(2));
    for (const ModelDescription& model : {network(bytes, InputScaling::standardize), mirrored}) {
        const InputDistribution a = input_distribution(bytes, {}, model), b = input_distribution(floats, {}, model);
        EXPECT_EQ(a.features, b.features);
        for (const auto& [x, y] : {std::pair{a.before, b.before}, std::pair{a.after, b.after}}) {
            EXPECT_EQ(x.counts, y.counts);
            EXPECT_EQ(total(x), 40 * 11);
            EXPECT_EQ(x.all.low, y.all.low);
            EXPECT_EQ(x.all.high, y.all.high);
            EXPECT_NEAR(x.all.mean, y.all.mean, 1e-12);
            EXPECT_NEAR(x.all.deviation, y.all.deviation, 1e-12);
        }
    }
    const InputDistribution m = input_distribution(bytes, {}, mirrored);
    EXPECT_EQ(m.after.all.low, 3 - 0.5 * m.before.all.high);
    EXPECT_EQ(m.after.all.high, 3 - 0.5 * m.before.all.low);
    EXPECT_NEAR(m.after.all.deviation, 0.5 * m.before.all.deviation, 1e-12);
    double square = 0;
    for (const std::uint8_t v : values) square += (v - m.before.all.mean) * (v - m.before.all.mean);
    EXPECT_NEAR(m.before.all.deviation, std::sqrt(square / (40 * 11)), 1e-12);
}

TEST(InputDistribution, OfManyPixelsTheLiveliestAreNamed) {
    Examples train;
    train.shape = {4, 5};
    std::vector<std::uint8_t> values(2 * 20, 0);
    for (std::size_t f = 7; f < 15; ++f) values[20 + f] = 200;  // the others never change
    train.values = values;
    train.labels = {0, 1};
    const InputDistribution input = input_distribution(train, {}, network(train, InputScaling::none));
    ASSERT_EQ(input.features.size(), 8U);
    EXPECT_EQ(input.features.front(), "row 2, column 3");
    EXPECT_EQ(input.features.back(), "row 3, column 5");
    EXPECT_EQ(input.scaling, "none");
    const auto json = to_json(input);
    EXPECT_EQ(json["before"]["histogram"]["edges"].size(), json["before"]["histogram"]["counts"].size() + 1);
    EXPECT_EQ(json["after"]["features"][0]["name"], "row 2, column 3");
}

}  // namespace
}  // namespace evenkeel
