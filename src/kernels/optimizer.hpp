#pragma once

#include <cstdint>

namespace evenkeel::kernels {

// One step of an optimizer over n weights w with gradients g (both [n]); `decay` = 1 − η·weight_decay
// multiplies the weights first. Formulas: kernels/reference/optimizer.hpp. Each value's result depends on its
// own inputs only, so any cut into ranges gives the same bits.

struct SgdStep {
    float rate, decay, momentum;
    bool nesterov;
};
/// m [n]: the momentum slot, or null where momentum is 0.
void sgd(const SgdStep& step, std::int64_t n, const float* g, float* m, float* w);

struct RmspropStep {
    float rate, decay, rho, epsilon, momentum;
};
/// square [n]; average [n] where centered, else null; velocity [n] where momentum > 0, else null.
void rmsprop(const RmspropStep& step, std::int64_t n, const float* g, float* square, float* average, float* velocity,
             float* w);

struct AdamStep {
    float alpha;  ///< η·√(1−β₂ᵗ)/(1−β₁ᵗ)
    float decay;
    float rest_1, rest_2;  ///< 1 − β₁ and 1 − β₂, rounded once: 1.0F − 0.999F is 1.3e-5 off
    float epsilon;
};
void adam(const AdamStep& step, std::int64_t n, const float* g, float* m, float* v, float* w);

/// g += 2·l2·w + l1·sign(w): the gradient of a regularizer.
void add_regularizer_gradient(float l1, float l2, std::int64_t n, const float* w, float* g);

/// Σ g² and Σ |g| in double, always in the same order.
double sum_of_squares(std::int64_t n, const float* g);
double sum_of_magnitudes(std::int64_t n, const float* g);

/// g ← clamp(g, −limit, limit), then g ← g·factor.
void clip(float limit, float factor, std::int64_t n, float* g);

}  // namespace evenkeel::kernels
