#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/model/layers.hpp"

namespace evenkeel {

/// What a network is: what Keras writes to config.json. No arithmetic, no values.
struct EVENKEEL_API ModelDescription {
    std::string name = "sequential";
    std::vector<Layer> layers;  ///< the first may be an Input

    /// Appends a layer; an empty name becomes Keras's ("dense", "dense_1", …). Throws Error{input} for a name
    /// that is taken, or an Input that is not first.
    void add(Layer layer);

    /// The shape of one row of input, empty while unknown.
    Shape input_shape() const;
    void set_input_shape(const Shape& shape);

    /// The shape of one row before each layer and behind the last (layers.size() + 1 entries). Throws
    /// Error{input} naming the layer that does not fit.
    std::vector<Shape> shapes() const;
    Shape output_shape() const { return shapes().back(); }
};

/// "Dense" → "dense", "BatchNormalization" → "batch_normalization", "ReLU" → "re_lu": Keras's snake case.
EVENKEEL_API std::string snake_case(std::string_view class_name);

}  // namespace evenkeel
