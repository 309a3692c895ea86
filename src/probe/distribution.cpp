#include "probe/distribution.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace evenkeel {
namespace {

constexpr int key_bits = 12;  // sign, exponent and three bits behind the point

/// The bin of a value: in the same order as the values, with the few leading bits that place it.
std::uint32_t bin_of(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const std::uint32_t ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
    return ordered >> (32 - key_bits);
}

/// Order statistics of values: one pass counts them by bin, and each one wanted is then looked for in its own bin.
class OrderStatistics {
  public:
    OrderStatistics(std::span<const float> values, std::vector<float>& scratch) : values_(values), scratch_(scratch) {
        for (const float x : values) ++counts_[bin_of(x)];
    }

    /// The value of rank k, 0 the smallest.
    double operator()(std::size_t k) {
        std::uint32_t bin = 0;
        std::size_t below = 0;
        while (below + counts_[bin] <= k) below += counts_[bin++];
        if (bin != gathered_) gather(bin);
        const auto at = scratch_.begin() + static_cast<std::ptrdiff_t>(k - below);
        std::nth_element(scratch_.begin(), at, scratch_.end());
        return *at;
    }

  private:
    void gather(std::uint32_t bin) {
        scratch_.resize(counts_[bin] + 1);  // one more, to write without asking
        std::size_t n = 0;
        for (const float x : values_) {
            scratch_[n] = x;
            n += bin_of(x) == bin ? 1 : 0;
        }
        scratch_.resize(n);
        gathered_ = bin;
    }

    std::span<const float> values_;
    std::vector<float>& scratch_;
    std::array<std::uint32_t, 1 << key_bits> counts_{};
    std::uint32_t gathered_ = std::numeric_limits<std::uint32_t>::max();
};

/// Σ f(x) in eight partial sums, so that they need not wait for each other.
template <typename Term>
double sum_of(std::span<const float> values, const Term& term) {
    std::array<double, 8> sums{};
    std::size_t i = 0;
    for (; i + 8 <= values.size(); i += 8) {
        for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += term(i + lane);
    }
    for (; i < values.size(); ++i) sums[i % 8] += term(i);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

double squared(double x) {
    return x * x;
}

}  // namespace

Distribution distribution_of(std::span<const float> values, std::vector<float>& scratch) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    if (values.empty()) return {nan, nan, nan, nan, nan};
    OrderStatistics ordered(values, scratch);
    const auto percentile = [&](double share) {
        const double at = share * static_cast<double>(values.size() - 1);
        const auto k = static_cast<std::size_t>(at);
        const double low = ordered(k);
        const double part = at - static_cast<double>(k);
        return part > 0 ? low + part * (ordered(k + 1) - low) : low;
    };
    Distribution d;
    d.p15 = percentile(0.15);
    d.p50 = percentile(0.50);
    d.p85 = percentile(0.85);
    const auto n = static_cast<double>(values.size());
    d.mean = sum_of(values, [&](std::size_t i) { return static_cast<double>(values[i]); }) / n;
    d.std = std::sqrt(sum_of(values, [&](std::size_t i) { return squared(values[i] - d.mean); }) / n);
    return d;
}

Distribution distribution_of_unit(std::span<const float> values, std::int64_t units, std::int64_t unit,
                                  std::vector<float>& scratch) {
    std::vector<float> column;
    column.reserve(values.size() / static_cast<std::size_t>(units));
    for (std::size_t i = static_cast<std::size_t>(unit); i < values.size(); i += static_cast<std::size_t>(units))
        column.push_back(values[i]);
    return distribution_of(column, scratch);
}

double saturated_share(std::span<const float> values, bool sigmoid) {
    const float low = sigmoid ? 0.05F : -0.95F;
    const auto count = std::count_if(values.begin(), values.end(), [&](float a) { return a <= low || a >= 0.95F; });
    return static_cast<double>(count) / static_cast<double>(values.size());
}

double dead_share(std::span<const float> values, std::int64_t units) {
    std::vector<std::uint8_t> alive(static_cast<std::size_t>(units), 0);
    for (std::size_t row = 0; row < values.size(); row += alive.size()) {
        for (std::size_t u = 0; u < alive.size(); ++u) alive[u] |= static_cast<std::uint8_t>(values[row + u] != 0.0F);
    }
    return static_cast<double>(std::count(alive.begin(), alive.end(), 0)) / static_cast<double>(units);
}

double norm(std::span<const float> x) {
    return std::sqrt(sum_of(x, [&](std::size_t i) { return squared(x[i]); }));
}

double distance(std::span<const float> x, std::span<const float> y) {
    return std::sqrt(sum_of(x, [&](std::size_t i) { return squared(static_cast<double>(x[i]) - y[i]); }));
}

}  // namespace evenkeel
