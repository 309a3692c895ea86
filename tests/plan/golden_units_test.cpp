// Activations, losses, regularizers, Normalization and schedules against the numbers of Keras and PyTorch.

#include <gtest/gtest.h>

#include <cmath>

#include "support/json_golden.hpp"
#include "support/net.hpp"

namespace evenkeel::testing {
namespace {

using nlohmann::json;
using Floats = std::vector<float>;

Layer activation_of(const json& c) {
    const std::string name = c.at("name").get<std::string>();
    if (name != "ReLU") return Activation(name);
    const json& o = c.at("options");
    ReLUOptions options;
    options.negative_slope = o.at("negative_slope").get<double>();
    options.threshold = o.at("threshold").get<double>();
    if (!o.at("max_value").is_null()) options.max_value = o.at("max_value").get<double>();
    return ReLU(options);
}

TEST(GoldenUnits, Activations) {
    int checked = 0;
    for (const char* file : {"keras_activations.json", "torch_activations.json"}) {
        const json document = golden(file);
        for (const json& c : document.at("cases")) {
            SCOPED_TRACE(std::string(file) + " " + c.at("name").get<std::string>());
            Rows rows;
            rows.x = floats_of(c.at("x"));
            rows.features = shape_of(c.at("x")).back();
            rows.targets.resize(rows.x.size());
            const Floats dy = floats_of(c.at("dy")), want_y = floats_of(c.at("y")), want_dx = floats_of(c.at("dx"));
            Net net({Input({rows.features}), Dense(rows.features, {.use_bias = false}), activation_of(c)},
                    {.loss = given_gradient(dy)}, {.largest_batch = rows.count(), .keep_values = true});
            net.set_identity(1);
            net.plan.forward(rows.all(), true, net.values);
            net.plan.backward(net.gradients);
            const float* y = net.plan.value_behind(2).data;
            const float* dx = net.plan.value_behind(1).gradient;
            // As check_golden.py: relative, below 1e-2 absolute (gelu cancels); the frameworks' own tails
            // differ by 1e-4.
            for (std::size_t i = 0; i < want_y.size(); ++i) {
                EXPECT_NEAR(y[i], want_y[i], 1e-4 * std::max(std::abs(want_y[i]), 1e-2F)) << "y at " << rows.x[i];
                EXPECT_NEAR(dx[i], want_dx[i], 1e-4 * std::max(std::abs(want_dx[i]), 1e-2F)) << "dx at " << rows.x[i];
                if (!c.contains("y64")) continue;
                const double y64 = doubles_of(c.at("y64"))[i], dx64 = doubles_of(c.at("dx64"))[i];
                EXPECT_NEAR(y[i], y64, 2e-6 * std::max(std::abs(y64), 1e-2)) << "y64 at " << rows.x[i];
                EXPECT_NEAR(dx[i], dx64, 2e-6 * std::max(std::abs(dx64), 0.1)) << "dx64 at " << rows.x[i];
            }
            ++checked;
        }
    }
    EXPECT_EQ(checked, 14 + 7);
}

Loss loss_of(const std::string& name, const json& options) {
    Loss loss;
    if (name == "CategoricalCrossentropy") loss.kind = LossKind::categorical_crossentropy;
    if (name == "BinaryCrossentropy") loss.kind = LossKind::binary_crossentropy;
    if (name == "MeanSquaredError") loss.kind = LossKind::mean_squared_error;
    if (name == "Huber") loss.kind = LossKind::huber;
    loss.from_logits = options.value("from_logits", false);
    loss.delta = options.value("delta", 1.0);
    return loss;
}

TEST(GoldenUnits, LossesWithAndWithoutSampleWeights) {
    const json document = golden("keras_losses.json");
    int checked = 0;
    for (const json& c : document.at("cases")) {
        for (const char* suffix : {"", "_weighted"}) {
            const std::string name = c.at("name").get<std::string>();
            SCOPED_TRACE(name + " " + c.at("options").dump() + suffix);
            Rows rows;
            rows.x = floats_of(c.at("prediction"));
            rows.features = shape_of(c.at("prediction")).back();
            if (name[0] == 'S') {
                rows.labels = integers_of(c.at("target"));
            } else {
                rows.targets = floats_of(c.at("target"));
                // Keras's label smoothing, which is a change of the targets: t(1−s) + s/classes (binary:
                // s/2).
                const float s = c.at("options").value("label_smoothing", 0.0F);
                const float classes = name[0] == 'B' ? 2.0F : static_cast<float>(rows.features);
                for (float& t : rows.targets) t = t * (1 - s) + s / classes;
            }
            if (*suffix != 0) rows.weights = floats_of(document.at("sample_weight"));
            Net net({Input({rows.features}), Dense(rows.features, {.use_bias = false})},
                    {.loss = loss_of(name, c.at("options"))}, {.largest_batch = rows.count(), .keep_values = true});
            net.set_identity(1);
            const BatchResult result = net.plan.forward(rows.all(), true, net.values);
            const double want = c.at(std::string("value") + suffix).get<double>();
            EXPECT_NEAR(result.loss, want, 2e-6 * want);
            const Floats gradient = floats_of(c.at(std::string("gradient") + suffix));
            const float* got = net.plan.value_behind(1).gradient;
            // From probabilities gradients are 1/p: relative; else up to 1/rows.
            for (std::size_t i = 0; i < gradient.size(); ++i)
                EXPECT_NEAR(got[i], gradient[i], 3e-6 * std::abs(gradient[i]) + 2e-7) << i;
            ++checked;
        }
    }
    EXPECT_EQ(checked, 28);
}

TEST(GoldenUnits, CrossEntropyBehindSoftmaxAgreesWhereKerasDoesNotClip) {
    int compared = 0, clipped = 0;
    const json document = golden("keras_losses.json");
    for (const json& c : document.at("through_softmax")) {
        Rows rows;
        rows.x = floats_of(c.at("logits"));
        rows.features = 4;
        rows.labels = integers_of(c.at("target"));
        Net net({Input({4}), Dense(4, {.activation = "softmax", .use_bias = false})}, {}, {.largest_batch = 6});
        net.set_identity(1);
        // ∂C/∂W = xᵀ·dz does not show dz by rows, so one row at a time: x·dz for an x without zeros.
        const Floats gradient = floats_of(c.at("gradient"));
        double loss = 0;
        for (std::int64_t r = 0; r < 6; ++r) {
            loss += net.plan.forward(rows.batch(r, 1), true, net.values).loss / 6;
            net.plan.backward(net.gradients);
            double sum = 0;
            for (int j = 0; j < 4; ++j) sum += std::exp(static_cast<double>(rows.x[r * 4 + j]));
            const double p = std::exp(static_cast<double>(rows.x[r * 4 + rows.labels[r]])) / sum;
            if (p < 1e-7 || p > 1 - 1e-7) {
                ++clipped;  // the fused gradient is exact there, Keras's is 0
                continue;
            }
            for (int j = 0; j < 4; ++j) {
                const double dz = net.gradient_of(1, Role::kernel)[j] / rows.x[r * 4] / 6;
                EXPECT_NEAR(dz, gradient[r * 4 + j], 2e-7) << r;
                ++compared;
            }
        }
        if (c.at("name") == "moderate") {
            EXPECT_NEAR(loss, c.at("value").get<double>(), 2e-6 * loss);
        }
    }
    EXPECT_EQ(clipped, 2);
    EXPECT_EQ(compared, 40);
}

TEST(GoldenUnits, RegularizersInTheLossAndInOneStep) {
    const json document = golden("keras_regularizers.json");
    Rows rows;
    rows.x = floats_of(document.at("x"));
    rows.features = 3;
    rows.targets = floats_of(document.at("y"));
    const auto regularizer = [](const json& j) {
        if (j.is_null()) return Regularizer{};
        return L1L2(j.at("config").value("l1", 0.0), j.at("config").value("l2", 0.0));
    };
    for (const json& c : document.at("cases")) {
        SCOPED_TRACE(c.at("name").get<std::string>());
        const Regularizer kernel = regularizer(c.at("kernel_and_gamma")), bias = regularizer(c.at("bias_and_beta"));
        BatchNormalizationOptions bn;
        bn.gamma_regularizer = kernel;
        bn.beta_regularizer = bias;
        bn.debias = false;
        for (const double clipnorm : {0.0, 1e9}) {  // a limit that is not reached takes the other way through update
            Net net(
                {Input({3}), Dense(4, {.activation = "tanh", .kernel_regularizer = kernel, .bias_regularizer = bias}),
                 BatchNormalization(bn), Dense(2)},
                {.optimizer = SGD{.learning_rate = 0.1, .clipnorm = clipnorm}, .loss = "mse"}, {.largest_batch = 8});
            const auto& variables = net.layout.variables;
            ASSERT_EQ(variables.size(), document.at("weights").size());
            for (std::size_t i = 0; i < variables.size(); ++i) {
                EXPECT_EQ(variables[i].path, document.at("names")[i].get<std::string>());
                net.set(variables[i].layer, variables[i].role, floats_of(document.at("weights")[i]));
            }
            const double evaluated = c.at("evaluated_loss").get<double>(),
                         trained = c.at("training_loss").get<double>();
            EXPECT_NEAR(net.plan.forward(rows.all(), false, net.values).loss, evaluated, 2e-6 * evaluated);
            EXPECT_NEAR(net.plan.train_step(rows.all(), net.values, net.optimizer, 0).loss, trained, 2e-6 * trained);
            for (std::size_t i = 0; i < variables.size(); ++i) {
                const Floats want = floats_of(c.at("weights_after")[i]);
                for (std::size_t k = 0; k < want.size(); ++k)
                    EXPECT_NEAR(net.values.of(variables[i])[k], want[k], 3e-6 * (1 + std::abs(want[k])))
                        << variables[i].path;
            }
        }
    }
}

// keras/src/layers/layer.py, _get_regularization_losses: of the trainable weights only.
TEST(GoldenUnits, FrozenVariablesCostNothing) {
    Net net({Input({3}), Dense(4, {.kernel_regularizer = L2(0.5), .trainable = false}),
             BatchNormalization({.gamma_regularizer = L1(0.25), .train_gamma = false}),
             Dense(2, {.kernel_regularizer = L1(0.125)})},
            {.loss = "mse"}, {.largest_batch = 4});
    for (const Variable& v : net.layout.variables) {
        if (v.role == Role::kernel) std::fill(net.values.of(v).begin(), net.values.of(v).end(), 0.0F);
    }
    net.of(1, Role::kernel)[0] = 8;
    net.of(3, Role::kernel)[0] = 16;  // behind channel 0, which is then all that the output is
    Rows rows;
    rows.features = 3;
    rows.x.resize(12);
    rows.targets.resize(8);
    EXPECT_FLOAT_EQ(static_cast<float>(net.plan.forward(rows.all(), true, net.values).loss), 2.0F);
}

TEST(GoldenUnits, NormalizationAdaptedAndGiven) {
    const json document = golden("keras_normalization.json");
    Rows rows;
    rows.x = floats_of(document.at("test"));
    rows.features = 12;
    int checked = 0;
    for (const json& c : document.at("cases")) {
        const std::string name = c.at("name").get<std::string>();
        if (name != "axis_last" && name != "given") continue;  // other axes and invert are not offered
        Normalization layer;
        if (name == "given") {
            layer.mean = c.at("config").at("mean").get<std::vector<double>>();
            layer.variance = c.at("config").at("variance").get<std::vector<double>>();
        }
        for (const bool first : {true, false}) {  // part of gathering, or a node of its own
            if (!first && name != "given") continue;
            std::vector<Layer> layers = {Input({3, 4})};
            if (!first) layers.emplace_back(Activation("linear")), layers.emplace_back(Rescaling(1.0));
            layers.emplace_back(layer);
            Net net(layers, {.loss = "mse"}, {.largest_batch = 4, .training = false});
            if (name == "axis_last") {
                net.set(1, Role::mean, floats_of(c.at("weights")[0]));
                net.set(1, Role::variance, floats_of(c.at("weights")[1]));
            }
            Floats y(48);
            net.plan.predict(rows.all(), net.values, y);
            const Floats want = floats_of(c.at("test_y"));
            for (std::size_t i = 0; i < want.size(); ++i)
                EXPECT_NEAR(y[i], want[i], 1e-6 * (1 + std::abs(want[i]))) << name;
            ++checked;
        }
    }
    EXPECT_EQ(checked, 3);
}

LearningRate schedule_of(const json& c) {
    const std::string cls = c.at("class_name").get<std::string>();
    const json& o = c.at("config");
    if (cls == "PiecewiseConstantDecay") {
        return PiecewiseConstantDecay{o.at("boundaries").get<std::vector<std::int64_t>>(),
                                      o.at("values").get<std::vector<double>>()};
    }
    if (cls == "ExponentialDecay") {
        return ExponentialDecay{o.at("initial_learning_rate").get<double>(), o.at("decay_steps").get<std::int64_t>(),
                                o.at("decay_rate").get<double>(), o.at("staircase").get<bool>()};
    }
    CosineDecay cosine;
    cosine.initial_learning_rate = o.at("initial_learning_rate").get<double>();
    cosine.decay_steps = o.at("decay_steps").get<std::int64_t>();
    cosine.alpha = o.at("alpha").get<double>();
    if (!o.at("warmup_target").is_null()) cosine.warmup_target = o.at("warmup_target").get<double>();
    cosine.warmup_steps = o.at("warmup_steps").get<std::int64_t>();
    return cosine;
}

TEST(GoldenUnits, Schedules) {
    const json cases = golden("keras_schedules.json").at("cases");
    ASSERT_EQ(cases.size(), 7U);
    for (const json& c : cases) {
        const Floats want = floats_of(c.at("learning_rates"));
        ASSERT_EQ(want.size(), 51U);
        const LearningRate rate = schedule_of(c);
        for (std::size_t step = 0; step < want.size(); ++step) {
            // Keras computes them in float32: relative to the peak, since a cosine's end cancels.
            EXPECT_NEAR(learning_rate_at(rate, static_cast<std::int64_t>(step)), want[step], 1e-8 + 1e-6 * want[step])
                << c.at("config").dump() << " at " << step;
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
