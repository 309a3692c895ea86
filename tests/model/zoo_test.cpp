#include "evenkeel/model/zoo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

// "Input Flatten Dense128 BN ReLU Dense10:softmax"
std::string shape_of(const ModelDescription& model) {
    std::string out;
    for (const Layer& layer : model.layers) {
        if (!out.empty()) out += ' ';
        if (const auto* dense = std::get_if<Dense>(&layer)) {
            out += "Dense" + std::to_string(dense->units);
            if (dense->activation != "linear") out += ":" + dense->activation;
        } else if (const auto* activation = std::get_if<Activation>(&layer)) {
            out += to_word(activation->kind);
        } else if (std::holds_alternative<BatchNormalization>(layer)) {
            out += "BN";
        } else if (std::holds_alternative<Input>(layer)) {
            out += "Input";
        } else {
            out += class_name(layer);
        }
    }
    return out;
}

void expect_refused(const std::function<void()>& work, const std::string& message) {
    try {
        work();
        ADD_FAILURE() << "accepted, but expected: " << message;
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::input);
        EXPECT_THAT(error.what(), testing::HasSubstr(message));
    }
}

TEST(Zoo, TheLecturesNetworks) {
    const ModelDescription plain = model_from_word("model_no_bn", {28, 28}, 10);
    EXPECT_EQ(shape_of(plain), "Input Flatten Dense128 ReLU Dense64 ReLU Dense10:softmax");
    EXPECT_EQ(plain.output_shape(), Shape{10});
    EXPECT_EQ(plain.name, "model_no_bn");
    EXPECT_EQ(shape_of(model_from_word("model_bn", {28, 28}, 10)),
              "Input Flatten Dense128 BN ReLU Dense64 BN ReLU Dense10:softmax");
    EXPECT_EQ(shape_of(model_from_word("model_bn", {}, 3)), "Flatten Dense128 BN ReLU Dense64 BN ReLU Dense3:softmax");
    expect_refused([] { (void)model_from_word("model_bn", {28, 28}, 0); }, "data with classes for model_bn");
}

TEST(Zoo, PerceptronsByTheirWidths) {
    EXPECT_EQ(shape_of(model_from_word("mlp:784-128-64-10", {28, 28}, 10)),
              "Input Flatten Dense128 ReLU Dense64 ReLU Dense10:softmax");
    EXPECT_EQ(shape_of(model_from_word("mlp:7-5-1", {}, 0)), "Input Dense5 ReLU Dense1");
    EXPECT_EQ(shape_of(model_from_word("mlp:7-2", {7}, 2)), "Input Dense2:softmax");
    expect_refused(
        [] {
            (void)model_from_word("mlp:783-10", {28, 28}, 10);
        },
        "[model] expected an input width of 784, as the data has, got 783");
    expect_refused([] { (void)model_from_word("mlp:784-9", {28, 28}, 10); }, "an output width of 10");
    for (const char* word : {"mlp:", "mlp:7", "mlp:7-", "mlp:7--2", "mlp:-7-2", "mlp:7-0", "mlp:7-x",
                             "mlp:7-99999999999999999999", "mlp:7 -2", "mlp:7-2x", "resnet", ""}) {
        expect_refused([&] { (void)model_from_word(word, {7}, 0); }, "[model] expected");
    }
}

TEST(Arms, OfTheLecturesNetworks) {
    const ModelDescription bn = model_from_word("model_bn", {28, 28}, 10);
    const ModelDescription plain = model_from_word("model_no_bn", {28, 28}, 10);
    for (const ModelDescription& model : {bn, plain}) {
        EXPECT_EQ(shape_of(with_arm(model, Arm::none)), shape_of(plain));
        EXPECT_EQ(shape_of(with_arm(model, Arm::before)), shape_of(bn));
        EXPECT_EQ(shape_of(with_arm(model, Arm::after)),
                  "Input Flatten Dense128 ReLU BN Dense64 ReLU BN Dense10:softmax");
    }
    EXPECT_EQ(layer_name(with_arm(plain, Arm::after).layers[7]), "batch_normalization_1");
    EXPECT_EQ(with_arm(bn, Arm::after).shapes().back(), Shape{10});
}

TEST(Arms, ArgumentsBecomeLayersAndDropoutStays) {
    ModelDescription model;
    model.add(Input({4}));
    model.add(Dense(8, {.activation = "relu"}));
    model.add(Dropout(0.5));
    model.add(Dense(7, {.activation = "tanh"}));
    model.add(Dense(6));
    model.add(Dense(2, {.activation = "softmax"}));
    EXPECT_EQ(shape_of(with_arm(model, Arm::before)),
              "Input Dense8 BN ReLU Dropout Dense7 BN tanh Dense6 BN Dense2:softmax");
    EXPECT_EQ(shape_of(with_arm(model, Arm::after)),
              "Input Dense8 ReLU BN Dropout Dense7 tanh BN Dense6 BN Dense2:softmax");
    EXPECT_EQ(shape_of(with_arm(model, Arm::none)), shape_of(model));
}

TEST(Arms, OptionsAndNamesOfNormalizationStay) {
    ModelDescription model;
    model.add(Input({4}));
    model.add(BatchNormalization{});  // of the input: no hidden layer's, removed
    model.add(Dense(8));
    model.add(ReLU{});
    model.add(Dense(7, {.activation = "relu", .name = "re_lu_1"}));
    model.add(BatchNormalization({.momentum = 0.9, .epsilon = 1e-5, .name = "mine"}));
    model.add(Dense(2));
    model.add(BatchNormalization{});  // of the output: removed
    model.add(Activation("softmax"));
    const ModelDescription before = with_arm(model, Arm::before);
    EXPECT_EQ(shape_of(before), "Input Dense8 BN ReLU Dense7 BN ReLU Dense2 softmax");
    const auto& mine = std::get<BatchNormalization>(before.layers[5]);
    EXPECT_EQ(mine.momentum, 0.9);
    EXPECT_EQ(mine.epsilon, 1e-5);
    EXPECT_EQ(mine.name, "mine");
    EXPECT_EQ(std::get<BatchNormalization>(before.layers[2]).momentum, 0.99);
    EXPECT_EQ(layer_name(before.layers[2]), "batch_normalization");
    EXPECT_EQ(layer_name(before.layers[6]), "re_lu_2");  // 1 is taken, by a Dense
    EXPECT_EQ(shape_of(with_arm(before, Arm::after)), "Input Dense8 ReLU BN Dense7 ReLU BN Dense2 softmax");
}

TEST(Arms, NeedAHiddenLayer) {
    ModelDescription model;
    model.add(Input({4}));
    model.add(Dense(2));
    expect_refused([&] { (void)with_arm(model, Arm::before); }, "[sequential] expected a hidden layer");
    EXPECT_EQ(shape_of(with_arm(model, Arm::none)), "Input Dense2");
    for (const Arm arm : {Arm::none, Arm::before, Arm::after}) EXPECT_EQ(arm_from_word(to_word(arm)), arm);
    expect_refused([] { (void)arm_from_word("between"); }, "none, before or after");
}

}  // namespace
}  // namespace evenkeel
