#pragma once

#include "evenkeel/interop/keras.hpp"
#include "evenkeel/train/sequential.hpp"

namespace evenkeel {

/// The model of an archive, compiled with its optimizer's slots where the archive says how.
Sequential sequential_of(SavedModel saved, SequentialOptions options);

}  // namespace evenkeel
