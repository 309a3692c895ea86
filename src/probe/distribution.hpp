#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evenkeel/probe/probe.hpp"

namespace evenkeel {

/// Percentiles, mean and standard deviation of all values. Exact, in time linear in their number; `scratch` is room
/// that is reused from call to call. All NaN for no values.
Distribution distribution_of(std::span<const float> values, std::vector<float>& scratch);

/// Of column `unit` of values [any, units].
Distribution distribution_of_unit(std::span<const float> values, std::int64_t units, std::int64_t unit,
                                  std::vector<float>& scratch);

/// Share of values within 5 % of one of the limits: of their distance for the sigmoid (a ≤ .05 or ≥ .95), of their size
/// for tanh (|a| ≥ .95).
double saturated_share(std::span<const float> values, bool sigmoid);

/// Share of units (columns of values [any, units]) that are 0 in every row.
double dead_share(std::span<const float> values, std::int64_t units);

/// √Σx², and √Σ(x − y)², in double.
double norm(std::span<const float> x);
double distance(std::span<const float> x, std::span<const float> y);

}  // namespace evenkeel
