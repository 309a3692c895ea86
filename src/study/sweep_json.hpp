#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "evenkeel/study/sweep.hpp"

namespace evenkeel {

/// A sweep's part of summary.json: "sweep" with every value, "arms" and "pairs" of each arm at its own best value.
/// `preset`: what it was called, or "". NaN becomes null.
nlohmann::json to_json(const SweepResult& result, const SweepOptions& options, const std::string& preset);

}  // namespace evenkeel
