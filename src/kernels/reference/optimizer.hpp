#pragma once

#include <algorithm>
#include <cmath>

namespace evenkeel::kernels::reference {

// One weight, one step, as Keras computes it (keras/src/optimizers). `decay` = 1 − η·weight_decay multiplies
// the weight first.

template <typename T>
void sgd(T rate, T decay, T g, T& w) {
    w = w * decay - rate * g;
}

template <typename T>
void sgd_momentum(T rate, T decay, T momentum, bool nesterov, T g, T& m, T& w) {
    m = momentum * m - rate * g;
    w = w * decay + (nesterov ? momentum * m - rate * g : m);
}

template <typename T>
void rmsprop(T rate, T decay, T rho, T epsilon, T momentum, T g, T& square, T* average, T* velocity, T& w) {
    square = rho * square + (1 - rho) * g * g;
    T denominator = square;
    if (average != nullptr) {
        *average = rho * *average + (1 - rho) * g;
        denominator = std::max(denominator - *average * *average, T(0));  // a variance; rounding may go below
    }
    T increment = rate * g / std::sqrt(denominator + epsilon);
    if (velocity != nullptr) increment = *velocity = momentum * *velocity + increment;
    w = w * decay - increment;
}

/// alpha = η·√(1−β₂ᵗ)/(1−β₁ᵗ), rest_1 = 1 − β₁, rest_2 = 1 − β₂.
template <typename T>
void adam(T alpha, T decay, T rest_1, T rest_2, T epsilon, T g, T& m, T& v, T& w) {
    m += (g - m) * rest_1;
    v += (g * g - v) * rest_2;
    w = w * decay - m * alpha / (std::sqrt(v) + epsilon);
}

}  // namespace evenkeel::kernels::reference
