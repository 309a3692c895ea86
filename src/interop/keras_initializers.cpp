#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "evenkeel/core/error.hpp"
#include "interop/keras_config.hpp"

// Initializers and regularizers of variables: what Keras writes as small objects inside of a layer.
namespace evenkeel::keras {
namespace {

using Fan = Initializer::Fan;
using Distribution = Initializer::Distribution;

struct Word {
    const char* text;
    int value;
};
constexpr std::array fans = {Word{"fan_in", static_cast<int>(Fan::in)}, Word{"fan_out", static_cast<int>(Fan::out)},
                             Word{"fan_avg", static_cast<int>(Fan::average)}};
// "normal" is an older word of Keras's for the truncated one; only the first of two is written.
constexpr std::array distributions = {Word{"truncated_normal", static_cast<int>(Distribution::truncated_normal)},
                                      Word{"untruncated_normal", static_cast<int>(Distribution::normal)},
                                      Word{"uniform", static_cast<int>(Distribution::uniform)},
                                      Word{"normal", static_cast<int>(Distribution::truncated_normal)}};

template <class Words>
int value_of(const JsonView& view, const Words& words) {
    const std::string& text = view.text();
    for (const Word& word : words) {
        if (text == word.text) return word.value;
    }
    std::vector<const char*> texts;
    for (const Word& word : words) texts.push_back(word.text);
    view.fail(fmt::format("one of {}", fmt::join(texts, ", ")));
}

template <class Words, class Value>
const char* word_of(Value value, const Words& words) {
    return std::find_if(words.begin(), words.end(),
                        [&](const Word& word) { return word.value == static_cast<int>(value); })
        ->text;
}

// The classes that are variance scaling with a name of their own.
struct Scaling {
    const char* class_name;
    double scale;
    Fan fan;
    Distribution distribution;
};
constexpr std::array scalings = {Scaling{"GlorotUniform", 1.0, Fan::average, Distribution::uniform},
                                 Scaling{"GlorotNormal", 1.0, Fan::average, Distribution::truncated_normal},
                                 Scaling{"HeUniform", 2.0, Fan::in, Distribution::uniform},
                                 Scaling{"HeNormal", 2.0, Fan::in, Distribution::truncated_normal},
                                 Scaling{"LecunUniform", 1.0, Fan::in, Distribution::uniform},
                                 Scaling{"LecunNormal", 1.0, Fan::in, Distribution::truncated_normal}};

// A word stands for an object with nothing in its config; words and class names are one in snake case.
std::pair<std::string, JsonView> word_and_config(const JsonView& view) {
    static const nlohmann::json nothing = nlohmann::json::object();
    if (view.is_text()) return {snake_case(view.text()), JsonView(nothing, view.where())};
    const KerasObject found(view);
    return {snake_case(found.class_name), found.config};
}

Initializer random_normal(JsonObject& config) {
    const double mean = config.number("mean", 0.0);
    const double stddev = config.number("stddev", 0.05);
    if (!(stddev >= 0)) config.get("stddev").fail("a number of at least 0");
    return RandomNormal(mean, stddev);
}

Initializer random_uniform(JsonObject& config) {
    const double low = config.number("minval", -0.05);
    const double high = config.number("maxval", 0.05);
    if (!(low <= high)) fail_input(config.where(), "minval ≤ maxval", fmt::format("{} and {}", low, high));
    return RandomUniform(low, high);
}

Initializer variance_scaling(JsonObject& config) {
    const double scale = config.number("scale", 1.0);
    if (!(scale > 0)) config.get("scale").fail("a positive number");
    const auto mode = config.find("mode");
    const auto distribution = config.find("distribution");
    return VarianceScaling(scale, mode ? static_cast<Fan>(value_of(*mode, fans)) : Fan::in,
                           distribution ? static_cast<Distribution>(value_of(*distribution, distributions))
                                        : Distribution::truncated_normal);
}

}  // namespace

Json object(std::string_view module, std::string_view class_name, Json config) {
    return {
        {"module", module}, {"class_name", class_name}, {"config", std::move(config)}, {"registered_name", nullptr}};
}

Initializer read_initializer(const JsonView& view) {
    const auto [word, config_view] = word_and_config(view);
    JsonObject config(config_view);
    config.ignore({"seed"});
    Initializer result;
    if (word == "constant") {
        result = Constant(config.number("value", 0.0));
    } else if (word == "random_normal") {
        result = random_normal(config);
    } else if (word == "random_uniform") {
        result = random_uniform(config);
    } else if (word == "variance_scaling") {
        result = variance_scaling(config);
    } else if (word == "orthogonal") {
        result = Orthogonal(config.number("gain", 1.0));
    } else {
        const auto words = initializer_words();
        if (std::find(words.begin(), words.end(), word) == words.end()) {
            view.fail(fmt::format("one of {}, variance_scaling, constant", fmt::join(words, ", ")));
        }
        result = Initializer(word);
    }
    config.done();
    return result;
}

Json write_initializer(const Initializer& initializer) {
    constexpr const char* module = "keras.initializers";
    switch (initializer.kind) {
        case Initializer::Kind::constant:
            if (initializer.a == 0.0) return object(module, "Zeros", Json::object());
            if (initializer.a == 1.0) return object(module, "Ones", Json::object());
            return object(module, "Constant", {{"value", initializer.a}});
        case Initializer::Kind::random_normal:
            return object(module, "RandomNormal",
                          {{"seed", nullptr}, {"mean", initializer.a}, {"stddev", initializer.b}});
        case Initializer::Kind::random_uniform:
            return object(module, "RandomUniform",
                          {{"seed", nullptr}, {"minval", initializer.a}, {"maxval", initializer.b}});
        case Initializer::Kind::orthogonal:
            return object(module, "Orthogonal", {{"seed", nullptr}, {"gain", initializer.a}});
        case Initializer::Kind::variance_scaling:
            break;
    }
    for (const Scaling& known : scalings) {
        if (initializer == VarianceScaling(known.scale, known.fan, known.distribution)) {
            return object(module, known.class_name, {{"seed", nullptr}});
        }
    }
    return object(module, "VarianceScaling",
                  {{"seed", nullptr},
                   {"scale", initializer.a},
                   {"mode", word_of(initializer.fan, fans)},
                   {"distribution", word_of(initializer.distribution, distributions)}});
}

Regularizer read_regularizer(const JsonView& view) {
    const auto [word, config_view] = word_and_config(view);
    JsonObject config(config_view);
    Regularizer result;
    if (word == "l1") {
        result = L1(config.number("l1", 0.01));
    } else if (word == "l2") {
        result = L2(config.number("l2", 0.01));
    } else if (word == "l1l2" || word == "l1_l2") {
        result = L1L2(config.number("l1", 0.0), config.number("l2", 0.0));
    } else {
        view.fail("one of L1, L2, L1L2");
    }
    config.done();
    return result;
}

Json write_regularizer(const Regularizer& regularizer) {
    constexpr const char* module = "keras.regularizers";
    if (regularizer.l1 == 0.0 && regularizer.l2 == 0.0) return nullptr;
    if (regularizer.l1 == 0.0) return object(module, "L2", {{"l2", regularizer.l2}});
    if (regularizer.l2 == 0.0) return object(module, "L1", {{"l1", regularizer.l1}});
    return object(module, "L1L2", {{"l1", regularizer.l1}, {"l2", regularizer.l2}});
}

}  // namespace evenkeel::keras
