// The fast optimizers against their formulas in double on the same floats, for every instruction set. Each
// float operation may err by u = 2⁻²⁴ of its terms; the bounds count them.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernels/optimizer.hpp"
#include "kernels/reference/optimizer.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;
namespace reference = kernels::reference;
constexpr double u = 0x1p-24;
constexpr std::int64_t lengths[] = {1, 3, 4, 5, 16, 17, 63, 64, 100, 129};

Floats positive(std::int64_t n, std::uint64_t seed) {
    Floats v = normal_values<float>(n, seed);
    for (float& x : v) x = x * x + 0.01F;
    return v;
}

class OptimizerKernels : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};

TEST_P(OptimizerKernels, SgdIsItsFormula) {
    for (const std::int64_t n : lengths) {
        const Floats g = normal_values<float>(n, 91), w = normal_values<float>(n, 92), m = normal_values<float>(n, 93);
        for (int kind = 0; kind < 3; ++kind) {
            const kernels::SgdStep step{0.05F, 0.99F, kind == 0 ? 0.0F : 0.9F, kind == 2};
            Floats w_new = w, m_new = m;
            kernels::sgd(step, n, g.data(), kind == 0 ? nullptr : m_new.data(), w_new.data());
            for (std::int64_t i = 0; i < n; ++i) {
                double want_w = w[i], want_m = m[i];
                if (kind == 0) {
                    reference::sgd<double>(step.rate, step.decay, g[i], want_w);
                } else {
                    reference::sgd_momentum<double>(step.rate, step.decay, step.momentum, kind == 2, g[i], want_m,
                                                    want_w);
                }
                const double terms = std::abs(w[i]) + std::abs(m[i]) + std::abs(g[i]);
                ASSERT_NEAR(w_new[i], want_w, 6 * u * terms) << kind;
                ASSERT_NEAR(m_new[i], want_m, 3 * u * terms) << kind;
            }
        }
    }
}

TEST_P(OptimizerKernels, RmspropIsItsFormula) {
    for (const std::int64_t n : lengths) {
        const Floats g = normal_values<float>(n, 94), w = normal_values<float>(n, 95), square = positive(n, 96);
        const Floats average = normal_values<float>(n, 97, 0, 0.05), velocity = normal_values<float>(n, 98, 0, 0.01);
        for (int kind = 0; kind < 4; ++kind) {
            const bool centered = (kind & 1) != 0, moves = (kind & 2) != 0;
            const kernels::RmspropStep step{0.01F, 0.999F, 0.9F, 1e-3F, moves ? 0.5F : 0.0F};
            Floats w_new = w, s_new = square, a_new = average, v_new = velocity;
            kernels::rmsprop(step, n, g.data(), s_new.data(), centered ? a_new.data() : nullptr,
                             moves ? v_new.data() : nullptr, w_new.data());
            for (std::int64_t i = 0; i < n; ++i) {
                double want_w = w[i], want_s = square[i], want_a = average[i], want_v = velocity[i];
                reference::rmsprop<double>(step.rate, step.decay, step.rho, step.epsilon, step.momentum, g[i], want_s,
                                           centered ? &want_a : nullptr, moves ? &want_v : nullptr, want_w);
                ASSERT_NEAR(s_new[i], want_s, 4 * u * want_s);
                ASSERT_NEAR(a_new[i], want_a, 4 * u * (std::abs(average[i]) + std::abs(g[i])));
                // The root's argument is a difference where centered: its relative error is that of v, times
                // v/d.
                const double d = want_s - (centered ? want_a * want_a : 0) + step.epsilon;
                const double increment = step.rate * std::abs(g[i]) / std::sqrt(d);
                const double bound = (8 + 8 * want_s / d) * u * increment + 3 * u * std::abs(velocity[i]);
                ASSERT_NEAR(v_new[i], want_v, bound) << kind;
                ASSERT_NEAR(w_new[i], want_w, bound + 2 * u * (std::abs(w[i]) + std::abs(velocity[i]))) << kind;
            }
        }
    }
}

