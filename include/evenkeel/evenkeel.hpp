#pragma once

// Everything of the engine: models in Keras's words, their training and prediction. Files (.keras archives, data sets)
// are in train/saving.hpp and data/open.hpp, which the component evenkeel::interop provides.

#include "evenkeel/core/error.hpp"
#include "evenkeel/data/dataset.hpp"
#include "evenkeel/model/layers.hpp"
#include "evenkeel/model/optimizer.hpp"
#include "evenkeel/train/callback.hpp"
#include "evenkeel/train/progress.hpp"
#include "evenkeel/train/sequential.hpp"
