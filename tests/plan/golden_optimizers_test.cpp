// Optimizers, clipping and weight decay through Plan::update against Keras: given gradients on three
// variables.

#include <gtest/gtest.h>

#include <cmath>

#include "support/json_golden.hpp"
#include "support/net.hpp"

namespace evenkeel::testing {
namespace {

using nlohmann::json;
using Floats = std::vector<float>;

LearningRate rate_of(const json& j) {
    if (j.is_number()) return j.get<double>();
    const json& o = j.at("config");
    if (j.at("class_name") == "PiecewiseConstantDecay") {
        return PiecewiseConstantDecay{o.at("boundaries").get<std::vector<std::int64_t>>(),
                                      o.at("values").get<std::vector<double>>()};
    }
    if (j.at("class_name") == "ExponentialDecay")
        return ExponentialDecay{o.at("initial_learning_rate").get<double>(), o.at("decay_steps").get<std::int64_t>(),
                                o.at("decay_rate").get<double>(), o.at("staircase").get<bool>()};
    return CosineDecay{o.at("initial_learning_rate").get<double>(), o.at("decay_steps").get<std::int64_t>(),
                       o.at("alpha").get<double>(), o.at("warmup_target").get<double>(),
                       o.at("warmup_steps").get<std::int64_t>()};
}

double number(const json& config, const char* key) {
    return config.contains(key) && config.at(key).is_number() ? config.at(key).get<double>() : 0.0;
}

Optimizer optimizer_of(const json& c) {
    const json& o = c.at("config");
    const std::string cls = c.at("class_name").get<std::string>();
    Optimizer optimizer = optimizer_from_word(cls == "SGD"       ? "sgd"
                                              : cls == "RMSprop" ? "rmsprop"
                                              : cls == "Adam"    ? "adam"
                                                                 : "adamw");
    std::visit(
        [&](auto& any) {
            any.learning_rate = rate_of(o.at("learning_rate"));
            any.weight_decay = number(o, "weight_decay");
            any.clipnorm = number(o, "clipnorm");
            any.clipvalue = number(o, "clipvalue");
            any.global_clipnorm = number(o, "global_clipnorm");
            any.decay_gamma_beta = true;
            if constexpr (requires { any.beta_1; }) {
                any.beta_1 = number(o, "beta_1");
                any.beta_2 = number(o, "beta_2");
                any.epsilon = number(o, "epsilon");
            }
            if constexpr (requires { any.momentum; }) any.momentum = number(o, "momentum");
            if constexpr (requires { any.nesterov; }) any.nesterov = o.at("nesterov").template get<bool>();
            if constexpr (requires { any.centered; }) {
                any.centered = o.at("centered").template get<bool>();
                any.rho = number(o, "rho");
                any.epsilon = number(o, "epsilon");
            }
        },
        optimizer);
    return optimizer;
}

/// Where the buffer of the optimizer's slot with Keras's name is.
int slot_index(const std::string& cls, const std::string& name, bool moves) {
    if (cls == "SGD") return 0;
    if (cls == "RMSprop") return name == "velocity" ? 0 : name == "momentum" ? 1 : (moves ? 2 : 1);
    return name == "momentum" ? 0 : 1;
}

TEST(GoldenOptimizers, SixStepsAndTheSlots) {
    const json document = golden("keras_optimizers.json");
    int checked = 0, slots = 0;
    for (const json& c : document.at("cases")) {
        SCOPED_TRACE(c.at("name").get<std::string>());
        if (c.at("config").value("amsgrad", false)) continue;  // not offered
        // Three variables of 6, 4 and 2 numbers: kernel [3, 2], kernel [2, 2], bias [2]; only their sizes
        // matter here.
        Net net({Input({3}), Dense(2), Dense(2, {.use_bias = false})}, {.optimizer = optimizer_of(c), .loss = "mse"},
                {.largest_batch = 1}, 1, 2);
        const Variable* variables[] = {net.layout.find(1, Role::kernel), net.layout.find(2, Role::kernel),
                                       net.layout.find(1, Role::bias)};
        for (std::size_t v = 0; v < 3; ++v) {
            const Floats start = floats_of(document.at("start")[v]);
            std::copy(start.begin(), start.end(), net.values.of(*variables[v]).begin());
        }
        std::size_t trace = 0;
        for (std::size_t step = 0; step < 6; ++step) {
            for (std::size_t v = 0; v < 3; ++v) {
                const Floats g = floats_of(document.at("gradients")[step][v]);
                std::copy(g.begin(), g.end(), net.gradients.data() + variables[v]->offset);
            }
            net.plan.update(net.gradients, net.values, net.optimizer);
            if (document.at("after_each_step_lists")[trace] != static_cast<int>(step + 1)) continue;
            for (std::size_t v = 0; v < 3; ++v) {
                const Floats want = floats_of(c.at("after_each_step")[trace][v]);
                double scale = 0;
                for (const float w : want) scale = std::max(scale, static_cast<double>(std::abs(w)));
                // What Keras's own float32 keeps to double (check_golden.py).
                for (std::size_t i = 0; i < want.size(); ++i)
                    EXPECT_NEAR(net.values.of(*variables[v])[i], want[i], 5e-6 * scale)
                        << "step " << step << " variable " << v;
            }
            ++trace;
        }
        EXPECT_EQ(trace, 3U);
        EXPECT_EQ(net.optimizer.iteration, 6);
        for (const json& slot : c.at("slots")) {
            const std::string name = slot.at("name").get<std::string>();
            if (name[0] != 'v') continue;  // iteration, learning_rate
            const Variable& v = *variables[name[1] - '0'];
            const int index = slot_index(c.at("class_name").get<std::string>(), name.substr(3),
                                         number(c.at("config"), "momentum") > 0);
            const Floats want = floats_of(slot.at("value"));
            double scale = 0;
            for (const float w : want) scale = std::max(scale, static_cast<double>(std::abs(w)));
            for (std::size_t i = 0; i < want.size(); ++i)
                EXPECT_NEAR(
                    net.optimizer.slots[static_cast<std::size_t>(index)][v.offset + static_cast<std::int64_t>(i)],
                    want[i], 5e-6 * scale)
                    << name;
            ++slots;
        }
        ++checked;
    }
    EXPECT_EQ(checked, 20);
    EXPECT_GT(slots, 50);
}

TEST(Optimizers, WeightDecayLeavesGammaAndBetaAloneUnlessTold) {
    for (const bool told : {false, true}) {
        Net net({Input({3}), Dense(4), BatchNormalization(), Dense(2)},
                {.optimizer = SGD{.learning_rate = 0.1, .weight_decay = 0.5, .decay_gamma_beta = told}, .loss = "mse"},
                {.largest_batch = 4});
        net.set(2, Role::beta, {1, 2, 3, 4});
        net.set(1, Role::bias, {1, 2, 3, 4});
        net.plan.update(net.gradients, net.values, net.optimizer);  // gradients are 0
        const float kept = told ? 0.95F : 1.0F;
        for (int c = 0; c < 4; ++c) {
            EXPECT_FLOAT_EQ(net.of(2, Role::gamma)[c], kept);
            EXPECT_FLOAT_EQ(net.of(2, Role::beta)[c], kept * static_cast<float>(c + 1));
            EXPECT_FLOAT_EQ(net.of(1, Role::bias)[c], 0.95F * static_cast<float>(c + 1));
        }
    }
}

// √v̂ = |g| at the first step, so the step is η·m̂/√v̂ = η whatever the gradient: 1 − β₂ᵗ and 1 − β₂ must be the
// same.
TEST(Optimizers, TheFirstStepOfAdamIsTheLearningRate) {
    Net net({Input({3}), Dense(2)}, {.optimizer = Adam{.learning_rate = 0.5, .epsilon = 1e-30}, .loss = "mse"},
            {.largest_batch = 1});
    const Floats before = copy_of(net.values.weights);
    const Variable& kernel = *net.layout.find(1, Role::kernel);
    for (std::int64_t i = 0; i < kernel.size; ++i) net.gradients[kernel.offset + i] = 0.37F * static_cast<float>(i + 1);
    net.plan.update(net.gradients, net.values, net.optimizer);
    for (std::int64_t i = 0; i < kernel.size; ++i)
        EXPECT_NEAR(before[kernel.offset + i] - net.values.weights[kernel.offset + i], 0.5, 5e-7);
}

}  // namespace
}  // namespace evenkeel::testing
