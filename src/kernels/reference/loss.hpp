#pragma once

#include <cmath>
#include <cstdint>

namespace evenkeel::kernels::reference {

// One row each; the loss of a batch is Σ_rows weight·row / rows. Gradients are of the row's own loss.

/// −ln softmax(z)[label] = ln Σ e^{z_j} − z_label;  ∂/∂z_j = p_j − [j = label].
template <typename T>
T sparse_softmax_crossentropy(std::int64_t width, const T* z, std::int64_t label, T* dz) {
    T highest = z[0];
    for (std::int64_t j = 1; j < width; ++j) highest = z[j] > highest ? z[j] : highest;
    T sum = 0;
    for (std::int64_t j = 0; j < width; ++j) sum += std::exp(z[j] - highest);
    for (std::int64_t j = 0; j < width; ++j) dz[j] = std::exp(z[j] - highest) / sum - (j == label ? T(1) : T(0));
    return highest + std::log(sum) - z[label];
}

/// −Σ t_j·ln softmax(z)_j;  ∂/∂z_j = p_j·Σt − t_j.
template <typename T>
T softmax_crossentropy(std::int64_t width, const T* z, const T* target, T* dz) {
    T highest = z[0], total = 0;
    for (std::int64_t j = 1; j < width; ++j) highest = z[j] > highest ? z[j] : highest;
    T sum = 0;
    for (std::int64_t j = 0; j < width; ++j) sum += std::exp(z[j] - highest), total += target[j];
    const T log_sum = highest + std::log(sum);
    T loss = 0;
    for (std::int64_t j = 0; j < width; ++j) {
        loss += target[j] * (log_sum - z[j]);
        dz[j] = total * std::exp(z[j] - log_sum) - target[j];
    }
    return loss;
}

/// mean_j of −t·ln σ(z) − (1−t)·ln(1−σ(z)) = max(z,0) − z·t + ln(1+e^{−|z|});  ∂/∂z_j = (σ(z_j) − t_j)/width.
template <typename T>
T sigmoid_crossentropy(std::int64_t width, const T* z, const T* target, T* dz) {
    T loss = 0;
    for (std::int64_t j = 0; j < width; ++j) {
        loss += (z[j] > 0 ? z[j] : T(0)) - z[j] * target[j] + std::log1p(std::exp(-std::abs(z[j])));
        dz[j] = (T(1) / (T(1) + std::exp(-z[j])) - target[j]) / static_cast<T>(width);
    }
    return loss / static_cast<T>(width);
}

/// mean_j (p−t)².
template <typename T>
T mean_squared_error(std::int64_t width, const T* p, const T* target, T* dp) {
    T loss = 0;
    for (std::int64_t j = 0; j < width; ++j) {
        const T e = p[j] - target[j];
        loss += e * e;
        dp[j] = 2 * e / static_cast<T>(width);
    }
    return loss / static_cast<T>(width);
}

/// mean_j of ½e² for |e| ≤ δ, δ|e| − ½δ² beyond (Huber 1964).
template <typename T>
T huber(std::int64_t width, T delta, const T* p, const T* target, T* dp) {
    T loss = 0;
    for (std::int64_t j = 0; j < width; ++j) {
        const T e = p[j] - target[j], size = std::abs(e);
        loss += size <= delta ? e * e / 2 : delta * size - delta * delta / 2;
        dp[j] = (size <= delta ? e : (e > 0 ? delta : -delta)) / static_cast<T>(width);
    }
    return loss / static_cast<T>(width);
}

/// Keras's cross-entropies of probabilities: p/Σp clipped to [1e-7, 1−1e-7], where a clipped value has no
/// gradient.
template <typename T>
T categorical_crossentropy(std::int64_t width, const T* p, const T* target, T* dp) {
    const T low = T(1e-7), high = T(1) - low;
    T sum = 0;
    for (std::int64_t j = 0; j < width; ++j) sum += p[j];
    T loss = 0, shared = 0;  // q_j = p_j/Σp;  ∂C/∂p_j = (∂C/∂q_j − Σ_k ∂C/∂q_k·q_k)/Σp
    for (std::int64_t j = 0; j < width; ++j) {
        const T q = p[j] / sum;
        const T clipped = q < low ? low : (q > high ? high : q);
        loss -= target[j] * std::log(clipped);
        dp[j] = clipped == q ? -target[j] / q : T(0);
        shared += dp[j] * q;
    }
    for (std::int64_t j = 0; j < width; ++j) dp[j] = (dp[j] - shared) / sum;
    return loss;
}

template <typename T>
T binary_crossentropy(std::int64_t width, const T* p, const T* target, T* dp) {
    const T low = T(1e-7), high = T(1) - low;
    T loss = 0;
    for (std::int64_t j = 0; j < width; ++j) {
        const T q = p[j] < low ? low : (p[j] > high ? high : p[j]);
        loss -= target[j] * std::log(q) + (1 - target[j]) * std::log(1 - q);
        dp[j] = q == p[j] ? (q - target[j]) / (q * (1 - q)) / static_cast<T>(width) : T(0);
    }
    return loss / static_cast<T>(width);
}

}  // namespace evenkeel::kernels::reference
