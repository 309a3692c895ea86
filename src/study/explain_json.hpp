#pragma once

#include <nlohmann/json.hpp>

#include "evenkeel/study/explain.hpp"

namespace evenkeel {

/// {"input": {rows, weights, bias, gamma, beta, epsilon, activation, targets, learning_rate},
///  "before": WAY, "after": WAY}, where WAY has the fields of ExplainWay by their names.
nlohmann::json to_json(const ExplainResult& result);

}  // namespace evenkeel
