#pragma once

#include <string>
#include <vector>

#include "evenkeel/model/description.hpp"
#include "evenkeel/model/optimizer.hpp"
#include "evenkeel/model/variables.hpp"

// Where Keras keeps which variable in model.weights.h5.
namespace evenkeel::keras {

/// The group of every layer below "layers": "dense", "dense_1", …, numbered within the class. Input has none.
std::vector<std::string> group_names(const ModelDescription& description);

/// Each layer's variables, in the order of vars/0, vars/1, ….
std::vector<std::vector<const Variable*>> by_layer(const ModelDescription& description, const VariableLayout& layout);

/// A slot of the optimizer and the variable that it belongs to.
struct SlotOf {
    std::size_t slot;
    const Variable* variable;
};

/// In the order of Keras's optimizer.variables, behind iteration and learning rate: Adam's m and v go
/// together, others slot by slot. Of the variables of layers that train, also where Evenkeel holds γ or β
/// still by an option of its own.
std::vector<SlotOf> slot_order(const Optimizer& optimizer, const ModelDescription& description,
                               const VariableLayout& layout);

}  // namespace evenkeel::keras
