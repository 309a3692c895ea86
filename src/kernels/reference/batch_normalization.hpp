#pragma once

// Batch normalization as the formula reads (Ioffe and Szegedy 2015, algorithm 1 and the equations of its
// section 3). Scalar, any floating type, never deleted: the fast kernels are tested against it, and it
// against finite differences.
//
// Layout: x is [outer, channels, inner], row-major. Channels last means inner = 1; channel axis 1 of (N, C,
// H, W) means outer = N, inner = H·W. m = outer·inner values per channel.

#include <cmath>
#include <cstdint>
#include <vector>

namespace evenkeel::kernels::reference {

struct BatchShape {
    std::int64_t outer, channels, inner;

    std::int64_t values_per_channel() const { return outer * inner; }
    std::int64_t at(std::int64_t o, std::int64_t c, std::int64_t i) const { return (o * channels + c) * inner + i; }
};

/// μ_c = Σx/m and σ²_c = Σ(x−μ_c)²/m (biased), two passes.
template <typename T>
void batch_statistics(const BatchShape& s, const T* x, T* mean, T* variance) {
    const T m = static_cast<T>(s.values_per_channel());
    for (std::int64_t c = 0; c < s.channels; ++c) {
        T sum = 0;
        for (std::int64_t o = 0; o < s.outer; ++o) {
            for (std::int64_t i = 0; i < s.inner; ++i) sum += x[s.at(o, c, i)];
        }
        mean[c] = sum / m;
        T squares = 0;
        for (std::int64_t o = 0; o < s.outer; ++o) {
            for (std::int64_t i = 0; i < s.inner; ++i) {
                const T d = x[s.at(o, c, i)] - mean[c];
                squares += d * d;
            }
        }
        variance[c] = squares / m;
    }
}

/// y = γ·x̂ + β with x̂ = (x − μ)/√(σ² + ε). gamma, beta: [channels] or null (1 and 0).
template <typename T>
void normalize(const BatchShape& s, const T* x, const T* mean, const T* variance, T epsilon, const T* gamma,
               const T* beta, T* y) {
    for (std::int64_t o = 0; o < s.outer; ++o) {
        for (std::int64_t c = 0; c < s.channels; ++c) {
            const T inverse = T(1) / std::sqrt(variance[c] + epsilon);
            for (std::int64_t i = 0; i < s.inner; ++i) {
                const T x_hat = (x[s.at(o, c, i)] - mean[c]) * inverse;
                y[s.at(o, c, i)] = (gamma ? gamma[c] : T(1)) * x_hat + (beta ? beta[c] : T(0));
            }
        }
    }
}

/// Gradients through the batch's own statistics:
///   ∂C/∂β = Σ dy,   ∂C/∂γ = Σ dy·x̂,   ∂C/∂x = γ/√(σ²+ε) · (dy − mean(dy) − x̂·mean(dy·x̂)).
/// dgamma, dbeta: [channels], always written. dx may be null.
template <typename T>
void backward(const BatchShape& s, const T* x, const T* mean, const T* variance, T epsilon, const T* gamma, const T* dy,
              T* dx, T* dgamma, T* dbeta) {
    const T m = static_cast<T>(s.values_per_channel());
    for (std::int64_t c = 0; c < s.channels; ++c) {
        const T inverse = T(1) / std::sqrt(variance[c] + epsilon);
        dgamma[c] = dbeta[c] = 0;
        for (std::int64_t o = 0; o < s.outer; ++o) {
            for (std::int64_t i = 0; i < s.inner; ++i) {
                const T x_hat = (x[s.at(o, c, i)] - mean[c]) * inverse;
                dbeta[c] += dy[s.at(o, c, i)];
                dgamma[c] += dy[s.at(o, c, i)] * x_hat;
            }
        }
        if (dx == nullptr) continue;
        const T g = (gamma ? gamma[c] : T(1)) * inverse;
        for (std::int64_t o = 0; o < s.outer; ++o) {
            for (std::int64_t i = 0; i < s.inner; ++i) {
                const T x_hat = (x[s.at(o, c, i)] - mean[c]) * inverse;
                dx[s.at(o, c, i)] = g * (dy[s.at(o, c, i)] - dbeta[c] / m - x_hat * dgamma[c] / m);
            }
        }
    }
}

}  // namespace evenkeel::kernels::reference
