#pragma once

#include <nlohmann/json.hpp>

#include "evenkeel/study/compare.hpp"

namespace evenkeel {

/// {"arms": […], "pairs": […]}: a comparison's part of summary.json. NaN becomes null.
nlohmann::json to_json(const CompareResult& result, const CompareOptions& options);

}  // namespace evenkeel
