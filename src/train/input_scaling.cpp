#include "evenkeel/train/input_scaling.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "evenkeel/core/error.hpp"
#include "evenkeel/data/standardizer.hpp"

namespace evenkeel {
namespace {

constexpr std::array words = {"auto", "none", "unit", "standardize"};

bool scales(const Layer& layer) {
    return std::holds_alternative<Rescaling>(layer) || std::holds_alternative<Normalization>(layer);
}

Normalization normalization_of(const Examples& train) {
    const Standardization s = fit_standardization(train);
    Normalization layer;
    layer.mean = s.mean;
    for (const double deviation : s.deviation) layer.variance.push_back(deviation > 0 ? deviation * deviation : 1.0);
    return layer;
}

}  // namespace

InputScaling input_scaling_from_word(std::string_view word) {
    const auto it = std::find(words.begin(), words.end(), word);
    if (it == words.end()) {
        fail_input("scaling", fmt::format("one of {}", fmt::join(words, ", ")), fmt::format("\"{}\"", word));
    }
    return static_cast<InputScaling>(it - words.begin());
}

std::span<const char* const> input_scaling_words() {
    return words;
}

ModelDescription with_input(const ModelDescription& model, const Examples& train, InputScaling scaling) {
    const Shape given = model.input_shape();
    if (!given.empty() && given != train.shape) {
        fail_input(model.name, "an input of the data's shape " + to_string_with_batch(train.shape),
                   to_string_with_batch(given));
    }
    const bool bytes = std::holds_alternative<std::vector<std::uint8_t>>(train.values);
    const bool has_own = std::any_of(model.layers.begin(), model.layers.end(), scales);
    if (scaling == InputScaling::automatic) {
        scaling = has_own ? InputScaling::none : (bytes ? InputScaling::unit : InputScaling::standardize);
    }
    ModelDescription result;
    result.name = model.name;
    result.add(Input(train.shape, "input_layer"));
    auto layer = model.layers.begin();
    if (layer != model.layers.end() && std::holds_alternative<Input>(*layer)) ++layer;
    if (layer != model.layers.end() && std::holds_alternative<Flatten>(*layer)) result.add(*layer++);
    if (scaling == InputScaling::unit) result.add(Rescaling(1.0 / 255));
    if (scaling == InputScaling::standardize) {
        if (result.output_shape().size() != 1)
            result.add(Flatten{});  // statistics per feature need one axis of features
        result.add(normalization_of(train));
    }
    for (; layer != model.layers.end(); ++layer) result.add(*layer);
    result.shapes();  // refuses what does not fit before anything is trained
    return result;
}

}  // namespace evenkeel
