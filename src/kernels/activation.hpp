#pragma once

#include <cstdint>

#include "kernels/activation_shape.hpp"

namespace evenkeel::kernels {

/// a[i] = g(z[i]) for n values; a may be z. Formulas: kernels/reference/activation.hpp.
void activate(const Pointwise& g, std::int64_t n, const float* z, float* a);

/// dz[i] = da[i]·g'(z[i]); dz may be da. `a` is g(z): sigmoid, tanh and plain ReLU read only it (z may then
/// be null), the others read z.
void activate_backward(const Pointwise& g, std::int64_t n, const float* z, const float* a, const float* da, float* dz);

/// True where activate_backward needs z and not only a.
bool backward_needs_input(const Pointwise& g);

/// Softmax over the last axis: z, p [rows, width]; p may be z.
void softmax(std::int64_t rows, std::int64_t width, const float* z, float* p);

/// dz_j = p_j·(dp_j − Σ_k dp_k·p_k); dz may be dp.
void softmax_backward(std::int64_t rows, std::int64_t width, const float* p, const float* dp, float* dz);

}  // namespace evenkeel::kernels