TEST_P(OptimizerKernels, CenteredRmspropSurvivesALargeSteadyGradient) {
    // v and a² then agree to the last digits, and their difference may round below −ε.
    const std::int64_t n = 64;
    Floats g(n), w(n), square(n), average(n);
    for (std::int64_t i = 0; i < n; ++i) g[i] = 1000.0F + static_cast<float>(i) * 3.7F;
    for (int t = 0; t < 400; ++t) {
        kernels::rmsprop({0.001F, 1.0F, 0.9F, 1e-7F, 0.0F}, n, g.data(), square.data(), average.data(), nullptr,
                         w.data());
    }
    for (const float v : w) ASSERT_TRUE(std::isfinite(v));
}

TEST_P(OptimizerKernels, AdamIsItsFormula) {
    for (const std::int64_t n : lengths) {
        const Floats g = normal_values<float>(n, 101), w = normal_values<float>(n, 102), v = positive(n, 103);
        const Floats m = normal_values<float>(n, 104);
        for (const float epsilon : {1e-7F, 1e-3F}) {
            const kernels::AdamStep step{0.003F, 0.999F, 0.1F, 0.001F, epsilon};
            Floats w_new = w, m_new = m, v_new = v;
            kernels::adam(step, n, g.data(), m_new.data(), v_new.data(), w_new.data());
            for (std::int64_t i = 0; i < n; ++i) {
                double want_w = w[i], want_m = m[i], want_v = v[i];
                reference::adam<double>(step.alpha, step.decay, step.rest_1, step.rest_2, epsilon, g[i], want_m, want_v,
                                        want_w);
                ASSERT_NEAR(m_new[i], want_m, 3 * u * (std::abs(m[i]) + std::abs(g[i])));
                ASSERT_NEAR(v_new[i], want_v, 3 * u * (want_v + 0.001 * g[i] * g[i]));
                const double change = step.alpha * (std::abs(m[i]) + std::abs(g[i])) / std::sqrt(want_v);
                ASSERT_NEAR(w_new[i], want_w, 2 * u * std::abs(w[i]) + 8 * u * change);
            }
        }
    }
}

TEST_P(OptimizerKernels, AnyCutGivesTheSameBits) {
    const std::int64_t n = 129;
    const Floats g = normal_values<float>(n, 105);
    for (const std::int64_t cut : {16, 48, 64, 112}) {
        Floats w = normal_values<float>(n, 106), m(n), v(n), w2 = w, m2 = m, v2 = v;
        const kernels::AdamStep step{0.003F, 0.999F, 0.1F, 0.001F, 1e-7F};
        kernels::adam(step, n, g.data(), m.data(), v.data(), w.data());
        kernels::adam(step, cut, g.data(), m2.data(), v2.data(), w2.data());
        kernels::adam(step, n - cut, g.data() + cut, m2.data() + cut, v2.data() + cut, w2.data() + cut);
        EXPECT_EQ(w, w2);
        EXPECT_EQ(m, m2);
        EXPECT_EQ(v, v2);
    }
}

TEST_P(OptimizerKernels, RegularizersAndClippingAreTheirFormulas) {
    for (const std::int64_t n : lengths) {
        const Floats g = normal_values<float>(n, 107);
        Floats w = normal_values<float>(n, 108), with = g, clipped = g;
        w[0] = 0;
        kernels::add_regularizer_gradient(0.1F, 0.25F, n, w.data(), with.data());
        kernels::clip(0.5F, 2.0F, n, clipped.data());
        double squares = 0, magnitudes = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            const double sign = w[i] > 0 ? 1 : (w[i] < 0 ? -1 : 0);
            const double add = static_cast<double>(0.1F) * sign + 0.5 * w[i];
            ASSERT_NEAR(with[i], g[i] + add, 3 * u * (std::abs(g[i]) + std::abs(add)));
            ASSERT_EQ(clipped[i], 2 * std::clamp(g[i], -0.5F, 0.5F));
            squares += static_cast<double>(g[i]) * g[i];
            magnitudes += std::abs(g[i]);
        }
        EXPECT_NEAR(kernels::sum_of_squares(n, g.data()), squares, 1e-13 * squares);
        EXPECT_NEAR(kernels::sum_of_magnitudes(n, g.data()), magnitudes, 1e-13 * magnitudes);
    }
}

INSTANTIATE_TEST_SUITE_P(Simd, OptimizerKernels, ::testing::ValuesIn(available_simd()),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace evenkeel::testing
