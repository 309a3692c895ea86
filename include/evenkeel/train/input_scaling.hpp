#pragma once

#include <span>
#include <string_view>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"
#include "evenkeel/model/description.hpp"

namespace evenkeel {

/// How the inputs of a network are scaled. The scaling becomes a layer of the model (Rescaling or Normalization), so a
/// saved model carries it and Keras predicts the same.
enum class InputScaling {
    automatic,  ///< bytes: unit; floats: standardize; nothing where the model begins with a scaling layer of its own
    none,
    unit,         ///< x/255, for bytes
    standardize,  ///< (x − mean)/σ per feature over the training rows; a constant feature is only centred
};

/// "auto", "none", "unit", "standardize"; throws Error{input} naming them.
EVENKEEL_API InputScaling input_scaling_from_word(std::string_view word);
EVENKEEL_API std::span<const char* const> input_scaling_words();

/// Gives the model the shape of the data's rows and, in front of its layers (behind a leading Flatten), the scaling.
/// Throws Error{input} where the model's own input shape is another.
EVENKEEL_API ModelDescription with_input(const ModelDescription& model, const Examples& train, InputScaling scaling);

}  // namespace evenkeel
