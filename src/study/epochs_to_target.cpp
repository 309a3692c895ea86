#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"
#include "evenkeel/study/statistics.hpp"

namespace evenkeel {

EpochsToTarget epochs_to_target(std::span<const std::vector<double>> curves, double target, std::int64_t epochs) {
    if (!std::isfinite(target)) fail_input("epochs_to_target", "a finite target", fmt::format("{}", target));
    if (epochs < 1) fail_input("epochs_to_target", "at least 1 epoch", fmt::format("{}", epochs));
    EpochsToTarget result;
    result.target = target;
    result.epochs = epochs;
    std::vector<std::int64_t> reached;
    for (const std::vector<double>& curve : curves) {
        const auto end = curve.begin() + std::min<std::ptrdiff_t>(epochs, std::ssize(curve));
        const auto first = std::find_if(curve.begin(), end, [target](double v) { return v >= target; });
        if (first == end) {
            result.runs.push_back(std::nullopt);
        } else {
            result.runs.push_back(first - curve.begin() + 1);
            reached.push_back(*result.runs.back());
        }
    }
    result.reached = std::ssize(reached);
    const std::size_t half = (curves.size() + 1) / 2;
    if (half > 0 && reached.size() >= half) {
        std::sort(reached.begin(), reached.end());
        result.median = reached[half - 1];
    }
    return result;
}

std::string EpochsToTarget::median_text() const {
    if (runs.empty()) return "–";
    return median ? fmt::format("{}", *median) : fmt::format(">{}", epochs);
}

}  // namespace evenkeel
