// The readable references of activations and losses against central finite differences, in double.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <functional>

#include "kernels/reference/activation.hpp"
#include "kernels/reference/loss.hpp"
#include "support/finite_differences.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

namespace reference = kernels::reference;
using kernels::Pointwise;
using kernels::PointwiseKind;
using Values = std::vector<double>;

const float infinity = std::numeric_limits<float>::infinity();

TEST(ReferenceActivation, SlopesAreThoseOfFiniteDifferences) {
    const Pointwise activations[] = {
        {PointwiseKind::linear},
        {PointwiseKind::relu},
        {PointwiseKind::relu, 0.25F},
        {PointwiseKind::relu, 0.0F, 0.0F, 2.0F},
        {PointwiseKind::relu, 0.0F, 0.5F},
        {PointwiseKind::relu, 0.25F, 0.5F},
        {PointwiseKind::relu, 0.25F, 0.5F, 2.0F},
        {PointwiseKind::relu, 0.0F, 0.5F, infinity},
        {PointwiseKind::sigmoid},
        {PointwiseKind::tanh},
        {PointwiseKind::elu},
        {PointwiseKind::gelu},
        {PointwiseKind::silu},
    };
    // Away from the corners 0, 0.5 and 2 by more than the step of the differences.
    const Values points = {-6.1, -3.3, -1.7, -0.8, -0.3, -0.01, 0.01, 0.2, 0.45, 0.55, 0.9, 1.3, 1.95, 2.05, 3.7, 6.2};
    for (const Pointwise& g : activations) {
        SCOPED_TRACE(fmt::format("kind {} slope {} threshold {} max {}", static_cast<int>(g.kind), g.negative_slope,
                                 g.threshold, g.max_value));
        for (const double z : points) {
            const Values numeric = numeric_gradient({z}, [&](const Values& v) { return reference::activate(g, v[0]); });
            EXPECT_NEAR(reference::derivative(g, z), numeric[0], 1e-6 * std::max(std::abs(numeric[0]), 1e-4)) << z;
        }
    }
}

TEST(ReferenceActivation, ReLUTakesKerassArguments) {
    const Pointwise g{PointwiseKind::relu, 0.25F, 0.5F, 2.0F};
    EXPECT_EQ(reference::activate(g, 3.0), 2.0);
    EXPECT_EQ(reference::activate(g, 1.5), 1.5);
    EXPECT_EQ(reference::activate(g, 0.5), 0.0);  // a tie takes the lower branch
    EXPECT_EQ(reference::activate(g, -1.5), 0.25 * -2.0);
}

TEST(ReferenceSoftmax, GradientIsThatOfFiniteDifferences) {
    for (const std::int64_t rows : {2, 3, 8}) {
        for (const std::int64_t width : {2, 5, 10}) {
            const Values z = normal_values<double>(rows * width, 21, 0, 2),
                         dp = normal_values<double>(rows * width, 22);
            const auto loss = [&](const Values& v) {
                Values p(v.size());
                reference::softmax(rows, width, v.data(), p.data());
                double sum = 0;
                for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] * dp[i];
                return sum;
            };
            Values p(z.size()), dz(z.size());
            reference::softmax(rows, width, z.data(), p.data());
            reference::softmax_backward(rows, width, p.data(), dp.data(), dz.data());
            EXPECT_LT(relative_error(dz, numeric_gradient(z, loss)), 1e-6) << rows << " × " << width;
        }
    }
}

struct RowLoss {
    const char* name;
    std::function<double(std::int64_t, const double*, const double*, double*)> run;
    bool probabilities;  ///< inputs in (0, 1)
    bool one_hot;
};

const RowLoss losses[] = {
    {"sparse softmax cross-entropy",
     [](auto n, auto* p, auto* t, auto* g) {
         return reference::sparse_softmax_crossentropy(n, p, std::max_element(t, t + n) - t, g);
     },
     false, true},
    {"softmax cross-entropy, one-hot",
     [](auto n, auto* p, auto* t, auto* g) { return reference::softmax_crossentropy(n, p, t, g); }, false, true},
    {"softmax cross-entropy, soft",
     [](auto n, auto* p, auto* t, auto* g) { return reference::softmax_crossentropy(n, p, t, g); }, false, false},
    {"sigmoid cross-entropy",
     [](auto n, auto* p, auto* t, auto* g) { return reference::sigmoid_crossentropy(n, p, t, g); }, false, false},
    {"mean squared error", [](auto n, auto* p, auto* t, auto* g) { return reference::mean_squared_error(n, p, t, g); },
     false, false},
    {"Huber 1", [](auto n, auto* p, auto* t, auto* g) { return reference::huber(n, 1.0, p, t, g); }, false, false},
    {"Huber 0.3", [](auto n, auto* p, auto* t, auto* g) { return reference::huber(n, 0.3, p, t, g); }, false, false},
    {"categorical cross-entropy, one-hot",
     [](auto n, auto* p, auto* t, auto* g) { return reference::categorical_crossentropy(n, p, t, g); }, true, true},
    {"categorical cross-entropy, soft",
     [](auto n, auto* p, auto* t, auto* g) { return reference::categorical_crossentropy(n, p, t, g); }, true, false},
    {"binary cross-entropy",
     [](auto n, auto* p, auto* t, auto* g) { return reference::binary_crossentropy(n, p, t, g); }, true, false},
};

TEST(ReferenceLoss, GradientsAreThoseOfFiniteDifferences) {
    for (const RowLoss& loss : losses) {
        for (const std::int64_t width : {2, 3, 8}) {
            for (std::uint64_t seed = 0; seed < 4; ++seed) {
                SCOPED_TRACE(fmt::format("{}, width {}, seed {}", loss.name, width, seed));
                Values p = normal_values<double>(width, 31 + seed, 0, 1.5), t = normal_values<double>(width, 41 + seed);
                if (loss.probabilities) {  // not summing to one: the loss divides by the sum
                    for (double& v : p) v = 0.02 + 0.96 / (1 + std::exp(-v));
                }
                for (double& v : t) v = 1 / (1 + std::exp(-v));
                if (loss.one_hot) {
                    for (double& v : t) v = 0;
                    t[seed % static_cast<std::uint64_t>(width)] = 1;
                }
                Values gradient(p.size()), unused(p.size());
                loss.run(width, p.data(), t.data(), gradient.data());
                const auto value = [&](const Values& v) { return loss.run(width, v.data(), t.data(), unused.data()); };
                EXPECT_LT(relative_error(gradient, numeric_gradient(p, value, 1e-5)), 1e-6);
            }
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
