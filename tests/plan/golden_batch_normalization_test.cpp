// Batch normalization through Plan against the numbers of Keras and PyTorch.

#include <gtest/gtest.h>

#include <cmath>

#include "support/json_golden.hpp"
#include "support/net.hpp"

namespace evenkeel::testing {
namespace {

using nlohmann::json;
using Floats = std::vector<float>;

BatchNormalizationOptions options_of(const json& c) {
    BatchNormalizationOptions o;
    o.axis = c.at("axis").get<int>();
    o.momentum = c.at("momentum").get<double>();
    o.epsilon = c.at("epsilon").get<double>();
    o.center = c.value("center", true);
    o.scale = c.value("scale", true);
    o.trainable = c.value("trainable", true);
    o.use_moving_statistics = c.value("use_moving_statistics", false);
    if (c.value("moving_variance_policy", "biased") == "unbiased") o.moving_variance = MovingVariance::unbiased;
    o.debias = false;
    return o;
}

/// Input, Dense that is the identity (so that ∂C/∂x is asked for), BatchNormalization.
struct Normalizer {
    Shape shape;
    Net net;

    Normalizer(const json& c, const Shape& with_batch, std::int64_t rows, const Floats& dy)
        : shape(with_batch.begin() + 1, with_batch.end()),
          net({Input(shape), Dense(shape.back(), {.use_bias = false}), BatchNormalization(options_of(c))},
              {.loss = given_gradient(dy)}, {.largest_batch = rows, .keep_values = true}) {
        net.set_identity(1);
        if (c.contains("gamma")) net.set(2, Role::gamma, floats_of(c.at("gamma")));
        if (c.contains("beta")) net.set(2, Role::beta, floats_of(c.at("beta")));
    }
};

Rows rows_of(const json& x) {
    Rows rows;
    rows.x = floats_of(x);
    rows.features = static_cast<std::int64_t>(rows.x.size()) / shape_of(x)[0];
    rows.targets.resize(rows.x.size());
    return rows;
}

/// Errors relative to the largest magnitude, as check_golden.py measures them.
void expect_near(const float* got, const std::vector<double>& want, double bound, const char* what, double scale = 0) {
    if (scale == 0) {
        for (const double v : want) scale = std::max(scale, std::abs(v));
    }
    for (std::size_t i = 0; i < want.size(); ++i) {
        ASSERT_NEAR(got[i], want[i], bound * std::max(scale, 1e-30)) << what << "[" << i << "]";
    }
}
void expect_near(const float* got, const json& want, double bound, const char* what, double scale = 0) {
    const Floats w = floats_of(want);
    expect_near(got, std::vector<double>(w.begin(), w.end()), bound, what, scale);
}

void check_training(const json& c) {
    SCOPED_TRACE(c.at("name").get<std::string>());
    const Rows rows = rows_of(c.at("x"));
    const Floats dy = floats_of(c.at("dy"));
    Normalizer n(c, shape_of(c.at("x")), rows.count(), dy);
    n.net.set(2, Role::moving_mean, floats_of(c.at("moving_mean")));
    n.net.set(2, Role::moving_variance, floats_of(c.at("moving_variance")));
    n.net.plan.forward(rows.all(), true, n.net.values);
    n.net.plan.backward(n.net.gradients);
    n.net.plan.commit_statistics(n.net.values);

    double scale = 0;  // of ∂C/∂x: max|γ·dy|/√(σ²+ε), whose differences it is made of (σ² is near 1 here)
    const Floats gamma = c.contains("gamma") ? floats_of(c.at("gamma")) : Floats(1, 1.0F);
    for (const float g : gamma) scale = std::max(scale, static_cast<double>(std::abs(g)));
    double largest_dy = 0;
    for (const float v : dy) largest_dy = std::max(largest_dy, static_cast<double>(std::abs(v)));

    scale *= largest_dy;

    // Float32 keeps 6e-8 of each term; the frameworks themselves lie within 2e-6 of double (check_golden.py).
    // At a mean of 1000 they compute x·inv + (β − μ·inv) and lose three digits more, which ours does not: see
    // *64.
    const bool offset = c.at("name").get<std::string>().find("mean_1000") != std::string::npos;
    const double bound = offset ? 2e-2 : 3e-6;
    const float* y = n.net.plan.value_behind(2).data;
    const float* dx = n.net.plan.value_behind(1).gradient;
    expect_near(y, c.at("y"), bound, "y");
    expect_near(dx, c.at("dx"), bound, "dx", scale);
    const auto parameter = [&](const char* key, Role role) {
        if (!c.contains(key)) return;
        expect_near(n.net.gradient_of(2, role).data(), c.at(key), bound, key);
        if (c.contains(std::string(key) + "64"))
            expect_near(n.net.gradient_of(2, role).data(), doubles_of(c.at(std::string(key) + "64")), 3e-6, key);
    };
    parameter("dgamma", Role::gamma);
    parameter("dbeta", Role::beta);
    expect_near(n.net.of(2, Role::moving_mean).data(), c.at("moving_mean_after"), 2e-6, "moving mean");
    expect_near(n.net.of(2, Role::moving_variance).data(), c.at("moving_variance_after"), offset ? 1e-4 : 2e-6,
                "moving variance");
    if (!c.contains("y64")) return;
    expect_near(y, doubles_of(c.at("y64")), 3e-6, "y in double");
    expect_near(dx, doubles_of(c.at("dx64")), 3e-6, "dx in double", scale);
    expect_near(n.net.of(2, Role::moving_mean).data(), doubles_of(c.at("moving_mean_after64")), 2e-7, "mean64");
    expect_near(n.net.of(2, Role::moving_variance).data(), doubles_of(c.at("moving_variance_after64")), 2e-6, "var64");
}

TEST(GoldenBatchNormalization, KerassTrainingStep) {
    const json cases = golden("keras_bn_training.json").at("cases");
    ASSERT_EQ(cases.size(), 17U);
    for (const json& c : cases) check_training(c);
}

TEST(GoldenBatchNormalization, PyTorchsTrainingStepInFloatAndDouble) {
    const json cases = golden("torch_bn_training.json").at("cases");
    ASSERT_EQ(cases.size(), 12U);
    for (const json& c : cases) check_training(c);
}

TEST(GoldenBatchNormalization, MovingStatisticsAfterTenBatchesAndEvaluation) {
    int checked = 0;
    for (const char* file : {"keras_bn_moving.json", "torch_bn_moving.json"}) {
        const json document = golden(file);
        for (const json& c : document.at("cases")) {
            SCOPED_TRACE(std::string(file) + " " + c.at("name").get<std::string>());
            const Shape shape = shape_of(c.at("batches")[0]);
            const std::int64_t size = elements(shape, "batch");
            Normalizer n(c, shape, 8, Floats(static_cast<std::size_t>(size)));
            for (const json& x : c.at("batches")) {
                n.net.plan.forward(rows_of(x).all(), true, n.net.values);
                n.net.plan.commit_statistics(n.net.values);
            }
            // Ten roundings to float, as in the frameworks.
            expect_near(n.net.of(2, Role::moving_mean).data(), c.at("moving_mean_after"), 2e-6, "moving mean");
            expect_near(n.net.of(2, Role::moving_variance).data(), c.at("moving_variance_after"), 2e-6,
                        "moving variance");
            const Rows test = rows_of(c.at("test"));
            Floats y(test.x.size());
            n.net.plan.predict(test.all(), n.net.values, y);
            expect_near(y.data(), c.at("test_y"), 2e-6, "evaluation");
            if (c.contains("moving_mean_after64")) {
                expect_near(n.net.of(2, Role::moving_mean).data(), doubles_of(c.at("moving_mean_after64")), 1e-6,
                            "mean64");
                expect_near(y.data(), doubles_of(c.at("test_y64")), 1e-6, "evaluation64");
            }
            ++checked;
        }
    }
    EXPECT_EQ(checked, 6);
}

}  // namespace
}  // namespace evenkeel::testing
