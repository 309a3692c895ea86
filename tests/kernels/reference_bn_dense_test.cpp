// The readable references of batch normalization and Dense against central finite differences, in double.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernels/reference/batch_normalization.hpp"
#include "kernels/reference/dense.hpp"
#include "support/finite_differences.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

namespace reference = kernels::reference;
using Values = std::vector<double>;

double dot(const Values& a, const Values& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

struct Case {
    const char* what;
    reference::BatchShape shape;
};

// m = 2, 3 and 8 for the last axis of rank 2, 3 and 4 (inner = 1), and axis 1 of rank 2, 3, 4; then axis 2
// of 4.
const Case shapes[] = {
    {"rank 2, m 2", {2, 5, 1}},
    {"rank 2, m 3", {3, 4, 1}},
    {"rank 2, m 8", {8, 3, 1}},
    {"rank 3 last, m 2", {2 * 1, 5, 1}},
    {"rank 3 last, m 8", {4 * 2, 3, 1}},
    {"rank 4 last, m 8", {2 * 2 * 2, 3, 1}},
    {"rank 3 axis 1, m 2", {1, 4, 2}},
    {"rank 3 axis 1, m 3", {1, 4, 3}},
    {"rank 3 axis 1, m 8", {2, 3, 4}},
    {"rank 4 axis 1, m 2", {1, 3, 2}},
    {"rank 4 axis 1, m 3", {3, 3, 1}},
    {"rank 4 axis 1, m 8", {2, 3, 2 * 2}},
    {"rank 4 axis 2, m 8", {2 * 2, 3, 2}},
};

struct Options {
    const char* what;
    double epsilon, mean;
    bool gamma, beta;
};
const Options options[] = {
    {"default", 1e-3, 0, true, true},   {"epsilon 1e-5", 1e-5, 0, true, true}, {"epsilon 0.1", 0.1, 0, true, true},
    {"no scale", 1e-3, 0, false, true}, {"no center", 1e-3, 0, true, false},   {"neither", 1e-3, 0, false, false},
    {"mean 10", 1e-3, 10, true, true},
};

TEST(ReferenceBatchNormalization, GradientsOfXGammaAndBetaAreThoseOfFiniteDifferences) {
    int checked = 0;
    for (const Case& shape : shapes) {
        for (const Options& o : options) {
            SCOPED_TRACE(fmt::format("{}, {}", shape.what, o.what));
            const auto& s = shape.shape;
            const std::int64_t n = s.outer * s.channels * s.inner;
            const Values x = normal_values<double>(n, 1, o.mean), dy = normal_values<double>(n, 2);
            const Values gamma = normal_values<double>(s.channels, 3, 1.0, 0.3);
            const Values beta = normal_values<double>(s.channels, 4);
            const auto loss = [&](const Values& x_, const Values& gamma_, const Values& beta_) {
                Values mean(s.channels), variance(s.channels), y(n);
                reference::batch_statistics(s, x_.data(), mean.data(), variance.data());
                reference::normalize(s, x_.data(), mean.data(), variance.data(), o.epsilon,
                                     o.gamma ? gamma_.data() : nullptr, o.beta ? beta_.data() : nullptr, y.data());
                return dot(y, dy);
            };

            Values mean(s.channels), variance(s.channels), dx(n), dgamma(s.channels), dbeta(s.channels);
            reference::batch_statistics(s, x.data(), mean.data(), variance.data());
            reference::backward(s, x.data(), mean.data(), variance.data(), o.epsilon, o.gamma ? gamma.data() : nullptr,
                                dy.data(), dx.data(), dgamma.data(), dbeta.data());

            // Small enough for the bend of 1/√(σ²+ε), large enough that rounding stays below gradients of
            // size ε (m = 2).
            const double h = 1e-4;
            const auto over_x = [&](const Values& v) { return loss(v, gamma, beta); };
            EXPECT_LT(relative_error(dx, numeric_gradient(x, over_x, h)), 1e-6) << "x";
            const auto over_gamma = [&](const Values& v) { return loss(x, v, beta); };
            if (o.gamma) {
                EXPECT_LT(relative_error(dgamma, numeric_gradient(gamma, over_gamma)), 1e-6) << "gamma";
            }
            const auto over_beta = [&](const Values& v) { return loss(x, gamma, v); };
            if (o.beta) {
                EXPECT_LT(relative_error(dbeta, numeric_gradient(beta, over_beta)), 1e-6) << "beta";
            }
            ++checked;
        }
    }
    EXPECT_EQ(checked, 13 * 7);
}

TEST(ReferenceBatchNormalization, NormalizedBatchHasMeanBetaAndDeviationGamma) {
    const reference::BatchShape s{4, 3, 5};
    const Values x = normal_values<double>(60, 5, 7.0, 2.0), gamma = {2, -1, 0.5}, beta = {1, 0, -3};
    Values mean(3), variance(3), y(60), y_mean(3), y_variance(3);
    reference::batch_statistics(s, x.data(), mean.data(), variance.data());
    reference::normalize(s, x.data(), mean.data(), variance.data(), 1e-12, gamma.data(), beta.data(), y.data());
    reference::batch_statistics(s, y.data(), y_mean.data(), y_variance.data());
    for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(y_mean[c], beta[c], 1e-9);
        EXPECT_NEAR(y_variance[c], gamma[c] * gamma[c], 1e-9);
    }
}

TEST(ReferenceDense, GradientsOfXWAndBAreThoseOfFiniteDifferences) {
    for (const std::int64_t rows : {2, 3, 8}) {
        for (const auto& [in, units] : {std::pair{3, 4}, std::pair{1, 5}, std::pair{6, 1}}) {
            SCOPED_TRACE(fmt::format("{} rows, {} to {}", rows, in, units));
            const Values x = normal_values<double>(rows * in, 11), w = normal_values<double>(in * units, 12);
            const Values b = normal_values<double>(units, 13), dy = normal_values<double>(rows * units, 14);
            const std::int64_t in_ = in, units_ = units;
            const auto loss = [&](const Values& x_, const Values& w_, const Values& b_) {
                Values y(rows * units_);
                reference::dense(rows, in_, units_, x_.data(), w_.data(), b_.data(), y.data());
                return dot(y, dy);
            };
            Values dx(x.size()), dw(w.size()), db(b.size());
            reference::dense_backward(rows, in_, units_, x.data(), w.data(), dy.data(), dx.data(), dw.data(),
                                      db.data());
            EXPECT_LT(relative_error(dx, numeric_gradient(x, [&](auto& v) { return loss(v, w, b); })), 1e-6);
            EXPECT_LT(relative_error(dw, numeric_gradient(w, [&](auto& v) { return loss(x, v, b); })), 1e-6);
            EXPECT_LT(relative_error(db, numeric_gradient(b, [&](auto& v) { return loss(x, w, v); })), 1e-6);
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
