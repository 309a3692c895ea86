#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "evenkeel/study/statistics.hpp"

namespace evenkeel {

/// [low, high], or null.
nlohmann::json to_json(const std::optional<Interval>& interval);

/// {"mean", "ci95"}: an arm's entry for one metric in summary.json. NaN and infinities become null.
nlohmann::json to_json(const ArmSummary& summary);

/// An entry of "pairs" in summary.json: the contract's a, b, metric, difference, ci95, p_sign_flip and
/// verdict, then seeds, d_z, p_equivalence and margin.
nlohmann::json to_json(const PairedComparison& comparison, const std::string& a, const std::string& b,
                       const std::string& metric);

/// {"target", "epochs", "runs": [3, null, …], "reached", "median"}; null is right-censored at `epochs`.
nlohmann::json to_json(const EpochsToTarget& summary);

}  // namespace evenkeel
