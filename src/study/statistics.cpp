#include "evenkeel/study/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "evenkeel/core/error.hpp"
#include "study/sign_flip.hpp"
#include "study/student.hpp"

namespace evenkeel {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_pairs = 10'000;

void need_finite(std::span<const double> values, const char* where) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i])) {
            fail_input(where, "finite values", fmt::format("{} at position {}", values[i], i));
        }
    }
}

// With n − 1; NaN for n < 2.
double standard_deviation(std::span<const double> values, double mean) {
    if (values.size() < 2) return nan;
    double squares = 0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double effect_size(std::span<const double> d, double mean) {
    double largest = 0;
    for (const double v : d) largest = std::max(largest, std::abs(v));
    const double deviation = standard_deviation(d, mean);
    // Equal differences may differ in their last bits, as 0.98 − 0.97 and 0.97 − 0.96 do.
    if (deviation > 1e-9 * largest || d.size() < 2) return mean / deviation;
    return mean == 0 ? 0.0 : std::copysign(std::numeric_limits<double>::infinity(), mean);
}

Verdict judge(const PairedComparison& c, bool higher_is_better) {
    if (c.p_equivalence < significance_level) return Verdict::equivalent;
    if (c.p_sign_flip < significance_level) {
        return (c.difference > 0) == higher_is_better ? Verdict::better : Verdict::worse;
    }
    return Verdict::undecided;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::better:
            return "better";
        case Verdict::worse:
            return "worse";
        case Verdict::equivalent:
            return "equivalent";
        case Verdict::undecided:
            break;
    }
    return "undecided";
}

PairedComparison compare_pairs(std::span<const double> differences, const PairedOptions& options) {
    need_finite(differences, "compare_pairs");
    if (differences.size() > most_pairs) {
        fail_input("compare_pairs", fmt::format("at most {} pairs", most_pairs), fmt::format("{}", differences.size()));
    }
    if (!(options.margin > 0) || !std::isfinite(options.margin)) {
        fail_input("compare_pairs", "a margin > 0", fmt::format("{}", options.margin));
    }
    PairedComparison result;
    result.seeds = static_cast<std::int64_t>(differences.size());
    result.margin = options.margin;
    result.difference = result.d_z = nan;
    if (differences.empty()) return result;

    const SignFlip test(differences);
    result.difference = test.mean();
    result.d_z = effect_size(differences, result.difference);
    result.ci95 = test.interval(significance_level);
    result.p_sign_flip = test.p_two_sided(0);
    result.p_equivalence = std::max(test.p_above(-options.margin), test.p_below(options.margin));
    result.verdict = judge(result, options.higher_is_better);
    return result;
}

PairedComparison compare_arms(std::span<const double> a, std::span<const double> b, const PairedOptions& options) {
    if (a.size() != b.size()) {
        fail_input("compare_arms", "as many runs of one arm as of the other",
                   fmt::format("{} and {}", a.size(), b.size()));
    }
    std::vector<double> d(a.size());
    std::transform(a.begin(), a.end(), b.begin(), d.begin(), std::minus<>());
    return compare_pairs(d, options);
}

ArmSummary summarize_arm(std::span<const double> values) {
    need_finite(values, "summarize_arm");
    ArmSummary result;
    result.runs = static_cast<std::int64_t>(values.size());
    result.mean = result.standard_deviation = nan;
    if (values.empty()) return result;
    const auto n = static_cast<double>(values.size());
    result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    result.standard_deviation = standard_deviation(values, result.mean);
    if (values.size() < 2) return result;
    const double half =
        student_two_sided(1 - significance_level, result.runs - 1) * result.standard_deviation / std::sqrt(n);
    result.ci95 = Interval{result.mean - half, result.mean + half};
    return result;
}

std::vector<double> holm(std::span<const double> p_values) {
    for (const double p : p_values) {
        if (!(p >= 0 && p <= 1)) fail_input("holm", "p-values in [0, 1]", fmt::format("{}", p));
    }
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
    std::vector<double> adjusted(p_values.size());
    double largest = 0;  // step-down: no hypothesis is rejected before one with a smaller p
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        const auto still_open = static_cast<double>(order.size() - rank);
        largest = std::max(largest, std::min(1.0, still_open * p_values[order[rank]]));
        adjusted[order[rank]] = largest;
    }
    return adjusted;
}

}  // namespace evenkeel
