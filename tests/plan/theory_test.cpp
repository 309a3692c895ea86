// How gradients grow from layer to layer at initialization: 30 layers of width 256, Gaussian input, a random
// cotangent. Yang et al. 2019 ("A mean field theory of batch normalization") give √(π/(π−1)) for ReLU, and
// √((B−2)/(B−3)) for no activation at batch B.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

constexpr int depth = 30;
constexpr std::int64_t width = 256;

struct Kind {
    const char* initializer;
    const char* activation;
    bool normalized;
};

/// Mean growth a layer, downwards, over the middle layers: e^(slope of ln‖∂C/∂z_l‖) by least squares.
double growth(const Kind& kind, std::int64_t batch, std::uint64_t seed) {
    std::vector<Layer> layers = {Input({width})};
    std::vector<int> z;  // the layers of z_l: each Dense
    for (int l = 0; l < depth; ++l) {
        z.push_back(static_cast<int>(layers.size()));
        layers.emplace_back(Dense(width, {.use_bias = false, .kernel_initializer = kind.initializer}));
        if (kind.normalized) layers.emplace_back(BatchNormalization({.epsilon = 1e-8}));
        layers.emplace_back(Activation(kind.activation));
    }
    Net net(layers, {.loss = given_gradient(normal_values<float>(batch * width, 70 + seed))},
            {.largest_batch = batch, .keep_values = true}, seed, 2);
    Rows rows;
    rows.features = width;
    rows.x = normal_values<float>(batch * width, 80 + seed);
    rows.targets.resize(rows.x.size());
    net.plan.forward(rows.all(), true, net.values);
    net.plan.backward(net.gradients);

    double n = 0, sum_l = 0, sum_y = 0, sum_ll = 0, sum_ly = 0;
    for (int l = 5; l < depth - 5; ++l) {
        const Value& value = net.plan.value_behind(z[static_cast<std::size_t>(l)]);
        double squares = 0;
        for (std::int64_t i = 0; i < batch * width; ++i)
            squares += static_cast<double>(value.gradient[i]) * value.gradient[i];
        const double y = 0.5 * std::log(squares);
        n += 1, sum_l += l, sum_y += y, sum_ll += l * l, sum_ly += l * y;
    }
    return std::exp(-(n * sum_ly - sum_l * sum_y) / (n * sum_ll - sum_l * sum_l));
}

/// Over a few seeds: what one network of finite width scatters by is no error of ours.
double mean_growth(const Kind& kind, std::int64_t batch, int seeds) {
    double sum = 0;
    for (int s = 0; s < seeds; ++s) sum += std::log(growth(kind, batch, static_cast<std::uint64_t>(s + 1)));
    return std::exp(sum / seeds);
}

TEST(Theory, ReLUBatchNormalizationGrowsBy1211) {
    const double theory = std::sqrt(std::numbers::pi / (std::numbers::pi - 1));
    EXPECT_NEAR(mean_growth({"he_normal", "relu", true}, 128, 3), theory, 0.02 * theory);
}

TEST(Theory, LinearBatchNormalizationGrowsByTheBatchSize) {
    for (const std::int64_t batch : {8, 32, 128}) {
        const double b = static_cast<double>(batch), theory = std::sqrt((b - 2) / (b - 3));
        EXPECT_NEAR(mean_growth({"lecun_normal", "linear", true}, batch, 3), theory, 0.01 * theory) << batch;
    }
}

TEST(Theory, SigmoidWithoutNormalizationShrinksBy236) {
    EXPECT_NEAR(mean_growth({"glorot_normal", "sigmoid", false}, 128, 3), 0.236, 0.03 * 0.236);
}

}  // namespace
}  // namespace evenkeel::testing
