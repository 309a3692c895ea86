#include "evenkeel/model/optimizer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <type_traits>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::array words = {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"};

struct Check {
    std::string where;

    void in_range(const char* option, double value, double low, double high) const {
        if (!(value >= low && value <= high)) {
            fail_input(where + "." + option, fmt::format("a number in [{}, {}]", low, high), fmt::format("{}", value));
        }
    }
    void at_least_zero(const char* option, double value) const {
        if (!(value >= 0) || !std::isfinite(value)) {
            fail_input(where + "." + option, "a number of at least 0", fmt::format("{}", value));
        }
    }
    void positive(const char* option, double value) const {
        if (!(value > 0) || !std::isfinite(value)) {
            fail_input(where + "." + option, "a positive number", fmt::format("{}", value));
        }
    }

    void operator()(double rate) const { positive("learning_rate", rate); }
    void operator()(const PiecewiseConstantDecay& s) const {
        if (s.values.size() != s.boundaries.size() + 1) {
            fail_input(where + ".learning_rate", "one value more than boundaries",
                       fmt::format("{} values and {} boundaries", s.values.size(), s.boundaries.size()));
        }
        for (std::size_t i = 1; i < s.boundaries.size(); ++i) {
            if (s.boundaries[i] <= s.boundaries[i - 1]) {
                fail_input(where + ".learning_rate", "increasing boundaries",
                           fmt::format("{}", fmt::join(s.boundaries, ", ")));
            }
        }
        for (const double value : s.values) positive("learning_rate", value);
    }
    void operator()(const ExponentialDecay& s) const {
        positive("learning_rate", s.initial_learning_rate);
        positive("learning_rate.decay_steps", static_cast<double>(s.decay_steps));
        positive("learning_rate.decay_rate", s.decay_rate);
    }
    void operator()(const CosineDecay& s) const {
        at_least_zero("learning_rate", s.initial_learning_rate);
        positive("learning_rate.decay_steps", static_cast<double>(s.decay_steps));
        at_least_zero("learning_rate.warmup_steps", static_cast<double>(s.warmup_steps));
        in_range("learning_rate.alpha", s.alpha, 0, 1);
    }

    void operator()(const SGD& o) const { in_range("momentum", o.momentum, 0, 1); }
    void operator()(const RMSprop& o) const {
        in_range("rho", o.rho, 0, 1);
        in_range("momentum", o.momentum, 0, 1);
        positive("epsilon", o.epsilon);
    }
    void operator()(const Adam& o) const { betas(o); }
    void operator()(const AdamW& o) const { betas(o); }

    template <typename A>
    void betas(const A& o) const {
        if (!(o.beta_1 >= 0 && o.beta_1 < 1))
            fail_input(where + ".beta_1", "a number in [0, 1)", fmt::format("{}", o.beta_1));
        if (!(o.beta_2 >= 0 && o.beta_2 < 1))
            fail_input(where + ".beta_2", "a number in [0, 1)", fmt::format("{}", o.beta_2));
        positive("epsilon", o.epsilon);
    }
};

}  // namespace

Optimizer optimizer_from_word(std::string_view word) {
    if (word == "sgd") return SGD{};
    if (word == "momentum") return SGD{.momentum = 0.9};
    if (word == "nesterov") return SGD{.momentum = 0.9, .nesterov = true};
    if (word == "rmsprop") return RMSprop{};
    if (word == "adam") return Adam{};
    if (word == "adamw") return AdamW{};
    fail_input("optimizer", fmt::format("one of {}", fmt::join(words, ", ")), fmt::format("\"{}\"", word));
}

std::span<const char* const> optimizer_words() {
    return words;
}

const char* class_name(const Optimizer& optimizer) {
    constexpr std::array names = {"SGD", "RMSprop", "Adam", "AdamW"};
    return names[optimizer.index()];
}

const LearningRate& learning_rate(const Optimizer& optimizer) {
    return std::visit([](const auto& o) -> const LearningRate& { return o.learning_rate; }, optimizer);
}

void set_learning_rate(Optimizer& optimizer, LearningRate rate) {
    std::visit([&rate](auto& o) { o.learning_rate = std::move(rate); }, optimizer);
}

int slot_count(const Optimizer& optimizer) {
    if (const auto* sgd = std::get_if<SGD>(&optimizer)) return sgd->momentum > 0 ? 1 : 0;
    if (const auto* rms = std::get_if<RMSprop>(&optimizer))
        return 1 + (rms->momentum > 0 ? 1 : 0) + (rms->centered ? 1 : 0);
    return 2;
}

void validate(const Optimizer& optimizer) {
    const Check check{class_name(optimizer)};
    std::visit(check, learning_rate(optimizer));
    std::visit(check, optimizer);
    std::visit(
        [&check](const auto& o) {
            check.at_least_zero("weight_decay", o.weight_decay);
            check.at_least_zero("clipnorm", o.clipnorm);
            check.at_least_zero("clipvalue", o.clipvalue);
            check.at_least_zero("global_clipnorm", o.global_clipnorm);
            if ((o.clipnorm > 0) + (o.clipvalue > 0) + (o.global_clipnorm > 0) > 1) {
                fail_input(check.where, "at most one of clipnorm, clipvalue and global_clipnorm",
                           fmt::format("{}, {} and {}", o.clipnorm, o.clipvalue, o.global_clipnorm));
            }
        },
        optimizer);
}

}  // namespace evenkeel
