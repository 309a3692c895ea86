#include "study/sweep_json.hpp"

#include <fmt/format.h>

#include "study/compare_json.hpp"
#include "study/statistics_json.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;

json value_of(const SweepPoint& point, SweepKey key) {
    if (key == SweepKey::batch_size || key == SweepKey::depth) return static_cast<std::int64_t>(point.number);
    return is_numeric(key) ? json(point.number) : json(point.value);
}

/// How far apart an axis puts the values.
const char* scale_of(SweepKey key) {
    return is_numeric(key) ? "log" : "ordinal";
}

double rate_of(const SweepPoint& point) {
    return learning_rate_at(learning_rate(point.compilation.optimizer), 0);
}

json arms_of(const SweptValue& value) {
    json arms = json::array();
    for (const ArmResult& arm : value.arms) {
        json runs = json::array();
        for (const ComparedRun& run : arm.runs) {
            json j = to_json(run);
            const json validation =
                run.epochs.empty() || run.diverged ? json() : j["epochs"].back().value("validation_accuracy", json());
            j.erase("epochs");  // they are in history.csv
            j["validation_accuracy"] = validation;
            runs.push_back(std::move(j));
        }
        arms.push_back(
            {{"name", arm.arm.name}, {"runs", std::move(runs)}, {"test_accuracy", to_json(arm.test_accuracy)}});
    }
    return arms;
}

json cells_of(const SweepResult& result) {
    json cells = json::array();
    for (const SweptValue& value : result.values) {
        json pairs = json::array();
        for (const PairResult& pair : value.pairs) pairs.push_back(to_json(pair));
        cells.push_back({{"value", value_of(value.point, result.key)},
                         {"optimizer", value.point.optimizer_word},
                         {"learning_rate", rate_of(value.point)},
                         {"batch_size", value.point.batch_size},
                         {"arms", arms_of(value)},
                         {"pairs", std::move(pairs)}});
    }
    return cells;
}

json ranges_of(const SweepResult& result) {
    json ranges = json::array();
    for (std::size_t arm = 0; arm < result.useful.size(); ++arm) {
        const UsefulRange& range = result.useful[arm];
        ranges.push_back({{"arm", result.best[arm].arm},
                          {"low", range.low ? json(*range.low) : json()},
                          {"high", range.high ? json(*range.high) : json()},
                          {"decades", range.decades},
                          {"rule", fmt::format("mean test accuracy ≥ {:.4g} %", 100 * range.threshold)},
                          {"threshold", range.threshold},
                          {"cut_low", range.cut_low},
                          {"cut_high", range.cut_high},
                          {"values", range.values},
                          {"elsewhere", range.elsewhere}});
    }
    return ranges;
}

json range_pairs_of(const SweepResult& result) {
    json pairs = json::array();
    for (const RangePair& pair : result.range_pairs) {
        json j = to_json(pair.comparison, pair.a, pair.b, "decades of each seed's useful range");
        j["more_decades"] = pair.more_decades;
        j["one_decade_more"] = pair.more_decades >= 1 - 1e-9;
        j["sentence"] = pair.sentence;
        pairs.push_back(std::move(j));
    }
    return pairs;
}

}  // namespace

json to_json(const SweepResult& result, const SweepOptions& options, const std::string& preset) {
    json values = json::array(), best = json::array(), arms = json::array(), pairs = json::array();
    for (const SweptValue& value : result.values) values.push_back(value_of(value.point, result.key));
    for (std::size_t arm = 0; arm < result.arms.size(); ++arm) {
        const BestValue& own = result.best[arm];
        const SweepPoint& point = result.values[own.index].point;
        best.push_back({{"arm", own.arm},
                        {"value", value_of(point, result.key)},
                        {"chosen_on", "held-out training rows"},
                        {"held_out_accuracy", own.held_out_accuracy},
                        {"tried", result.values.size()}});
        arms.push_back(to_json(result.arms[arm], point.optimizer_word, rate_of(point)));
        arms.back()["value"] = value_of(point, result.key);
        arms.back()["batch_size"] = point.batch_size;
    }
    for (const PairResult& pair : result.pairs) pairs.push_back(to_json(pair));
    return {{"arms", std::move(arms)},
            {"pairs", std::move(pairs)},
            {"interrupted", result.interrupted},
            {"sweep",
             {{"key", to_word(result.key)},
              {"values", std::move(values)},
              {"scale", scale_of(result.key)},
              {"preset", preset.empty() ? json() : json(preset)},
              {"seeds", options.seeds},
              {"epochs", options.epochs},
              {"train_rows", result.train_rows},
              {"validation_rows", result.validation_rows},
              {"cells", cells_of(result)},
              {"useful_range", ranges_of(result)},
              {"range_pairs", range_pairs_of(result)},
              {"best", std::move(best)}}}};
}

}  // namespace evenkeel
