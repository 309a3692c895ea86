#pragma once

#include <string>

#include "evenkeel/core/export.hpp"
#include "evenkeel/model/description.hpp"

namespace evenkeel {

/// The table that Keras's `model.summary()` prints: layer (type), output shape, parameters of each, and the
/// totals. UTF-8, lines of at most 80 columns (longer names are cut), a newline at the end. While the input
/// shape is unknown, shapes and counts are "?" and there are no totals. Throws Error{input} naming the layer
/// that does not fit.
EVENKEEL_API std::string summary(const ModelDescription& description);

}  // namespace evenkeel
