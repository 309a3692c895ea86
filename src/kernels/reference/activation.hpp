#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "kernels/activation_shape.hpp"

namespace evenkeel::kernels::reference {

/// a = g(z) for one value (softmax has a function of its own below).
template <typename T>
T activate(const Pointwise& g, T z) {
    switch (g.kind) {
        case PointwiseKind::linear:
            return z;
        case PointwiseKind::relu: {  // Keras's ReLU with all of its arguments
            if (z > static_cast<T>(g.threshold))
                return z < static_cast<T>(g.max_value) ? z : static_cast<T>(g.max_value);
            return static_cast<T>(g.negative_slope) * (z - static_cast<T>(g.threshold));
        }
        case PointwiseKind::sigmoid:
            return T(1) / (T(1) + std::exp(-z));
        case PointwiseKind::tanh:
            return std::tanh(z);
        case PointwiseKind::elu:
            return z > 0 ? z : std::expm1(z);
        case PointwiseKind::gelu:
            return z * T(0.5) * std::erfc(-z / std::numbers::sqrt2_v<T>);
        case PointwiseKind::silu:
            return z / (T(1) + std::exp(-z));
    }
    return z;
}

/// g'(z).
template <typename T>
T derivative(const Pointwise& g, T z) {
    switch (g.kind) {
        case PointwiseKind::linear:
            return T(1);
        case PointwiseKind::relu:
            if (z > static_cast<T>(g.threshold)) return z < static_cast<T>(g.max_value) ? T(1) : T(0);
            return static_cast<T>(g.negative_slope);
        case PointwiseKind::sigmoid: {
            const T s = T(1) / (T(1) + std::exp(-z));
            return s * (T(1) - s);
        }
        case PointwiseKind::tanh: {
            const T t = std::tanh(z);
            return T(1) - t * t;
        }
        case PointwiseKind::elu:
            return z > 0 ? T(1) : std::exp(z);
        case PointwiseKind::gelu: {
            const T density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi_v<T>);
            return T(0.5) * std::erfc(-z / std::numbers::sqrt2_v<T>) + z * density;
        }
        case PointwiseKind::silu: {
            const T s = T(1) / (T(1) + std::exp(-z));
            return s * (T(1) + z * (T(1) - s));
        }
    }
    return T(1);
}

/// p_j = e^{z_j} / Σ_k e^{z_k} for each row, shifted by the row's maximum. z, p: [rows, width]; may be the
/// same.
template <typename T>
void softmax(std::int64_t rows, std::int64_t width, const T* z, T* p) {
    for (std::int64_t r = 0; r < rows; ++r) {
        T highest = z[r * width];
        for (std::int64_t j = 1; j < width; ++j) highest = z[r * width + j] > highest ? z[r * width + j] : highest;
        T sum = 0;
        for (std::int64_t j = 0; j < width; ++j) sum += p[r * width + j] = std::exp(z[r * width + j] - highest);
        for (std::int64_t j = 0; j < width; ++j) p[r * width + j] /= sum;
    }
}

/// dz_j = p_j·(dp_j − Σ_k dp_k·p_k). dz may be dp.
template <typename T>
void softmax_backward(std::int64_t rows, std::int64_t width, const T* p, const T* dp, T* dz) {
    for (std::int64_t r = 0; r < rows; ++r) {
        T dot = 0;
        for (std::int64_t j = 0; j < width; ++j) dot += dp[r * width + j] * p[r * width + j];
        for (std::int64_t j = 0; j < width; ++j) dz[r * width + j] = p[r * width + j] * (dp[r * width + j] - dot);
    }
}

}  // namespace evenkeel::kernels::reference
