#include "study/arm_results.hpp"

#include <algorithm>

namespace evenkeel {

std::vector<double> accuracies(const ArmResult& arm) {
    std::vector<double> values;
    for (const ComparedRun& run : arm.runs) values.push_back(run.test_accuracy);
    return values;
}

void summarize_arms(std::vector<ArmResult>& arms, int epochs) {
    const auto none = std::find_if(arms.begin(), arms.end(), [](const ArmResult& a) { return a.arm.name == "none"; });
    const ArmResult& base = none != arms.end() ? *none : arms.front();
    double target = 0;
    for (const ComparedRun& run : base.runs) {
        const bool measured = !run.diverged && !run.epochs.empty() && run.epochs.back().validated;
        target += (measured ? run.epochs.back().validation.metrics.front() : run.test_accuracy) /
                  static_cast<double>(base.runs.size());
    }
    for (ArmResult& arm : arms) {
        arm.test_accuracy = summarize_arm(accuracies(arm));
        std::vector<std::vector<double>> curves;
        for (const ComparedRun& run : arm.runs) {
            auto& curve = curves.emplace_back();
            for (const EpochLog& log : run.epochs)
                curve.push_back(log.validated ? log.validation.metrics.front() : -1.0);
        }
        if (epochs > 0) arm.epochs_to_none = epochs_to_target(curves, target, epochs);
    }
}

}  // namespace evenkeel
