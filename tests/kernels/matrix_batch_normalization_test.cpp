// Batch normalization of whole matrices against the formulas in double, on every instruction set; bits for every number
// of threads; results that go past the caches against the same in cache.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>

#include "kernels/batch_normalization_matrix.hpp"
#include "kernels/reference/batch_normalization.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using kernels::Blocking;
using kernels::InnerBlock;
using kernels::MatrixBatchNormalization;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;
constexpr double epsilon = 1e-3;

struct Results {
    Doubles mean, variance;
    Floats y, dx, dgamma, dbeta, inferred;
    bool operator==(const Results&) const = default;
};

Results run(const InnerBlock& s, const Floats& x, const Floats& dy, int threads) {
    ThreadPool pool(threads);
    MatrixBatchNormalization bn(s, pool);
    const Floats gamma = normal_values<float>(s.channels, 71, 1.0), beta = normal_values<float>(s.channels, 72);
    const Floats mean(static_cast<std::size_t>(s.channels), 0.25F), variance(mean.size(), 2.0F);
    const MatrixBatchNormalization::Parameters p{gamma.data(), beta.data(), epsilon};
    Results r{{}, {}, Floats(x.size()), Floats(x.size()), Floats(gamma.size()), Floats(gamma.size()), Floats(x.size())};
    bn.forward(x.data(), p, r.y.data());
    r.mean.assign(bn.mean().span().begin(), bn.mean().span().end());
    r.variance.assign(bn.variance().span().begin(), bn.variance().span().end());
    bn.backward(x.data(), p, dy.data(), r.dx.data(), r.dgamma.data(), r.dbeta.data());
    bn.infer(x.data(), p, mean.data(), variance.data(), r.inferred.data());
    return r;
}

Floats values(const InnerBlock& s, std::uint64_t seed, double mean) {
    return normal_values<float>(s.outer * s.channels * s.inner, seed, mean);
}

class MatrixBatchNormalizationKernels : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};

TEST_P(MatrixBatchNormalizationKernels, AreTheirFormulas) {
    for (const InnerBlock& s :
         {InnerBlock{1, 5, 1}, InnerBlock{2, 1, 1}, InnerBlock{3, 17, 1}, InnerBlock{17, 16, 1}, InnerBlock{65, 33, 1},
          InnerBlock{1000, 7, 1}, InnerBlock{517, 300, 1}, InnerBlock{100, 1100, 1}, InnerBlock{30, 4100, 1},
          InnerBlock{17, 8200, 1}, InnerBlock{1, 3, 5}, InnerBlock{4, 3, 50}, InnerBlock{40, 5, 1500}}) {
        for (const double shift : {0.0, 1000.0}) {
            SCOPED_TRACE(fmt::format("[{}, {}, {}] around {}", s.outer, s.channels, s.inner, shift));
            const Floats x = values(s, 73, shift), dy = values(s, 74, 0.1);
            const Results r = run(s, x, dy, 1);
            const Doubles gamma = as_double(normal_values<float>(s.channels, 71, 1.0));
            const Doubles beta = as_double(normal_values<float>(s.channels, 72));
            const kernels::reference::BatchShape shape{s.outer, s.channels, s.inner};
            const Doubles exact = as_double(x), exact_dy = as_double(dy);
            Doubles mean(gamma.size()), variance(mean), y(x.size()), dx(y), dgamma(mean), dbeta(mean), inferred(y);
            kernels::reference::batch_statistics(shape, exact.data(), mean.data(), variance.data());
            kernels::reference::normalize(shape, exact.data(), mean.data(), variance.data(), epsilon, gamma.data(),
                                          beta.data(), y.data());
            kernels::reference::backward(shape, exact.data(), mean.data(), variance.data(), epsilon, gamma.data(),
                                         exact_dy.data(), dx.data(), dgamma.data(), dbeta.data());
            const Doubles given_mean(mean.size(), 0.25), given_variance(mean.size(), 2.0);
            kernels::reference::normalize(shape, exact.data(), given_mean.data(), given_variance.data(), epsilon,
                                          gamma.data(), beta.data(), inferred.data());
            const double m = static_cast<double>(s.outer * s.inner);
            for (std::size_t c = 0; c < mean.size(); ++c) {
                // Differences of floats near `shift` are exact; their float sums of 64 err by a few 2⁻²⁴.
                ASSERT_NEAR(r.mean[c], mean[c], 1e-6) << c;
                ASSERT_NEAR(r.variance[c], variance[c], 4e-6 * variance[c] + 1e-9) << c;
                ASSERT_NEAR(r.dbeta[c], dbeta[c], 2e-6 * m) << c;
                ASSERT_NEAR(r.dgamma[c], dgamma[c], 2e-5 * m) << c;
            }
            for (std::size_t i = 0; i < x.size(); ++i) {
                // 1/√(σ²+ε) of two values can be 30: what errs by 1e-6 in front of it errs by 3e-5 behind.
                ASSERT_NEAR(r.y[i], y[i], 5e-5) << i;
                ASSERT_NEAR(r.dx[i], dx[i], 2e-4) << i;
                ASSERT_NEAR(r.inferred[i], inferred[i], 2e-6 * (1 + std::abs(inferred[i]))) << i;
            }
        }
    }
}

