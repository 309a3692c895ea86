#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evenkeel/probe/probe.hpp"

namespace evenkeel {

struct ProbedArm {
    std::string name;
    const ProbeRecord* record;
};

/// The part "probe" of summary.json: {"seed", "rows", "seconds_share", "arms": […]}. Numbers in six digits; what is not
/// finite or does not apply is null. `arms` is not empty; all looked at as many rows.
nlohmann::json probe_json(std::uint64_t seed, const std::vector<ProbedArm>& arms);

}  // namespace evenkeel
