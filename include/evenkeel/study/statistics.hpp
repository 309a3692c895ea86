#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// Every test of a comparison is at the 5 % level, every interval is a 95 % interval.
inline constexpr double significance_level = 0.05;

/// Fewer paired seeds can never reach p < 0.05 in the two-sided sign-flip test: its smallest p is 2/2ⁿ.
inline constexpr std::int64_t seeds_for_an_interval = 6;

/// A closed interval [low, high].
struct Interval {
    double low = 0;
    double high = 0;
};

/// What a paired comparison of arm a with arm b says about a: `equivalent` if the equivalence test passes
/// (the two differ by less than the margin), else `better` or `worse` if the sign-flip test does, else
/// `undecided`.
enum class Verdict { better, worse, equivalent, undecided };

/// "better", "worse", "equivalent" or "undecided", as in summary.json.
EVENKEEL_API std::string_view to_string(Verdict verdict);

struct PairedOptions {
    double margin = 0.003;         ///< differences smaller than this do not matter; in the metric's own unit, > 0
    bool higher_is_better = true;  ///< accuracy: true; loss: false
};

/// The outcome of a paired comparison. Fields that may be NaN or infinite are null in JSON.
struct PairedComparison {
    std::int64_t seeds = 0;  ///< n, the number of pairs
    double difference = 0;   ///< d̄, the mean of a − b; NaN for n = 0
    double d_z = 0;          ///< d̄ / s_d, s_d with n − 1: NaN for n < 2; where s_d = 0: ±∞, or 0 if d̄ = 0 too
    std::optional<Interval> ci95 = std::nullopt;  ///< of the mean difference; none for n < 6, where it would be (−∞, ∞)
    double p_sign_flip = 1;                       ///< two-sided; 1 for n = 0
    double p_equivalence = 1;                     ///< the larger of the two one-sided tests' p (TOST at ±margin)
    double margin = 0;
    Verdict verdict = Verdict::undecided;
};

/// Compares two arms by their paired differences d_i = a_i − b_i, one a seed.
///
/// - `p_sign_flip` is the exact two-sided sign-flip test of a zero mean (Fisher 1935): the share of the 2ⁿ sign patterns
///   s for which |Σ s_i d_i| ≥ |Σ d_i|. Ties count (up to 1e-9 of the largest |d_i|, so that rounding in accuracies such
///   as 0.9712 − 0.9611 breaks none). It assumes that d is symmetric about its mean, as it is for two arms of equal
///   distribution.
/// - `ci95` inverts that same test: it holds exactly the shifts θ for which d − θ has p ≥ 0.05, so it excludes 0 if and
///   only if p_sign_flip < 0.05. Its ends are means of subsets of the differences, computed, not searched for.
/// - `p_equivalence` is two one-sided sign-flip tests, of d + margin and d − margin (Schuirmann 1987). Its smallest value
///   is 1/2ⁿ, so that n = 5 may already be `equivalent`, while `better` and `worse` need 6 seeds.
/// - For n > 20 the sign patterns are a deterministic random sample of 131 071 splits together with the identity (Phipson
///   and Smyth 2010), so the tests stay valid; the standard error of a p near 0.05 is then 0.0006.
///
/// Throws Error{input} for a NaN or infinite difference, more than 10 000 of them, or a margin that is not > 0.
EVENKEEL_API PairedComparison compare_pairs(std::span<const double> differences, const PairedOptions& options = {});

/// The same from the two arms' own values, paired by position. Throws Error{input} also for unequal lengths.
EVENKEEL_API PairedComparison compare_arms(std::span<const double> a, std::span<const double> b,
                                           const PairedOptions& options = {});

/// Mean of one arm's own values with Student's 95 % interval, x̄ ± t_{0.975, n−1} s/√n.
struct ArmSummary {
    std::int64_t runs = 0;
    double mean = 0;                ///< NaN for n = 0
    double standard_deviation = 0;  ///< with n − 1; NaN for n < 2
    std::optional<Interval> ci95;   ///< none for n < 2
};

/// Throws Error{input} for a NaN or infinite value.
EVENKEEL_API ArmSummary summarize_arm(std::span<const double> values);

/// Holm's step-down correction (1979): adjusted p-values in the order given; a hypothesis is rejected at
/// level α if its adjusted p < α. Throws Error{input} for a p outside [0, 1].
EVENKEEL_API std::vector<double> holm(std::span<const double> p_values);

/// How soon the runs of an arm reached a target. A run that never did is right-censored at `epochs`.
struct EpochsToTarget {
    double target = 0;
    std::int64_t epochs = 0;                        ///< E, how long every run was meant to train
    std::vector<std::optional<std::int64_t>> runs;  ///< the first epoch (from 1) at or above the target, if any
    std::int64_t reached = 0;                       ///< how many runs reached it
    /// The first epoch by which at least half of the runs had reached the target (the Kaplan–Meier median);
    /// none if fewer than half did, or there are no runs.
    std::optional<std::int64_t> median;

    /// "3", or ">5" where fewer than half of the runs reached the target in E = 5 epochs; "–" without runs.
    EVENKEEL_API std::string median_text() const;
};

/// One curve a run: its validation accuracy after epoch 1, 2, …. A curve may be shorter than `epochs` (a
/// diverged run) and may hold NaN: neither reaches the target, and neither is dropped. Values after `epochs`
/// are not looked at. Throws Error{input} for a target that is NaN or infinite, or for epochs < 1.
EVENKEEL_API EpochsToTarget epochs_to_target(std::span<const std::vector<double>> curves, double target,
                                             std::int64_t epochs);

}  // namespace evenkeel
