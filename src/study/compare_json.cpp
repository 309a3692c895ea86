#include "study/compare_json.hpp"

#include <cmath>

#include "evenkeel/interop/keras.hpp"
#include "probe/probe_json.hpp"
#include "study/statistics_json.hpp"

namespace evenkeel {

using nlohmann::json;

namespace {

json number(double x) {
    return std::isfinite(x) ? json(x) : json();
}

json to_json(const EpochLog& log) {
    json j = {{"epoch", log.epoch},
              {"train_loss", number(log.train.loss)},
              {"train_accuracy", number(log.train.metrics.front())},
              {"learning_rate", log.learning_rate},
              {"seconds", log.seconds}};
    if (log.validated) {
        j["validation_loss"] = number(log.validation.loss);
        j["validation_accuracy"] = number(log.validation.metrics.front());
    }
    return j;
}

/// The arms whose run of seed 0 was looked into.
std::vector<ProbedArm> probed_arms(const CompareResult& result) {
    std::vector<ProbedArm> probed;
    for (const ArmResult& arm : result.arms) {
        if (!arm.runs.empty() && arm.runs.front().probe) probed.push_back({arm.arm.name, &*arm.runs.front().probe});
    }
    return probed;
}

}  // namespace

json to_json(const ComparedRun& run) {
    json j = {{"seed", run.seed},
              {"diverged", run.diverged},
              {"test_accuracy", run.test_accuracy},
              {"test_loss", run.test_loss ? number(*run.test_loss) : json()},
              {"seconds", run.seconds},
              {"epochs", json::array()}};
    if (run.diverged) j["problem"] = run.problem;
    for (const EpochLog& log : run.epochs) j["epochs"].push_back(to_json(log));
    return j;
}

json to_json(const ArmResult& arm, const std::string& optimizer, double learning_rate) {
    json j = {{"name", arm.arm.name},
              {"model", json::parse(evenkeel::to_json(arm.arm.model, nullptr))},
              {"optimizer", optimizer},
              {"learning_rate", learning_rate},
              {"runs", json::array()}};
    for (const ComparedRun& run : arm.runs) j["runs"].push_back(to_json(run));
    if (arm.runs.empty()) return j;
    j["test_accuracy"] = to_json(arm.test_accuracy);
    if (arm.epochs_to_none.epochs > 0) j["epochs_to_none"] = to_json(arm.epochs_to_none);
    return j;
}

json to_json(const PairResult& pair) {
    json j = to_json(pair.comparison, pair.a, pair.b, "test_accuracy");
    j["sentence"] = pair.sentence;
    return j;
}

json to_json(const CompareResult& result, const CompareOptions& options) {
    const double rate = learning_rate_at(learning_rate(options.compilation.optimizer), 0);
    json arms = json::array(), pairs = json::array();
    for (const ArmResult& arm : result.arms) arms.push_back(to_json(arm, options.optimizer_word, rate));
    for (const PairResult& pair : result.pairs) pairs.push_back(to_json(pair));
    json document = {{"arms", std::move(arms)}, {"pairs", std::move(pairs)}, {"interrupted", result.interrupted}};
    if (const std::vector<ProbedArm> probed = probed_arms(result); !probed.empty()) {
        document["probe"] = probe_json(0, probed);
    }
    return document;
}

}  // namespace evenkeel
