#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evenkeel/interop/keras.hpp"
#include "interop/hdf5_tree.hpp"

// model.weights.h5 of a Keras archive: variables under layers/<class>[_k]/vars/<i>, the optimizer's under
// optimizer/vars/<i>.
namespace evenkeel::keras {

/// Values of every variable. Throws Error{input} naming the layer where the file has other variables, or
/// variables of other shapes, than the layout. `updates` are −1.
VariableValues read_values(const hdf5::Group& root, const ModelDescription& description, const VariableLayout& layout,
                           const std::string& where);

/// Iteration and slots; sets a constant learning rate to the file's where the two differ as floats. Slots are
/// zeros where the file has none (compiled, but never trained). Throws Error{input} where they do not fit.
OptimizerValues read_optimizer_values(const hdf5::Group& root, const ModelDescription& description,
                                      const VariableLayout& layout, Optimizer& optimizer, const std::string& where);

/// The bytes of model.weights.h5. Throws Error{input} where the parts of the model do not fit one another.
std::vector<std::byte> write_weights(const SavedModel& model, const std::string& where);

}  // namespace evenkeel::keras
