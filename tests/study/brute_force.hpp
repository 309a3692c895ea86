#pragma once

#include <cmath>
#include <functional>
#include <vector>

// The sign-flip test straight from its definition, to check the project's own (which works on splits)
// against.
namespace evenkeel::brute {

// How many of the 2ⁿ sums Σ ±d_i satisfy `counts`.
inline double patterns(const std::vector<double>& d, const std::function<bool(double)>& counts, std::size_t i = 0,
                       double sum = 0) {
    if (i == d.size()) return counts(sum) ? 1 : 0;
    return patterns(d, counts, i + 1, sum + d[i]) + patterns(d, counts, i + 1, sum - d[i]);
}

inline std::vector<double> shifted(std::vector<double> d, double by) {
    for (double& v : d) v += by;
    return d;
}

inline double sum(const std::vector<double>& d) {
    double total = 0;
    for (const double v : d) total += v;
    return total;
}

constexpr double tolerance = 1e-10;

inline double p_two_sided(const std::vector<double>& d) {
    const double observed = std::abs(sum(d));
    return patterns(d, [=](double s) { return std::abs(s) >= observed - tolerance; }) /
           std::pow(2.0, static_cast<double>(d.size()));
}

inline double p_above(const std::vector<double>& d) {
    const double observed = sum(d);
    return patterns(d, [=](double s) { return s >= observed - tolerance; }) /
           std::pow(2.0, static_cast<double>(d.size()));
}

// The end of {θ: p(d − θ) ≥ level} between `outside` (where p < level) and `inside` (where p ≥ level).
inline double end_of_interval(const std::vector<double>& d, double level, double outside, double inside) {
    for (int i = 0; i < 60; ++i) {
        const double middle = (outside + inside) / 2;
        (p_two_sided(shifted(d, -middle)) < level ? outside : inside) = middle;
    }
    return inside;
}

}  // namespace evenkeel::brute
