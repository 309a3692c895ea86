// Moving statistics: debiased and plain averages, freezing, dead channels, and the bias that cancels.

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/reference/batch_normalization.hpp"
#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

Rows rows_of(std::int64_t rows, std::int64_t features, std::uint64_t seed, double mean = 3.0) {
    Rows r;
    r.features = features;
    r.x = normal_values<float>(rows * features, seed, mean, 1.5);
    r.targets.resize(r.x.size());
    return r;
}

struct Statistics {
    Doubles mean, variance;
};

Statistics exact(const Rows& r) {
    Statistics s{Doubles(static_cast<std::size_t>(r.features)), Doubles(static_cast<std::size_t>(r.features))};
    kernels::reference::batch_statistics({r.count(), r.features, 1}, as_double(r.x).data(), s.mean.data(),
                                         s.variance.data());
    return s;
}

std::vector<Layer> only_bn(const BatchNormalizationOptions& options) {
    return {Input({5}), BatchNormalization(options)};
}
Compilation standing_still() {
    return {.optimizer = SGD{.learning_rate = 1e-30}, .loss = "mse"};
}

TEST(MovingStatistics, DebiasedOnesAreThoseOfTheFirstBatchAndThenTheExactlyWeightedAverage) {
    for (const double d : {0.0, 0.9, 0.99}) {
        for (const MovingVariance policy : {MovingVariance::biased, MovingVariance::unbiased}) {
            Net net(only_bn({.momentum = d, .moving_variance = policy}), standing_still(), {.largest_batch = 20});
            Doubles mean_sum(5), variance_sum(5);
            double weight_sum = 0;
            for (int t = 1; t <= 12; ++t) {
                const std::int64_t m = t % 3 == 0 ? 7 : 20;
                const Rows batch = rows_of(m, 5, static_cast<std::uint64_t>(t), t);
                net.plan.train_step(batch.all(), net.values, net.optimizer, 0);
                EXPECT_EQ(net.values.updates[0], t);
                // Batch s weighs d^(t−s): after t of them the average is Σ d^(t−s)·μ_s / Σ d^(t−s).
                const Statistics s = exact(batch);
                weight_sum = weight_sum * d + 1;
                for (std::size_t c = 0; c < 5; ++c) {
                    const double factor =
                        policy == MovingVariance::unbiased ? static_cast<double>(m) / static_cast<double>(m - 1) : 1;
                    mean_sum[c] = mean_sum[c] * d + s.mean[c];
                    variance_sum[c] = variance_sum[c] * d + s.variance[c] * factor;
                    // Each update rounds to float once: t·6e-8, on top of the batch's own 1e-7.
                    const double mean = mean_sum[c] / weight_sum, variance = variance_sum[c] / weight_sum;
                    EXPECT_NEAR(net.of(1, Role::moving_mean)[c], mean, 1e-6 * std::abs(mean)) << t;
                    EXPECT_NEAR(net.of(1, Role::moving_variance)[c], variance, 2e-6 * variance) << t;
                    if (t > 1) continue;
                    EXPECT_EQ(net.of(1, Role::moving_mean)[c], static_cast<float>(mean)) << "to the last bit or so";
                }
            }
        }
    }
}

TEST(MovingStatistics, WithoutDebiasTheyAreKerassAverage) {
    Net net(only_bn({.momentum = 0.9, .debias = false}), standing_still(), {.largest_batch = 20});
    Doubles mean(5, 0.0), variance(5, 1.0);
    for (int t = 1; t <= 10; ++t) {
        const Rows batch = rows_of(20, 5, static_cast<std::uint64_t>(t));
        net.plan.train_step(batch.all(), net.values, net.optimizer, 0);
        const Statistics s = exact(batch);
        for (std::size_t c = 0; c < 5; ++c) {
            mean[c] = 0.9 * mean[c] + 0.1 * s.mean[c];
            variance[c] = 0.9 * variance[c] + 0.1 * s.variance[c];
            EXPECT_NEAR(net.of(1, Role::moving_mean)[c], mean[c], 1e-6 * std::abs(mean[c]));
            EXPECT_NEAR(net.of(1, Role::moving_variance)[c], variance[c], 2e-6 * variance[c]);
        }
    }
    EXPECT_EQ(net.values.updates[0], -1) << "still unknown";
}

TEST(MovingStatistics, MomentumOneNeverMoves) {
    for (const bool debias : {false, true}) {
        Net net(only_bn({.momentum = 1.0, .debias = debias}), standing_still(), {.largest_batch = 20});
        const Floats before = copy_of(net.values.statistics);
        for (int t = 0; t < 3; ++t) net.plan.train_step(rows_of(20, 5, 1).all(), net.values, net.optimizer, 0);
        EXPECT_EQ(copy_of(net.values.statistics), before);
    }
}

TEST(MovingStatistics, OnlyACommitMovesThem) {
    Net net(only_bn({}), standing_still(), {.largest_batch = 20});
    const Floats before = copy_of(net.values.statistics);
    const Rows batch = rows_of(20, 5, 1);
    net.plan.forward(batch.all(), true, net.values);
    net.plan.backward(net.gradients);
    net.plan.forward(batch.all(), false, net.values);
    net.plan.commit_statistics(net.values);  // of an evaluation: nothing to commit
    EXPECT_EQ(copy_of(net.values.statistics), before);
    EXPECT_EQ(net.values.updates[0], 0);
}

