#include "evenkeel/model/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "evenkeel/core/error.hpp"
#include "evenkeel/model/zoo.hpp"

namespace evenkeel {
namespace {

std::size_t columns(const std::string& line) {
    return static_cast<std::size_t>(
        std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TEST(Summary, OfTheLecturesNetwork) {
    ModelDescription model;
    model.name = "model_bn";
    model.add(Input({28, 28}));
    model.add(Flatten{});
    model.add(Dense(128));
    model.add(BatchNormalization{});
    EXPECT_EQ(summary(model),
              "Model: \"model_bn\"\n"
              "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━┓\n"
              "┃ Layer (type)                              ┃ Output Shape       ┃     Param # ┃\n"
              "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━┩\n"
              "│ flatten (Flatten)                         │ (None, 784)        │           0 │\n"
              "├───────────────────────────────────────────┼────────────────────┼─────────────┤\n"
              "│ dense (Dense)                             │ (None, 128)        │     100,480 │\n"
              "├───────────────────────────────────────────┼────────────────────┼─────────────┤\n"
              "│ batch_normalization (BatchNormalization)  │ (None, 128)        │         512 │\n"
              "└───────────────────────────────────────────┴────────────────────┴─────────────┘\n"
              " Total params: 100,992 (394.50 KB)\n"
              " Trainable params: 100,736 (393.50 KB)\n"
              " Non-trainable params: 256 (1.00 KB)\n");
}

TEST(Summary, LinesFitEightyColumnsWhateverTheNames) {
    ModelDescription model = model_from_word("model_bn", {28, 28}, 10);
    set_layer_name(model.layers[2], std::string(300, 'x'));
    set_layer_name(model.layers[3], "Größe\n" + std::string(100, 'y'));
    model.name = std::string(500, 'n');
    std::istringstream lines(summary(model));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(columns(line), 80u) << line;
    EXPECT_EQ(count, 1 + 3 + 8 * 2 + 3);
}

TEST(Summary, WithoutAnInputShapeNothingIsKnown) {
    const std::string text = summary(model_from_word("model_no_bn", {}, 10));
    EXPECT_THAT(text, testing::HasSubstr("│ dense (Dense)"));
    EXPECT_THAT(text, testing::HasSubstr("│ ?  "));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("Total")));
}

TEST(Summary, NamesTheLayerThatDoesNotFit) {
    ModelDescription model;
    model.add(Input({4}));
    model.add(Dense(0));
    EXPECT_THROW((void)summary(model), Error);
}

}  // namespace
}  // namespace evenkeel
