#include "study/sign_flip.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>

#include "evenkeel/core/random.hpp"

namespace evenkeel {
namespace {

double count_if(const std::vector<double>& values, auto&& wanted) {
    return static_cast<double>(std::count_if(values.begin(), values.end(), wanted));
}

}  // namespace

SignFlip::SignFlip(std::span<const double> differences) {
    double largest = 0;
    for (const double d : differences) largest = std::max(largest, std::abs(d));
    exponent_ = largest > 0 ? std::ilogb(largest) : 0;

    std::vector<double> d(differences.size());
    std::transform(differences.begin(), differences.end(), d.begin(), [this](double v) { return scaled(v); });
    double total = 0;
    for (const double v : d) total += v;
    mean_ = total / static_cast<double>(d.size());
    if (d.size() <= largest_exact) {
        enumerate(d, total);
    } else {
        sample(d, total);
    }
}

double SignFlip::scaled(double value) const {
    return std::scalbn(value, -exponent_);
}
double SignFlip::unscaled(double value) const {
    return std::scalbn(value, exponent_);
}

void SignFlip::add_split(double sum, std::size_t count, double total, std::size_t n) {
    const double part = sum / static_cast<double>(count);
    const double rest = (total - sum) / static_cast<double>(n - count);
    // Both bounds are held against d̄, so that rounding cannot take the mean out of an interval around it.
    low_.push_back(std::min({part, rest, mean_}));
    high_.push_back(std::max({part, rest, mean_}));
}

// The last difference is never in S: of {S, rest} and {rest, S}, one is enough.
void SignFlip::enumerate(std::span<const double> d, double total) {
    const std::size_t subsets = std::size_t{1} << (d.size() - 1);
    low_.reserve(subsets - 1);
    high_.reserve(subsets - 1);
    std::vector<double> sums(subsets, 0.0);
    for (std::size_t s = 1; s < subsets; ++s) {
        sums[s] = sums[s & (s - 1)] + d[static_cast<std::size_t>(std::countr_zero(s))];
        add_split(sums[s], static_cast<std::size_t>(std::popcount(s)), total, d.size());
    }
}

void SignFlip::sample(std::span<const double> d, double total) {
    const Random random(0, purpose_of("study", "sign_flip"));
    std::uint64_t index = 0;
    low_.reserve(sampled_splits);
    high_.reserve(sampled_splits);
    while (low_.size() < sampled_splits) {
        double sum = 0;
        std::size_t count = 0;
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i + 1 < d.size(); ++i) {
            if (i % 32 == 0) bits = random.bits(index++);
            if ((bits >> (i % 32)) & 1u) {
                sum += d[i];
                ++count;
            }
        }
        if (count > 0) add_split(sum, count, total, d.size());  // count = 0 is the identity, which is counted already
    }
}

double SignFlip::p_two_sided(double theta) const {
    const double t = scaled(theta);
    double within = 1;  // the identity
    for (std::size_t k = 0; k < low_.size(); ++k) within += low_[k] <= t + tie && high_[k] >= t - tie;
    return within / all_splits();
}

// One-sided, S and rest are two patterns: the empty S counts always, S = {1 … n} has the mean d̄.
double SignFlip::p_above(double theta) const {
    const double t = scaled(theta) + tie;
    const auto at_most = [t](double mean) { return mean <= t; };
    return (1 + at_most(mean_) + count_if(low_, at_most) + count_if(high_, at_most)) / (2 * all_splits());
}

double SignFlip::p_below(double theta) const {
    const double t = scaled(theta) - tie;
    const auto at_least = [t](double mean) { return mean >= t; };
    return (1 + at_least(mean_) + count_if(low_, at_least) + count_if(high_, at_least)) / (2 * all_splits());
}

std::optional<Interval> SignFlip::interval(double level) const {
    // p(θ) ≥ level ⟺ at least `needed` splits hold θ; below d̄ these are the splits with low ≤ θ.
    const auto needed = static_cast<std::ptrdiff_t>(std::ceil(level * all_splits())) - 1;
    if (needed < 1) return std::nullopt;
    std::vector<double> low = low_, high = high_;
    std::nth_element(low.begin(), low.begin() + (needed - 1), low.end());
    std::nth_element(high.begin(), high.begin() + (needed - 1), high.end(), std::greater<>());
    double from = low[static_cast<std::size_t>(needed - 1)], to = high[static_cast<std::size_t>(needed - 1)];
    // An end that the test takes for 0 is 0.
    if (std::abs(from) <= tie) from = 0;
    if (std::abs(to) <= tie) to = 0;
    return Interval{unscaled(from), unscaled(to)};
}

}  // namespace evenkeel
