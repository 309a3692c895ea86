// Training-mode exactness at any mean, through Plan.

#include <gtest/gtest.h>

#include "kernels/reference/batch_normalization.hpp"
#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

TEST(PlanExactness, HoldsAtAnyMeanForBothKindsOfAxis) {
    for (const double mean : {0.0, 1e2, 1e4, 1e6, -1e6}) {
        for (const bool last : {true, false}) {
            SCOPED_TRACE(mean);
            SCOPED_TRACE(last);
            // 1024 values per channel: 1024 rows of 3 channels, or 64 rows of 3 channels × 16 positions.
            const std::int64_t rows = last ? 1024 : 64, inner = last ? 1 : 16;
            const Shape shape = last ? Shape{3} : Shape{3, 16};
            Net net({Input(shape), BatchNormalization({.axis = 1})},
                    {.optimizer = SGD{.learning_rate = 1e-30}, .loss = "mse"},
                    {.largest_batch = rows, .keep_values = true}, 1, 2);
            Rows data;
            data.features = 3 * inner;
            data.x = normal_values<float>(rows * data.features, 17, mean);
            data.targets.resize(data.x.size());
            net.plan.train_step(data.all(), net.values, net.optimizer, 0);

            const kernels::reference::BatchShape s{rows, 3, inner};
            const std::vector<double> x = as_double(data.x);
            std::vector<double> want_mean(3), variance(3), want(x.size());
            kernels::reference::batch_statistics(s, x.data(), want_mean.data(), variance.data());
            kernels::reference::normalize<double>(s, x.data(), want_mean.data(), variance.data(), 1e-3, nullptr,
                                                  nullptr, want.data());
            for (int c = 0; c < 3; ++c) {
                EXPECT_NEAR(net.of(1, Role::moving_variance)[c], variance[c], 1e-3 * variance[c]);
                EXPECT_NEAR(net.of(1, Role::moving_mean)[c], want_mean[c], 1e-6 + 6e-8 * std::abs(mean));
            }
            const float* y = net.plan.value_behind(1).data;
            for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(y[i], want[i], 2e-5) << i;
        }
    }
}

TEST(PlanExactness, AConstantChannelGivesBetaAndNoGradient) {
    Net net({Input({2}), Dense(2, {.use_bias = false}), BatchNormalization()}, {.loss = "mse"},
            {.largest_batch = 100, .keep_values = true});
    net.set_identity(1);
    net.set(2, Role::beta, {0.5F, -2.0F});
    Rows data;
    data.features = 2;
    for (int i = 0; i < 100; ++i) data.x.insert(data.x.end(), {1e6F, 0.1F});
    data.targets = normal_values<float>(200, 3);
    net.plan.forward(data.all(), true, net.values);
    net.plan.backward(net.gradients);
    net.plan.commit_statistics(net.values);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(net.plan.value_behind(2).data[i], i % 2 == 0 ? 0.5F : -2.0F);
    for (const float g : net.gradient_of(2, Role::gamma)) EXPECT_EQ(g, 0.0F);
    for (const float v : net.of(2, Role::moving_variance)) EXPECT_EQ(v, 0.0F);
}

}  // namespace
}  // namespace evenkeel::testing
