// The small lecture's network through Plan against Keras and PyTorch: ten losses from equal weights and
// batches, final weights, predictions.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/json_golden.hpp"
#include "support/net.hpp"

namespace evenkeel::testing {
namespace {

using nlohmann::json;
using Floats = std::vector<float>;

Optimizer optimizer_of(const std::string& name, const json& settings) {
    Optimizer optimizer = optimizer_from_word(name);
    const auto number = [&](const char* key, double fallback) { return settings.value(key, fallback); };
    set_learning_rate(optimizer, number("learning_rate", -1));
    if (auto* sgd = std::get_if<SGD>(&optimizer)) sgd->momentum = number("momentum", 0.0);
    if (auto* rms = std::get_if<RMSprop>(&optimizer)) {
        rms->rho = number("rho", rms->rho);
        rms->epsilon = number("epsilon", rms->epsilon);
    }
    if (auto* adam = std::get_if<Adam>(&optimizer)) adam->epsilon = number("epsilon", adam->epsilon);
    if (auto* adamw = std::get_if<AdamW>(&optimizer)) {
        adamw->weight_decay = number("weight_decay", -1);
        adamw->decay_gamma_beta = true;  // as Keras does
    }
    return optimizer;
}

std::vector<Layer> layers_of(const json& c) {
    const json& bn = c.at("batch_normalization");
    BatchNormalizationOptions options;
    options.momentum = bn.at("momentum").get<double>();
    options.epsilon = bn.at("epsilon").get<double>();
    options.debias = false;
    if (bn.at("moving_variance_policy") == "unbiased") options.moving_variance = MovingVariance::unbiased;
    std::vector<Layer> layers = {Input({784})};
    for (const std::int64_t units : {16, 12}) {
        layers.emplace_back(Dense(units));
        if (c.at("arm") == "before") layers.emplace_back(BatchNormalization(options));
        layers.emplace_back(ReLU());
        if (c.at("arm") == "after") layers.emplace_back(BatchNormalization(options));
    }
    layers.emplace_back(Dense(10, {.activation = "softmax"}));
    return layers;
}

/// Relative to the array's largest magnitude, as the tolerances in the files are.
double error_of(std::span<const float> got, const Floats& want) {
    double worst = 0, scale = 1e-30;
    for (const float v : want) scale = std::max(scale, static_cast<double>(std::abs(v)));
    for (std::size_t i = 0; i < want.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(got[i]) - want[i]));
    return got.size() == want.size() ? worst / scale : INFINITY;
}

class GoldenNetwork : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenNetwork, LearnsAsTheFrameworkDoes) {
    const json c = golden(GetParam()), inputs = golden("network_inputs.json"), initial = golden("network_initial.json");
    Rows rows;
    rows.features = 784;
    for (const int pixel : integers_of(inputs.at("pixels"))) rows.x.push_back(static_cast<float>(pixel) / 255.0F);
    rows.labels = integers_of(inputs.at("labels"));
    ASSERT_EQ(rows.count(), 44);

    const std::string name = c.at("optimizer").get<std::string>();
    Net net(layers_of(c), {.optimizer = optimizer_of(name, c.at("settings"))}, {.largest_batch = 16});
    ASSERT_EQ(net.layout.variables.size(), c.at("names").size());
    for (std::size_t i = 0; i < net.layout.variables.size(); ++i) {
        const Variable& v = net.layout.variables[i];
        EXPECT_EQ(v.path, c.at("names")[i].get<std::string>());
        for (std::size_t k = 0; k < initial.at("names").size(); ++k) {
            if (initial.at("names")[k] != v.path) continue;
            const Floats start = floats_of(initial.at("weights")[k]);
            std::copy(start.begin(), start.end(), net.values.of(v).begin());
        }
    }

    const std::vector<std::int32_t> order = integers_of(inputs.at("batches"));
    const std::vector<std::uint32_t> indices(order.begin(), order.end());
    const json& tolerance = c.at("tolerance");
    const bool from_torch = c.at("framework").get<std::string>().starts_with("torch");
    for (std::size_t step = 0; step < 10; ++step) {
        BatchView batch = rows.batch(0, 16);
        batch.x.rows = indices.data() + 16 * step;
        // PyTorch adds Adam's ε to the corrected root √(v/(1−β₂ᵗ)), Keras and we to √v: the same rule with
        // ε·√(1−β₂ᵗ).
        Compilation compilation = net.compilation;
        if (auto* adam = std::get_if<Adam>(&compilation.optimizer); adam != nullptr && from_torch) {
            adam->epsilon *= std::sqrt(1 - std::pow(adam->beta_2, static_cast<double>(step + 1)));
        }
        Plan plan(net.description, net.layout, &compilation, net.pool, {.largest_batch = 16});
        const BatchResult result = plan.train_step(batch, net.values, net.optimizer, 0);
        const double want = c.at("losses")[step].get<double>();
        EXPECT_NEAR(result.loss, want, tolerance.at("losses").get<double>() * want) << "step " << step;
    }

    const std::vector<std::int32_t> listed = integers_of(inputs.at("kernel_rows"));
    double sum = 0, squares = 0;
    for (const float w : net.of(1, Role::kernel)) sum += w, squares += static_cast<double>(w) * w;
    EXPECT_NEAR(sum, c.at("kernel_sum").get<double>(),
                tolerance.at("weights").get<double>() * std::sqrt(squares * 12544));
    EXPECT_NEAR(squares, c.at("kernel_sum_of_squares").get<double>(), 2e-6 * squares);
    for (std::size_t i = 0; i < net.layout.variables.size(); ++i) {
        const Variable& v = net.layout.variables[i];
        const json& noisy = c.at("no_gradient");  // biases whose gradient is 0; the frameworks' rounding moves them
        if (std::find(noisy.begin(), noisy.end(), v.path) != noisy.end()) continue;
        const std::span<const float> all = net.values.of(v);
        Floats got(all.begin(), all.end());
        if (i == 0) {
            got.clear();
            for (const int row : listed) got.insert(got.end(), all.begin() + row * 16, all.begin() + row * 16 + 16);
        }
        const char* kind = v.role == Role::moving_mean ? "moving_mean" : "weights";
        EXPECT_LE(error_of(got, floats_of(c.at("weights")[i])), tolerance.at(kind).get<double>()) << v.path;
    }

    const std::vector<std::int32_t> test = integers_of(inputs.at("test_rows"));
    const std::vector<std::uint32_t> test_rows(test.begin(), test.end());
    BatchView batch = rows.batch(0, 8);
    batch.x.rows = test_rows.data();
    Floats predictions(80);
    net.plan.predict(batch, net.values, predictions);
    EXPECT_LE(error_of(predictions, floats_of(c.at("predictions"))), tolerance.at("predictions").get<double>());
}

std::vector<std::string> files() {
    std::vector<std::string> result;
    for (const char* arm : {"none", "before", "after"}) {
        for (const char* optimizer : {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"}) {
            result.push_back(std::string("keras_network_") + arm + "_" + optimizer + ".json");
        }
        for (const char* optimizer : {"sgd", "momentum", "adam"}) {
            result.push_back(std::string("torch_network_") + arm + "_" + optimizer + ".json");
        }
    }
    return result;
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenNetwork, ::testing::ValuesIn(files()),
                         [](const auto& i) { return i.param.substr(0, i.param.size() - 5); });

}  // namespace
}  // namespace evenkeel::testing
