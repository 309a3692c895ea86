#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

/// What brings every feature to mean 0 and standard deviation 1: x ← (x − mean) / deviation, feature by
/// feature.
struct Standardization {
    std::vector<double> mean;
    std::vector<double> deviation;  ///< biased (÷ rows); 1 for a constant feature, which so becomes 0 and stays finite
    std::vector<std::int64_t> constant;  ///< the constant features, to be reported
};

/// Over the given rows (training rows only: the test set must not be looked at), elements(shape) features a
/// row. Two passes in double, so a mean far from 0 costs no digits. Throws Error{input} for no rows or a
/// value not finite.
EVENKEEL_API Standardization fit_standardization(const Examples& rows);

/// In place on whole rows; `values.size()` must be a multiple of the number of features.
EVENKEEL_API void standardize(const Standardization& standardization, std::span<float> values);
/// The inverse: x ← x · deviation + mean.
EVENKEEL_API void unstandardize(const Standardization& standardization, std::span<float> values);

}  // namespace evenkeel
