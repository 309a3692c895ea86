#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "evenkeel/study/statistics.hpp"

namespace evenkeel {

/// The sign-flip test of differences d_1 … d_n (n ≥ 1, finite), for every shift θ at once.
///
/// Flipping the signs of the subset S turns A = Σ(d_i − θ) into A − 2B, where B is the sum over S alone. Then
/// |A − 2B| ≥ |A| ⟺ B (A − B) ≤ 0: the two parts of the split {S, rest} have sums of opposite sign, or one is
/// 0; that is, θ lies between mean(S) and mean(rest). So each of the M = 2ⁿ⁻¹ − 1 splits is an interval [low,
/// high] around the mean d̄, the identity counts always, and
///     p(θ) = (1 + #{splits: low ≤ θ ≤ high}) / (M + 1).
/// As every interval holds d̄, p falls on both sides of it: {θ: p(θ) ≥ α} is an interval, and its ends are
/// order statistics of the lows and the highs.
class SignFlip {
  public:
    explicit SignFlip(std::span<const double> differences);

    double mean() const { return unscaled(mean_); }
    double p_two_sided(double theta) const;  ///< of a centre ≠ θ
    double p_above(double theta) const;      ///< one-sided: small if the centre lies above θ
    double p_below(double theta) const;      ///< one-sided: small if the centre lies below θ

    /// {θ: p_two_sided(θ) ≥ level}; none if that is the whole line. It holds 0 iff p_two_sided(0) ≥ level.
    std::optional<Interval> interval(double level) const;

    static constexpr std::size_t largest_exact = 20;               ///< above, splits are sampled
    static constexpr std::size_t sampled_splits = (1u << 17) - 1;  ///< M + 1 = 2¹⁷: p never equals 0.05

  private:
    // Differences are scaled by a power of two into [−2, 2], which is exact, so that no sum overflows and one
    // absolute tolerance serves for ties.
    static constexpr double tie = 1e-9;
    double scaled(double value) const;
    double unscaled(double value) const;
    void add_split(double sum, std::size_t count, double total, std::size_t n);
    void enumerate(std::span<const double> d, double total);
    void sample(std::span<const double> d, double total);
    double all_splits() const { return static_cast<double>(low_.size() + 1); }

    int exponent_ = 0;
    double mean_ = 0;
    std::vector<double> low_, high_;
};

}  // namespace evenkeel
