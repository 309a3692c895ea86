#include "study/sweep_models.hpp"

#include <gtest/gtest.h>

#include <set>

#include "evenkeel/core/error.hpp"
#include "evenkeel/model/variables.hpp"
#include "evenkeel/model/zoo.hpp"

namespace evenkeel {
namespace {

std::vector<std::int64_t> widths(const ModelDescription& model) {
    std::vector<std::int64_t> out;
    for (const Layer& layer : model.layers) {
        if (const auto* dense = std::get_if<Dense>(&layer)) out.push_back(dense->units);
    }
    return out;
}

std::vector<std::string> classes(const ModelDescription& model) {
    std::vector<std::string> out;
    for (const Layer& layer : model.layers) {
        const auto* activation = std::get_if<Activation>(&layer);
        out.push_back(activation != nullptr ? to_word(activation->kind) : class_name(layer));
    }
    return out;
}

TEST(SweepModels, DepthRepeatsTheLastHiddenLayer) {
    const ModelDescription lecture = model_from_word("model_bn", {28, 28}, 10);
    EXPECT_EQ(hidden_layers(lecture), 2);
    EXPECT_EQ(widths(with_depth(lecture, 1)), (std::vector<std::int64_t>{128, 10}));
    EXPECT_EQ(widths(with_depth(lecture, 2)), (std::vector<std::int64_t>{128, 64, 10}));
    const ModelDescription deep = with_depth(lecture, 5);
    EXPECT_EQ(widths(deep), (std::vector<std::int64_t>{128, 64, 64, 64, 64, 10}));
    EXPECT_EQ(deep.output_shape(), (Shape{10}));
    std::set<std::string> names;
    for (const Layer& layer : deep.layers) names.insert(layer_name(layer));
    EXPECT_EQ(names.size(), deep.layers.size());
    // What the lecture's network has behind its last hidden Dense is repeated with it.
    EXPECT_EQ(widths(with_arm(deep, Arm::none)), widths(deep));
    EXPECT_EQ(VariableLayout(deep).batch_normalizations, 5);
    EXPECT_EQ(VariableLayout(with_arm(deep, Arm::after)).batch_normalizations, 5);
}

TEST(SweepModels, ActivationsOfHiddenLayersAreReplaced) {
    const std::vector<std::string> expected = {"InputLayer", "Flatten", "Dense", "sigmoid",
                                               "Dense",      "sigmoid", "Dense"};
    ModelDescription as_layers = with_activation(model_from_word("model_no_bn", {28, 28}, 10), "sigmoid");
    std::vector<std::string> got = classes(as_layers);
    got.front() = "InputLayer";
    EXPECT_EQ(got, expected);
    EXPECT_EQ(std::get<Dense>(as_layers.layers.back()).activation, "softmax");

    ModelDescription as_arguments;
    as_arguments.add(Input({4}));
    as_arguments.add(Dense(3, {.activation = "tanh"}));
    as_arguments.add(Dense(3));
    as_arguments.add(Dense(2, {.activation = "softmax"}));
    const ModelDescription relu = with_activation(as_arguments, "relu");
    EXPECT_EQ(std::get<Dense>(relu.layers[1]).activation, "relu");
    EXPECT_EQ(std::get<Dense>(relu.layers[2]).activation, "relu");
    EXPECT_EQ(std::get<Dense>(relu.layers[3]).activation, "softmax");
    EXPECT_EQ(classes(with_arm(relu, Arm::before))[3], "ReLU");  // Input, Dense, BN, ReLU
}

TEST(SweepModels, EveryInitialKernelIsMultiplied) {
    for (const Initializer& initializer :
         {Initializer("glorot_uniform"), Initializer("he_normal"), RandomNormal(.1, .2), RandomUniform(-.1, .3),
          Orthogonal(1.0), Constant(.5), VarianceScaling(2, Initializer::Fan::in, Initializer::Distribution::normal)}) {
        ModelDescription model;
        model.add(Input({6}));
        model.add(
            Dense(5, {.activation = "relu", .kernel_initializer = initializer, .bias_initializer = Constant(.25)}));
        model.add(Dense(3, {.kernel_initializer = initializer}));
        const ModelDescription scaled = with_initializer_scale(model, 30);
        const VariableLayout layout(model);
        const VariableValues before(model, layout, 3), after(scaled, layout, 3);
        for (const Variable& v : layout.variables) {
            const float factor = v.role == Role::kernel ? 30.0F : 1.0F;
            for (std::size_t i = 0; i < before.of(v).size(); ++i) {
                // float32 storage, and the square root of a squared scale
                EXPECT_NEAR(after.of(v)[i], factor * before.of(v)[i], 1e-6 * std::abs(factor * before.of(v)[i]))
                    << v.path;
            }
        }
    }
}

TEST(SweepModels, RefusesWhatCannotBeMade) {
    const ModelDescription lecture = model_from_word("model_no_bn", {28, 28}, 10);
    const ModelDescription flat = model_from_word("mlp:4-2", {4}, 2);
    EXPECT_THROW(with_depth(lecture, 0), Error);
    EXPECT_THROW(with_depth(flat, 2), Error);
    EXPECT_THROW(with_activation(flat, "relu"), Error);
    EXPECT_THROW(with_activation(lecture, "softmax"), Error);
    EXPECT_THROW(with_activation(lecture, "swoosh"), Error);
    EXPECT_THROW(with_initializer_scale(lecture, 0), Error);
    EXPECT_THROW(with_initializer_scale(lecture, -1), Error);
}

}  // namespace
}  // namespace evenkeel
