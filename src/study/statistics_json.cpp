#include "study/statistics_json.hpp"

#include <cmath>

namespace evenkeel {
namespace {

using nlohmann::json;

json number(double value) {
    return std::isfinite(value) ? json(value) : json(nullptr);
}
json epoch(const std::optional<std::int64_t>& value) {
    return value ? json(*value) : json(nullptr);
}

}  // namespace

json to_json(const std::optional<Interval>& interval) {
    return interval ? json::array({interval->low, interval->high}) : json(nullptr);
}

json to_json(const ArmSummary& summary) {
    return {{"mean", number(summary.mean)}, {"ci95", to_json(summary.ci95)}};
}

json to_json(const PairedComparison& c, const std::string& a, const std::string& b, const std::string& metric) {
    return {{"a", a},
            {"b", b},
            {"metric", metric},
            {"difference", number(c.difference)},
            {"ci95", to_json(c.ci95)},
            {"p_sign_flip", c.p_sign_flip},
            {"verdict", std::string(to_string(c.verdict))},
            {"seeds", c.seeds},
            {"d_z", number(c.d_z)},
            {"p_equivalence", c.p_equivalence},
            {"margin", c.margin}};
}

json to_json(const EpochsToTarget& summary) {
    json runs = json::array();
    for (const auto& run : summary.runs) runs.push_back(epoch(run));
    return {{"target", summary.target},
            {"epochs", summary.epochs},
            {"runs", runs},
            {"reached", summary.reached},
            {"median", epoch(summary.median)}};
}

}  // namespace evenkeel
