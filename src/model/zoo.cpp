#include "evenkeel/model/zoo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::array arm_words = {"none", "before", "after"};  // in the order of Arm

// "784-128-10" → {784, 128, 10}
std::vector<std::int64_t> widths_of(std::string_view word) {
    constexpr std::string_view prefix = "mlp:";
    std::vector<std::int64_t> widths;
    for (const char* at = word.data() + prefix.size() - 1; at != word.data() + word.size();) {
        std::int64_t width = 0;
        const auto [end, status] = std::from_chars(at + 1, word.data() + word.size(), width);
        const bool ends = end == word.data() + word.size() || *end == '-';
        if (status != std::errc{} || width < 1 || !ends) {
            fail_input("model", "mlp: and positive widths, as in mlp:784-128-64-10", fmt::format("\"{}\"", word));
        }
        widths.push_back(width);
        at = end;
    }
    if (widths.size() < 2) {
        fail_input("model", "at least an input and an output width, as in mlp:784-10", fmt::format("\"{}\"", word));
    }
    return widths;
}

ModelDescription stack(std::string_view name, const Shape& input_shape, bool flatten,
                       std::span<const std::int64_t> hidden, bool normalize, std::int64_t outputs, bool softmax) {
    ModelDescription model;
    model.name = name;
    if (!input_shape.empty()) model.add(Input(input_shape));
    if (flatten) model.add(Flatten{});
    for (const std::int64_t units : hidden) {
        model.add(Dense(units));
        if (normalize) model.add(BatchNormalization{});
        model.add(ReLU{});
    }
    model.add(Dense(outputs, {.activation = softmax ? "softmax" : "linear"}));
    return model;
}

ModelDescription lecture(std::string_view word, const Shape& input_shape, std::int64_t classes) {
    if (classes < 2) {
        fail_input("model", fmt::format("data with classes for {}", word),
                   classes == 0 ? "numbers to predict (use mlp:…-1)" : fmt::format("{} class", classes));
    }
    constexpr std::array<std::int64_t, 2> hidden = {128, 64};
    return stack(word, input_shape, true, hidden, word == "model_bn", classes, true);
}

ModelDescription perceptron(std::string_view word, const Shape& input_shape, std::int64_t classes) {
    const std::vector<std::int64_t> widths = widths_of(word);
    const Shape shape = input_shape.empty() ? Shape{widths.front()} : input_shape;
    if (elements(shape, "model") != widths.front()) {
        fail_input("model", fmt::format("an input width of {}, as the data has", elements(shape, "model")),
                   fmt::format("{} in \"{}\"", widths.front(), word));
    }
    if (classes > 0 && widths.back() != classes) {
        fail_input("model", fmt::format("an output width of {}, as the data has classes", classes),
                   fmt::format("{} in \"{}\"", widths.back(), word));
    }
    const std::span hidden(widths.data() + 1, widths.size() - 2);
    return stack("mlp", shape, shape.size() != 1, hidden, false, widths.back(), classes > 0);
}

bool is_activation(const Layer& layer) {
    return std::holds_alternative<ReLU>(layer) || std::holds_alternative<Activation>(layer);
}

// A hidden Dense and what follows it up to the next Dense, without BN.
struct Block {
    std::vector<Layer> layers;
    std::optional<BatchNormalization> normalization;  // the first that stood here
};

// Makes the activation a layer, and gives its place in the block; the end where there is none.
std::size_t separate_activation(std::vector<Layer>& layers) {
    Dense& dense = std::get<Dense>(layers.front());
    const ActivationKind kind = activation_from_word(dense.activation);
    if (kind != ActivationKind::linear) {
        Activation other;
        other.kind = kind;
        layers.insert(layers.begin() + 1, kind == ActivationKind::relu ? Layer(ReLU{}) : Layer(other));
        std::get<Dense>(layers.front()).activation = "linear";
        return 1;
    }
    return static_cast<std::size_t>(std::find_if(layers.begin(), layers.end(), is_activation) - layers.begin());
}

void normalize(Block& block, Arm arm) {
    const std::size_t activation = separate_activation(block.layers);
    const bool has_activation = activation < block.layers.size();
    const std::size_t place = !has_activation ? 1 : arm == Arm::before ? activation : activation + 1;
    BatchNormalization layer = block.normalization.value_or(BatchNormalization{});
    // Keras's numbers follow the order of the layers; a name of the user's own stays.
    if (layer.name.starts_with(snake_case("BatchNormalization"))) layer.name.clear();
    block.layers.insert(block.layers.begin() + static_cast<std::ptrdiff_t>(place), std::move(layer));
}

// Names for the layers that have none, past those that others have.
void name_all(std::vector<Layer>& layers) {
    std::set<std::string> taken;
    for (const Layer& layer : layers) taken.insert(layer_name(layer));
    for (Layer& layer : layers) {
        if (!layer_name(layer).empty()) continue;
        const std::string base = snake_case(class_name(layer));
        std::string name = base;
        for (int k = 1; !taken.insert(name).second; ++k) name = fmt::format("{}_{}", base, k);
        set_layer_name(layer, name);
    }
}

}  // namespace

ModelDescription model_from_word(std::string_view word, const Shape& input_shape, std::int64_t classes) {
    if (classes < 0) fail_input("model", "0 or more classes", fmt::format("{}", classes));
    if (word == "model_no_bn" || word == "model_bn") return lecture(word, input_shape, classes);
    if (word.starts_with("mlp:")) return perceptron(word, input_shape, classes);
    fail_input("model", "model_no_bn, model_bn, mlp:784-128-64-10 (any widths), a .json or a .keras file",
               fmt::format("\"{}\"", word));
}

Arm arm_from_word(std::string_view word) {
    for (std::size_t i = 0; i < arm_words.size(); ++i) {
        if (word == arm_words[i]) return static_cast<Arm>(i);
    }
    fail_input("arms", "none, before or after", fmt::format("\"{}\"", word));
}

const char* to_word(Arm arm) {
    return arm_words[static_cast<std::size_t>(arm)];
}

ModelDescription with_arm(const ModelDescription& description, Arm arm) {
    std::vector<Block> blocks(1);  // the first holds what stands before the first Dense
    for (const Layer& layer : description.layers) {
        if (std::holds_alternative<Dense>(layer)) blocks.emplace_back();
        if (const auto* bn = std::get_if<BatchNormalization>(&layer)) {
            if (!blocks.back().normalization) blocks.back().normalization = *bn;
        } else {
            blocks.back().layers.push_back(layer);
        }
    }
    if (arm != Arm::none && blocks.size() < 3) {
        fail_input(description.name, "a hidden layer (a Dense before the last) to normalize", "none");
    }
    for (std::size_t i = 1; arm != Arm::none && i + 1 < blocks.size(); ++i) normalize(blocks[i], arm);

    ModelDescription result;
    result.name = description.name;
    for (Block& block : blocks) {
        std::move(block.layers.begin(), block.layers.end(), std::back_inserter(result.layers));
    }
    name_all(result.layers);
    return result;
}

}  // namespace evenkeel
