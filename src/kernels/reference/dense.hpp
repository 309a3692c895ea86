#pragma once

#include <cstdint>

namespace evenkeel::kernels::reference {

/// y = x·W + b. x [rows, in], W [in, units], b [units] or null, y [rows, units].
template <typename T>
void dense(std::int64_t rows, std::int64_t in, std::int64_t units, const T* x, const T* w, const T* b, T* y) {
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t u = 0; u < units; ++u) {
            T sum = b ? b[u] : T(0);
            for (std::int64_t k = 0; k < in; ++k) sum += x[r * in + k] * w[k * units + u];
            y[r * units + u] = sum;
        }
    }
}

/// ∂C/∂W = xᵀ·dy, ∂C/∂b = Σ_rows dy, ∂C/∂x = dy·Wᵀ.
template <typename T>
void dense_backward(std::int64_t rows, std::int64_t in, std::int64_t units, const T* x, const T* w, const T* dy, T* dx,
                    T* dw, T* db) {
    for (std::int64_t u = 0; u < units; ++u) {
        db[u] = 0;
        for (std::int64_t r = 0; r < rows; ++r) db[u] += dy[r * units + u];
    }
    for (std::int64_t k = 0; k < in; ++k) {
        for (std::int64_t u = 0; u < units; ++u) {
            T sum = 0;
            for (std::int64_t r = 0; r < rows; ++r) sum += x[r * in + k] * dy[r * units + u];
            dw[k * units + u] = sum;
        }
    }
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t k = 0; k < in; ++k) {
            T sum = 0;
            for (std::int64_t u = 0; u < units; ++u) sum += dy[r * units + u] * w[k * units + u];
            dx[r * in + k] = sum;
        }
    }
}

}  // namespace evenkeel::kernels::reference
