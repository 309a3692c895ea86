#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace evenkeel::testing {

/// ∂f/∂x_i for every i, by the five-point central difference: its own error is h⁴·f⁗′/30 + 2⁻⁵³·|f|/h, which
/// for the step used here and functions of size 1 stays near 1e-12.
template <typename Function>
std::vector<double> numeric_gradient(std::vector<double> x, const Function& f, double h = 2e-4) {
    std::vector<double> gradient(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double at = x[i];
        const auto moved = [&](double by) {
            x[i] = at + by;
            return static_cast<double>(f(x));
        };
        gradient[i] = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
        x[i] = at;
    }
    return gradient;
}

/// Largest |a−b| relative to |b|, where elements below 1 % of the largest count as that large: a gradient
/// that cancels to 0 has no relative error of its own.
inline double relative_error(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return INFINITY;
    double largest = 0, worst = 0;
    for (const double v : b) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double error = std::abs(a[i] - b[i]);
        if (error == 0) continue;
        const double relative = error / std::max(std::abs(b[i]), 0.01 * largest);
        if (!(relative <= worst)) worst = relative;  // NaN counts as the worst
    }
    return worst;
}

}  // namespace evenkeel::testing
