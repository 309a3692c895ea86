#pragma once

#include <cstdint>
#include <string_view>

#include "evenkeel/core/export.hpp"
#include "evenkeel/model/description.hpp"

namespace evenkeel {

/// A model from what a user writes after --model:
///   model_no_bn   the lecture's network: Flatten, Dense 128, ReLU, Dense 64, ReLU, Dense `classes` softmax
///   model_bn      the same with BatchNormalization between each hidden Dense and its ReLU
///   mlp:784-128-64-10   the width of the input, of each hidden layer (Dense, ReLU), of the output
/// `input_shape` is that of one row of the data, empty while unknown; `classes` is 0 for regression, where
/// the output is linear, else it is a softmax over as many. Throws Error{input} for another word, and where
/// the numbers do not fit the data.
EVENKEEL_API ModelDescription model_from_word(std::string_view word, const Shape& input_shape, std::int64_t classes);

/// Where normalization stands: nowhere; z → BN → g, the lecture's first way; z → g → BN, its second.
enum class Arm { none, before, after };
/// "none", "before", "after"; throws Error{input} for other words.
EVENKEEL_API Arm arm_from_word(std::string_view word);
EVENKEEL_API const char* to_word(Arm arm);

/// The model without its BatchNormalization layers and, but for Arm::none, with one right before or right
/// after the activation of every hidden layer (every Dense but the last; where it has no activation, behind
/// it). An activation that is an argument of such a Dense becomes a layer of its own. The options of a
/// BatchNormalization that stood at a hidden layer hold for the new one there. Throws Error{input} where
/// there is no hidden layer to normalize.
EVENKEEL_API ModelDescription with_arm(const ModelDescription& description, Arm arm);

}  // namespace evenkeel
