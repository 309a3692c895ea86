#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// g in a = g(z). `softmax` is over the last axis; `gelu` is the exact one, z·Φ(z).
enum class ActivationKind { linear, relu, sigmoid, tanh, softmax, elu, gelu, silu };

/// "relu" → ActivationKind::relu; throws Error{input} naming the words that are known.
EVENKEEL_API ActivationKind activation_from_word(std::string_view word);
EVENKEEL_API const char* to_word(ActivationKind kind);
EVENKEEL_API std::span<const char* const> activation_words();

struct LayerOptions {
    std::string name = {};  ///< empty: numbered after the class, as Keras does ("dense", "dense_1", …)
};

/// a = g(z) as a layer of its own.
struct EVENKEEL_API Activation {
    ActivationKind kind = ActivationKind::linear;
    std::string name;

    Activation() = default;
    explicit Activation(std::string_view word, LayerOptions options = {});
    bool operator==(const Activation&) const = default;
};

struct ReLUOptions {
    std::optional<double> max_value = {};  ///< ≥ 0; none: unbounded
    double negative_slope = 0.0;           ///< ≥ 0
    double threshold = 0.0;                ///< ≥ 0
    std::string name = {};
};

/// Keras's ReLU: z for threshold ≤ z < max_value, max_value above, negative_slope·(z − threshold) below the
/// threshold.
struct ReLU : ReLUOptions {
    ReLU() = default;
    explicit ReLU(ReLUOptions options) : ReLUOptions(std::move(options)) {}
    bool operator==(const ReLU& other) const {
        return max_value == other.max_value && negative_slope == other.negative_slope && threshold == other.threshold &&
               name == other.name;
    }
    bool is_plain() const { return !max_value && negative_slope == 0.0 && threshold == 0.0; }
};

}  // namespace evenkeel
