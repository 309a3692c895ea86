#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "evenkeel/core/export.hpp"
#include "evenkeel/model/description.hpp"

// A network with one thing changed. All of these come before with_arm and with_input.
namespace evenkeel {

/// How many hidden layers there are: every Dense but the last.
EVENKEEL_API std::int64_t hidden_layers(const ModelDescription& model);

/// The first `depth` hidden layers, each with what follows it; where there are fewer, the last of them again and
/// again. Names are numbered anew. Throws Error{input} where there is no hidden layer, or for a depth below 1.
EVENKEEL_API ModelDescription with_depth(const ModelDescription& model, std::int64_t depth);

/// The words for hidden layers: every activation but softmax.
EVENKEEL_API std::span<const char* const> hidden_activation_words();

/// Every hidden layer's activation replaced; a hidden layer without one gets it. Throws Error{input} for a word that
/// is none, for softmax, which is for outputs, and where there is no hidden layer.
EVENKEEL_API ModelDescription with_activation(const ModelDescription& model, const std::string& word);

/// The initializers of all Dense kernels such that each initial weight is `scale` times what it would be. Throws
/// Error{input} for a scale that is not a finite number above 0.
EVENKEEL_API ModelDescription with_initializer_scale(const ModelDescription& model, double scale);

}  // namespace evenkeel
