#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "evenkeel/core/shape.hpp"
#include "evenkeel/model/activation.hpp"
#include "evenkeel/model/batch_normalization.hpp"
#include "evenkeel/model/dense.hpp"

namespace evenkeel {

/// The shape of one row of input: Input({28, 28}).
struct Input {
    Shape shape;
    std::string name = {};

    Input() = default;
    explicit Input(Shape shape_, std::string name_ = {}) : shape(std::move(shape_)), name(std::move(name_)) {}
};

/// (batch, …) → (batch, product of the rest).
struct Flatten {
    std::string name = {};
};

/// In training, each element becomes 0 with probability `rate` and is scaled by 1/(1 − rate) otherwise.
struct Dropout {
    double rate = 0.5;  ///< in [0, 1)
    std::string name = {};

    Dropout() = default;
    explicit Dropout(double rate_, std::string name_ = {}) : rate(rate_), name(std::move(name_)) {}
};

/// x·scale + offset, with constants.
struct Rescaling {
    double scale = 1.0;
    double offset = 0.0;
    std::string name = {};

    Rescaling() = default;
    explicit Rescaling(double scale_, double offset_ = 0.0, std::string name_ = {})
        : scale(scale_), offset(offset_), name(std::move(name_)) {}
};

/// (x − mean)/max(√variance, 1e-7) per feature of the last axis: scaling of the data that is saved with the
/// model. Mean and variance are variables that `adapt` (or a file) sets; they are never trained.
struct Normalization {
    std::vector<double> mean = {};      ///< given constants (Keras's mean=…); empty: set by adapt
    std::vector<double> variance = {};  ///< the same length as mean
    std::string name = {};
};

using Layer =
    std::variant<Input, Flatten, Dense, BatchNormalization, ReLU, Activation, Dropout, Rescaling, Normalization>;

/// "Dense", "BatchNormalization", …: Keras's class name.
EVENKEEL_API const char* class_name(const Layer& layer);
EVENKEEL_API const std::string& layer_name(const Layer& layer);
EVENKEEL_API void set_layer_name(Layer& layer, std::string name);

/// The shape of one row behind the layer, given the one before. Throws Error{input} naming the layer where an
/// option is out of its range or the shapes do not fit.
EVENKEEL_API Shape output_shape(const Layer& layer, const Shape& input);

}  // namespace evenkeel
