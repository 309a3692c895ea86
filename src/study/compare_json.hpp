#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "evenkeel/study/compare.hpp"

namespace evenkeel {

/// {"seed", "diverged", "test_accuracy", "test_loss", "seconds", "epochs"}, and of a diverged run its "problem".
nlohmann::json to_json(const ComparedRun& run);

/// An entry of "arms".
nlohmann::json to_json(const ArmResult& arm, const std::string& optimizer, double learning_rate);

/// An entry of "pairs", with its sentence.
nlohmann::json to_json(const PairResult& pair);

/// {"arms": […], "pairs": […]}: a comparison's part of summary.json. NaN becomes null.
nlohmann::json to_json(const CompareResult& result, const CompareOptions& options);

}  // namespace evenkeel