TEST_P(MatrixBatchNormalizationKernels, HaveTheSameBitsForAnyNumberOfThreads) {
    for (const InnerBlock& s :
         {InnerBlock{3000, 65, 1}, InnerBlock{700, 1030, 1}, InnerBlock{180, 4110, 1}, InnerBlock{50, 3, 700}}) {
        const Floats x = values(s, 75, 10), dy = values(s, 76, 0);
        ASSERT_GT(Blocking(s).blocks, 3);
        const Results alone = run(s, x, dy, 1);
        for (const int threads : {2, 3, 8}) ASSERT_EQ(run(s, x, dy, threads), alone) << threads;
    }
}

// The first rows say nothing about the others: shifts that are far off must be noticed.
TEST_P(MatrixBatchNormalizationKernels, RowsThatJumpKeepTheirVariance) {
    const InnerBlock s{1000, 20, 1};
    Floats x = values(s, 77, 0);
    for (std::int64_t r = 16; r < s.outer; ++r) {
        for (std::int64_t c = 0; c < s.channels; c += 3) x[r * s.channels + c] += 1e5F;
    }
    const Results r = run(s, x, x, 1);
    const Doubles exact = as_double(x);
    Doubles mean(static_cast<std::size_t>(s.channels)), variance(mean);
    kernels::reference::batch_statistics({s.outer, s.channels, 1}, exact.data(), mean.data(), variance.data());
    for (std::size_t c = 0; c < mean.size(); ++c) {
        EXPECT_NEAR(r.mean[c], mean[c], 1e-7 * (1 + std::abs(mean[c]))) << c;
        EXPECT_NEAR(r.variance[c], variance[c], 1e-5 * variance[c]) << c;
    }
    // Without the first rows' share, what is left is a deviation of 1 at 1e5: lost if the shift were kept.
    std::vector<double> block_mean(mean.size()), block_m2(mean.size());
    for (std::int64_t r16 = 0; r16 < 16; ++r16) x[r16 * s.channels] = 1e5F + 50.0F;
    kernels::block_moments(s.outer, s.channels, x.data(), block_mean.data(), block_m2.data());
    const Doubles moved = as_double(x);
    kernels::reference::batch_statistics({s.outer, s.channels, 1}, moved.data(), mean.data(), variance.data());
    EXPECT_NEAR(block_m2[0] / static_cast<double>(s.outer), variance[0], 1e-5 * variance[0]);
}

TEST_P(MatrixBatchNormalizationKernels, ANaNSpoilsItsChannelOnly) {
    for (const float bad : {static_cast<float>(NAN), HUGE_VALF}) {
        const InnerBlock s{300, 70, 1};
        Floats x = values(s, 78, 0);
        for (const std::int64_t row : {0, 17, 299}) {
            Floats spoilt = x;
            spoilt[row * s.channels + 33] = bad;
            const Results r = run(s, spoilt, x, 2);
            for (std::size_t c = 0; c < 70; ++c)
                ASSERT_EQ(std::isfinite(r.mean[c]) && std::isfinite(r.variance[c]), c != 33) << row << ", " << c;
        }
    }
}

// Larger than what goes past the caches; the odd width cannot, as its rows do not begin on vector boundaries.
TEST_P(MatrixBatchNormalizationKernels, ResultsPastTheCachesAreTheSame) {
    for (const std::int64_t channels : {64, 1024, 63}) {
        const InnerBlock s{(5 << 20) / channels, channels, 1};
        Buffer<float> x(s.outer * channels), y(x.size()), dx(x.size()), want(x.size());
        for (std::int64_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 37 + i / 1013) % 1009) / 500.0F;
        ThreadPool pool(2);
        MatrixBatchNormalization bn(s, pool);
        Floats dgamma(static_cast<std::size_t>(channels)), dbeta(dgamma);
        bn.forward(x.data(), {}, y.data());
        bn.backward(x.data(), {}, x.data(), dx.data(), dgamma.data(), dbeta.data());
        for (const std::int64_t i : {std::int64_t{0}, x.size() / 3, x.size() / 2 + 1, x.size() - 1}) {
            const std::int64_t c = i % channels;
            const double inverse = 1 / std::sqrt(bn.variance()[c] + 1e-3), x_hat = (x[i] - bn.mean()[c]) * inverse;
            const double m = static_cast<double>(s.outer);
            EXPECT_NEAR(y[i], x_hat, 1e-5) << i;
            EXPECT_NEAR(dx[i], inverse * (x[i] - dbeta[c] / m - x_hat * dgamma[c] / m), 1e-5) << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Simd, MatrixBatchNormalizationKernels, ::testing::ValuesIn(available_simd()),
                         [](const auto& i) { return i.param; });

TEST(Blocking, DependsOnTheShapeAloneAndCoversEveryRow) {
    for (const std::int64_t rows : {0, 1, 63, 64, 65, 1000, 1 << 20}) {
        for (const std::int64_t row_size : {1, 64, 1000, 1 << 20}) {
            for (const std::int64_t inner : {1, 7}) {
                const Blocking b({rows, row_size, inner});
                std::int64_t covered = 0;
                for (std::int64_t block = 0; block < b.blocks; ++block) {
                    ASSERT_EQ(b.begin(block), covered);
                    ASSERT_GT(b.count(block), 0);
                    covered += b.count(block);
                }
                EXPECT_EQ(covered, rows);
                EXPECT_LE(b.blocks, 128);
            }
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