TEST(MovingStatistics, ADeadChannelDoesNotDecayIntoSubnormals) {
    Net net(only_bn({.momentum = 0.99, .debias = false}), standing_still(), {.largest_batch = 2});
    for (float& v : net.values.statistics.span()) v = 1e-30F;
    Rows dead;
    dead.features = 5;
    dead.x.resize(10);
    dead.targets.resize(10);
    for (int t = 0; t < 20000; ++t) {
        net.plan.train_step(dead.all(), net.values, net.optimizer, 0);
        for (const float v : net.values.statistics.span()) ASSERT_NE(std::fpclassify(v), FP_SUBNORMAL) << t;
    }
    for (const Role role : {Role::moving_mean, Role::moving_variance}) {
        for (const float v : net.of(1, role)) EXPECT_EQ(v, 0.0F);
    }
}

TEST(MovingStatistics, EachFreezingSwitchDoesItsOwn) {
    struct Switch {
        const char* name;
        BatchNormalizationOptions options;
        bool gamma, beta, statistics, uses_batch;
    };
    const Switch switches[] = {
        {"none", {}, true, true, true, true},
        {"train_gamma", {.train_gamma = false}, false, true, true, true},
        {"train_beta", {.train_beta = false}, true, false, true, true},
        {"update_statistics", {.update_statistics = false}, true, true, false, true},
        {"use_moving_statistics", {.use_moving_statistics = true}, true, true, false, false},
        {"trainable", {.trainable = false}, false, false, false, false},
    };
    for (const Switch& s : switches) {
        SCOPED_TRACE(s.name);
        Net net({Input({5}), Dense(5, {.use_bias = false}), BatchNormalization(s.options), Dense(5)},
                {.optimizer = SGD{.learning_rate = 0.1}, .loss = "mse"}, {.largest_batch = 20, .keep_values = true});
        net.set(2, Role::beta, {1, 2, 3, 4, 5});
        net.set(2, Role::moving_mean, {5, 4, 3, 2, 1});
        const VariableValues before = net.values;
        const Rows batch = rows_of(20, 5, 1);
        net.plan.train_step(batch.all(), net.values, net.optimizer, 0);
        const auto changed = [&](Role role) {
            const Variable& v = *net.layout.find(2, role);
            return !std::equal(before.of(v).begin(), before.of(v).end(), net.values.of(v).begin());
        };
        EXPECT_EQ(changed(Role::gamma), s.gamma);
        EXPECT_EQ(changed(Role::beta), s.beta);
        EXPECT_EQ(changed(Role::moving_mean), s.statistics);
        EXPECT_EQ(changed(Role::moving_variance), s.statistics);
        EXPECT_EQ(net.values.updates[0], s.statistics ? 1 : 0);
        // By the batch, y averages to β; by the moving statistics it does not.
        double mean = 0;
        for (int r = 0; r < 20; ++r) mean += net.plan.value_behind(2).data[r * 5] / 20;
        EXPECT_EQ(std::abs(mean - 1.0) < 1e-5, s.uses_batch) << mean;
    }
}

// z + b normalizes to what z does, so b has no gradient; what a moving mean is for later is that of z + b.
TEST(MovingStatistics, TheBiasBeforeHasNoGradientAndEntersTheMovingMean) {
    struct Case {
        const char* name;
        std::vector<Layer> layers;
        int bn;
        std::int64_t positions, features;
    };
    const Case cases[] = {
        {"rank 2", {Input({4}), Dense(5), BatchNormalization()}, 2, 1, 4},
        {"rank 3", {Input({3, 4}), Dense(5), BatchNormalization()}, 2, 3, 12},
        {"flattened", {Input({3, 4}), Dense(5), Flatten(), BatchNormalization()}, 3, 3, 12},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const bool flattened = c.bn == 3;
        Net net(c.layers, {.optimizer = Adam{.learning_rate = 0.1}, .loss = "mse"}, {.largest_batch = 20});
        const Floats bias = {10, -20, 30, 0, 5};
        net.set(1, Role::bias, bias);
        Rows batch = rows_of(20, c.features, 1, 0.0);
        batch.targets = normal_values<float>(20 * 5 * c.positions, 9);
        net.plan.forward(batch.all(), true, net.values);
        net.plan.backward(net.gradients);
        if (!flattened) {
            for (const float g : net.gradient_of(1, Role::bias)) EXPECT_EQ(g, 0.0F);
        }
        for (const float g : net.gradient_of(1, Role::bias)) EXPECT_NEAR(g, 0.0F, 1e-6F);
        net.plan.commit_statistics(net.values);

        // μ of x·W + b in double.
        const auto kernel = net.of(1, Role::kernel);
        const std::int64_t channels = flattened ? 15 : 5;
        Doubles mean(static_cast<std::size_t>(channels));
        for (std::int64_t r = 0; r < 20 * c.positions; ++r) {
            for (std::int64_t u = 0; u < 5; ++u) {
                double z = bias[u];
                for (std::int64_t k = 0; k < 4; ++k) z += static_cast<double>(batch.x[r * 4 + k]) * kernel[k * 5 + u];
                const std::int64_t channel = flattened ? r % c.positions * 5 + u : u;
                mean[channel] += z * static_cast<double>(channels) / static_cast<double>(20 * c.positions * 5);
            }
        }
        for (std::int64_t u = 0; u < channels; ++u) EXPECT_NEAR(net.of(c.bn, Role::moving_mean)[u], mean[u], 1e-5) << u;

        // So inference, which adds the bias, agrees with training where the statistics do.
        const BatchResult trained = net.plan.forward(batch.all(), true, net.values);
        const BatchResult evaluated = net.plan.forward(batch.all(), false, net.values);
        EXPECT_NEAR(trained.loss, evaluated.loss, 1e-5 * trained.loss);
    }
}

}  // namespace
}  // namespace evenkeel::testing
