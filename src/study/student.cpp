#include "study/student.hpp"

#include <cmath>
#include <numbers>

namespace evenkeel {
namespace {

// P(|T| ≤ t) at t = √ν tan θ, as the finite sums for whole ν (Abramowitz and Stegun 26.7.3, 26.7.4):
//   odd ν:  (2/π) (θ + sin θ (cos θ + 2/3 cos³θ + … + (2·4…(ν−3))/(3·5…(ν−2)) cos^(ν−2) θ))
//   even ν: sin θ (1 + 1/2 cos²θ + … + (1·3…(ν−3))/(2·4…(ν−2)) cos^(ν−2) θ)
double within(double theta, std::int64_t degrees) {
    const double c = std::cos(theta), s = std::sin(theta);
    const bool odd = degrees % 2 == 1;
    double term = odd ? c : 1.0, sum = 0;
    for (std::int64_t power = odd ? 1 : 0; power <= degrees - 2; power += 2) {
        sum += term;
        term *= c * c * static_cast<double>(power + 1) / static_cast<double>(power + 2);
    }
    return odd ? 2 / std::numbers::pi * (theta + s * sum) : s * sum;
}

}  // namespace

double student_two_sided(double probability, std::int64_t degrees) {
    double low = 0, high = std::numbers::pi / 2;
    for (int i = 0; i < 60; ++i) {  // π/2 · 2⁻⁶⁰: as far as doubles reach
        const double middle = (low + high) / 2;
        (within(middle, degrees) < probability ? low : high) = middle;
    }
    return std::sqrt(static_cast<double>(degrees)) * std::tan((low + high) / 2);
}

}  // namespace evenkeel
