#include "probe/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"

namespace evenkeel {

Looks plan_looks(const ProbeOptions& options, std::int64_t data_rows, std::int64_t first, std::int64_t last,
                 std::int64_t rows_a_step) {
    if (options.rows < 2) fail_input("Probe.rows", "2 or more", fmt::format("{}", options.rows));
    if (options.looks < 2) fail_input("Probe.looks", "2 or more", fmt::format("{}", options.looks));
    if (!(options.share > 0)) fail_input("Probe.share", "a number above 0", fmt::format("{}", options.share));
    constexpr std::int64_t enough_looks = 16, fewest_looks = 8, fewest_rows = 64;
    const auto budget = static_cast<std::int64_t>(
        std::min(1e15, options.share * static_cast<double>(last - first) * static_cast<double>(rows_a_step)));
    const auto between = [](std::int64_t x, std::int64_t low, std::int64_t high) {
        return std::min(high, std::max(x, low));  // `high` wins where it is below `low`
    };
    Looks looks;
    looks.rows = between(budget / enough_looks, fewest_rows, std::min(options.rows, data_rows));
    const std::int64_t count = between(budget / std::max<std::int64_t>(1, looks.rows), fewest_looks, options.looks);
    for (std::int64_t i = 0; i < count; ++i) {
        const double way = static_cast<double>(i) / static_cast<double>(count - 1);
        looks.steps.push_back(first + std::llround(static_cast<double>(last - first) * way * way * way));
    }
    looks.steps.erase(std::unique(looks.steps.begin(), looks.steps.end()), looks.steps.end());
    return looks;
}

}  // namespace evenkeel
