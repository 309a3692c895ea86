#pragma once

#include <vector>

#include "evenkeel/model/loss.hpp"
#include "evenkeel/model/optimizer.hpp"

namespace evenkeel {

/// What a model is trained with: Keras's compile().
struct Compilation {
    Optimizer optimizer = SGD{};
    Loss loss = "sparse_categorical_crossentropy";
    std::vector<Metric> metrics = {};
};

}  // namespace evenkeel
