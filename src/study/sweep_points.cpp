#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "evenkeel/core/error.hpp"
#include "evenkeel/study/sweep.hpp"
#include "study/sweep_models.hpp"

namespace evenkeel {
namespace {

constexpr std::array key_words = {"learning_rate", "batch_size", "optimizer",    "initializer_scale",
                                  "depth",         "activation", "input_scaling"};  // in the order of SweepKey
constexpr std::array scalings = {"none", "rescaling", "normalization"};
constexpr std::array scaling_options = {"none", "unit", "standardize"};  // the same, as --scaling has them

std::string where(SweepKey key) {
    return fmt::format("sweep {}", to_word(key));
}

template <typename T>
T read(SweepKey key, const std::string& text, T low, bool above, T high, const char* kind) {
    T value{};
    const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size() && end != begin;
    if (!whole || !(above ? value > low : value >= low) || !(value <= high)) {
        fail_input(where(key), fmt::format("{} {} {} and at most {}", kind, above ? "above" : "of at least", low, high),
                   fmt::format("\"{:.60}\"", text));
    }
    return value;
}

template <typename Words>
std::string word_of(SweepKey key, const std::string& text, const Words& words) {
    if (std::find(words.begin(), words.end(), text) == words.end())
        fail_input(where(key), fmt::format("values out of {}", fmt::join(words, ", ")),
                   fmt::format("\"{:.60}\"", text));
    return text;
}

std::string scaling_word(const std::string& text) {
    const auto option = std::find(scaling_options.begin(), scaling_options.end(), text);
    if (option != scaling_options.end()) return scalings[static_cast<std::size_t>(option - scaling_options.begin())];
    return word_of(SweepKey::input_scaling, text, scalings);
}

bool has_scaling(const ModelDescription& model) {
    return std::any_of(model.layers.begin(), model.layers.end(), [](const Layer& layer) {
        return std::holds_alternative<Rescaling>(layer) || std::holds_alternative<Normalization>(layer);
    });
}

SweepPoint point_of(const Dataset& data, SweepKey key, const std::string& text, const SweepBase& base) {
    SweepPoint point;
    point.value = text;
    point.optimizer_word = base.optimizer_word;
    point.compilation = base.compilation;
    point.batch_size = base.batch_size;
    ModelDescription model = base.model;
    InputScaling scaling = base.scaling;
    switch (key) {
        case SweepKey::learning_rate:
            point.number = read(key, text, 0.0, true, 1e6, "a number");
            set_learning_rate(point.compilation.optimizer, point.number);
            break;
        case SweepKey::batch_size: {
            point.batch_size = read<std::int64_t>(key, text, 1, false, 1 << 20, "a whole number");
            point.number = static_cast<double>(point.batch_size);
            if (base.full_rate_batch > 0) {
                const double rate = learning_rate_at(learning_rate(base.compilation.optimizer), 0);
                const double share = point.number / static_cast<double>(base.full_rate_batch);
                set_learning_rate(point.compilation.optimizer, rate * std::min(1.0, share));
            }
            break;
        }
        case SweepKey::optimizer:
            point.optimizer_word = word_of(key, text, optimizer_words());
            point.compilation.optimizer = optimizer_from_word(text);
            set_learning_rate(point.compilation.optimizer, base.usual_rate ? LearningRate(base.usual_rate(text))
                                                                           : learning_rate(base.compilation.optimizer));
            break;
        case SweepKey::initializer_scale:
            point.number = read(key, text, 0.0, true, 1e6, "a number");
            model = with_initializer_scale(model, point.number);
            break;
        case SweepKey::depth:
            point.number = static_cast<double>(read<std::int64_t>(key, text, 1, false, 1000, "a whole number"));
            model = with_depth(model, static_cast<std::int64_t>(point.number));
            break;
        case SweepKey::activation:
            model = with_activation(model, word_of(key, text, hidden_activation_words()));
            break;
        case SweepKey::input_scaling:
            point.value = scaling_word(text);
            if (has_scaling(model)) fail_input(where(key), "a model without a scaling layer of its own", model.name);
            scaling = point.value == "none"        ? InputScaling::none
                      : point.value == "rescaling" ? InputScaling::unit
                                                   : InputScaling::standardize;
            break;
    }
    if (is_numeric(key)) point.value = fmt::format("{}", point.number);
    for (const Arm arm : base.arms)
        point.arms.push_back({to_word(arm), with_input(with_arm(model, arm), data.train, scaling)});
    return point;
}

}  // namespace

SweepKey sweep_key_from_word(std::string_view word) {
    const auto it = std::find(key_words.begin(), key_words.end(), word);
    if (it == key_words.end())
        fail_input("sweep", fmt::format("one of {}", fmt::join(key_words, ", ")), fmt::format("\"{:.60}\"", word));
    return static_cast<SweepKey>(it - key_words.begin());
}

const char* to_word(SweepKey key) {
    return key_words[static_cast<std::size_t>(key)];
}

std::span<const char* const> sweep_key_words() {
    return key_words;
}

bool is_numeric(SweepKey key) {
    return key == SweepKey::learning_rate || key == SweepKey::batch_size || key == SweepKey::initializer_scale ||
           key == SweepKey::depth;
}

std::vector<SweepPoint> sweep_points(const Dataset& data, SweepKey key, const std::vector<std::string>& values,
                                     const SweepBase& base) {
    if (values.empty()) fail_input(where(key), "at least one value", "none");
    if (values.size() > 1000) fail_input(where(key), "at most 1000 values", fmt::format("{}", values.size()));
    std::vector<SweepPoint> points;
    for (const std::string& text : values) {
        SweepPoint point = point_of(data, key, text, base);
        const bool twice =
            std::any_of(points.begin(), points.end(), [&](const SweepPoint& p) { return p.value == point.value; });
        if (twice) fail_input(where(key), "every value once", fmt::format("\"{:.60}\" twice", text));
        points.push_back(std::move(point));
    }
    if (is_numeric(key)) {
        std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    }
    return points;
}

}  // namespace evenkeel
