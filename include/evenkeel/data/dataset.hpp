#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "evenkeel/core/shape.hpp"

namespace evenkeel {

/// Examples as they lie in their file: bytes stay bytes until a plan gathers a batch of them.
struct Examples {
    Shape shape;                                                         ///< of one row, e.g. {28, 28}
    std::variant<std::vector<std::uint8_t>, std::vector<float>> values;  ///< rows × elements(shape), row-major
    std::vector<std::int32_t> labels;  ///< one class a row, in [0, classes); empty for regression
    std::vector<float> targets;        ///< rows × target_width, for regression; empty for classification
    std::int64_t target_width = 0;

    std::int64_t rows() const {
        return labels.empty() ? (target_width > 0 ? static_cast<std::int64_t>(targets.size()) / target_width : 0)
                              : static_cast<std::int64_t>(labels.size());
    }
};

/// What `--data` names: training rows, test rows and what their numbers mean.
struct Dataset {
    std::string name;  ///< "mnist", "digits" or the path that was given
    Examples train;
    Examples test;
    std::int64_t classes = 0;                ///< 0 for regression
    std::vector<std::string> feature_names;  ///< of CSV columns; empty where features have no names
    std::vector<std::string> class_names;    ///< of a CSV's text target, sorted; empty where classes are numbers
};

}  // namespace evenkeel
