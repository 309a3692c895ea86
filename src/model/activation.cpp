#include "evenkeel/model/activation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {
// In the order of ActivationKind.
constexpr std::array words = {"linear", "relu", "sigmoid", "tanh", "softmax", "elu", "gelu", "silu"};
}  // namespace

ActivationKind activation_from_word(std::string_view word) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (word == words[i]) return static_cast<ActivationKind>(i);
    }
    if (word == "swish") return ActivationKind::silu;
    fail_input("activation", fmt::format("one of {}", fmt::join(words, ", ")), fmt::format("\"{}\"", word));
}

const char* to_word(ActivationKind kind) {
    return words[static_cast<std::size_t>(kind)];
}
std::span<const char* const> activation_words() {
    return words;
}

Activation::Activation(std::string_view word, LayerOptions options)
    : kind(activation_from_word(word)), name(std::move(options.name)) {}

}  // namespace evenkeel
