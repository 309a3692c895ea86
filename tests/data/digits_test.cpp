#include "evenkeel/data/digits.hpp"

#include <cmath>
#include <numeric>

#include "evenkeel/data/open.hpp"
#include "support.hpp"

namespace evenkeel {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(Digits, AreAPureFunctionOfSeedAndIndex) {
    const Dataset data = make_digits({.train_rows = 20, .test_rows = 5});
    const auto& test = std::get<Bytes>(data.test.values);
    for (std::uint64_t i : {3u, 0u, 4u}) {
        const DigitImage image = draw_digit(0, 20 + i);
        EXPECT_EQ(image.label, data.test.labels[i]);
        EXPECT_TRUE(std::equal(image.pixels.begin(), image.pixels.end(), test.begin() + static_cast<long>(784 * i)));
    }
    EXPECT_NE(draw_digit(0, 1).pixels, draw_digit(1, 1).pixels);
    EXPECT_NE(draw_digit(0, 1).pixels, draw_digit(0, 2).pixels);
}

TEST(Digits, AreTenEvenClassesOfImages) {
    const Dataset data = open_dataset("digits");
    EXPECT_EQ(data.classes, 10);
    EXPECT_EQ(data.train.shape, (Shape{28, 28}));
    EXPECT_EQ(data.train.rows(), 12000);
    EXPECT_EQ(data.test.rows(), 2000);
    EXPECT_EQ(std::get<Bytes>(data.train.values).size(), 12000u * 784);
    std::vector<int> counts(10);
    for (const std::int32_t label : data.train.labels) ++counts[static_cast<std::size_t>(label)];
    for (const int count : counts) EXPECT_NEAR(count, 1200, 5 * std::sqrt(1200 * 0.9));
}

// Learnable, but not by comparing with the ten mean images: that is what makes the difference to a network
// visible.
TEST(Digits, AreMoreThanTheirMeanImages) {
    const Dataset data = make_digits({.train_rows = 4000, .test_rows = 1000});
    std::vector<std::vector<double>> mean(10, std::vector<double>(784));
    std::vector<double> count(10);
    const auto& train = std::get<Bytes>(data.train.values);
    for (std::size_t row = 0; row < data.train.labels.size(); ++row) {
        const auto label = static_cast<std::size_t>(data.train.labels[row]);
        for (std::size_t i = 0; i < 784; ++i) mean[label][i] += train[784 * row + i];
        ++count[label];
    }
    const auto& test = std::get<Bytes>(data.test.values);
    int right = 0;
    for (std::size_t row = 0; row < data.test.labels.size(); ++row) {
        std::vector<double> distance(10);
        for (std::size_t label = 0; label < 10; ++label) {
            for (std::size_t i = 0; i < 784; ++i) {
                distance[label] += std::pow(test[784 * row + i] - mean[label][i] / count[label], 2);
            }
        }
        right += std::min_element(distance.begin(), distance.end()) - distance.begin() == data.test.labels[row];
    }
    EXPECT_GT(right, 600);
    EXPECT_LT(right, 950);
}

TEST(Digits, RefuseAbsurdCounts) {
    expect_error(Fault::input, {"digits", "-1"}, [] { make_digits({.train_rows = -1}); });
    expect_error(Fault::input, {"digits", "0"}, [] { make_digits({.test_rows = 0}); });
    expect_error(Fault::input, {"digits"}, [] { make_digits({.train_rows = std::int64_t{1} << 40}); });
}

}  // namespace
}  // namespace evenkeel
