// The fast activations, losses and helpers against their formulas in double on the same floats, for every
// instruction set and awkward lengths. u = 2⁻²⁴ is half an ulp of 1.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernels/activation.hpp"
#include "kernels/columns.hpp"
#include "kernels/gather.hpp"
#include "kernels/loss.hpp"
#include "kernels/reference/activation.hpp"
#include "kernels/reference/loss.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using kernels::Pointwise;
using kernels::PointwiseKind;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;
namespace reference = kernels::reference;
constexpr double u = 0x1p-24;
constexpr std::int64_t lengths[] = {1, 3, 4, 5, 16, 17, 63, 64, 100, 129};

const Pointwise activations[] = {
    {PointwiseKind::linear},
    {PointwiseKind::relu},
    {PointwiseKind::relu, 0.25F},
    {PointwiseKind::relu, 0.0F, 0.5F},
    {PointwiseKind::relu, 0.25F, 0.5F, 2.0F},
    {PointwiseKind::sigmoid},
    {PointwiseKind::tanh},
    {PointwiseKind::elu},
    {PointwiseKind::gelu},
    {PointwiseKind::silu},
};

class UnitKernels : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};

TEST_P(UnitKernels, ActivationsAreTheirFormulas) {
    for (const Pointwise& g : activations) {
        for (const std::int64_t n : lengths) {
            SCOPED_TRACE(fmt::format("kind {}, n {}", static_cast<int>(g.kind), n));
            Floats z = normal_values<float>(n, 71, 0, 3), a(z.size());
            z[0] = n == 5 ? -95.0F : (n == 17 ? 95.0F : z[0]);  // saturated
            const Floats da = normal_values<float>(n, 72);
            kernels::activate(g, n, z.data(), a.data());
            Floats in_place = z, dz(z.size()), dz_in_place = da;
            kernels::activate(g, n, in_place.data(), in_place.data());
            ASSERT_EQ(in_place, a);
            const float* input = kernels::backward_needs_input(g) ? z.data() : nullptr;
            kernels::activate_backward(g, n, input, a.data(), da.data(), dz.data());
            kernels::activate_backward(g, n, input, a.data(), dz_in_place.data(), dz_in_place.data());
            ASSERT_EQ(dz_in_place, dz);
            for (std::int64_t i = 0; i < n; ++i) {
                const double at = z[i], want = reference::activate(g, at), slope = reference::derivative(g, at);
                // Highway's exponentials are within 1 to 4 ulp; e^{−z²/2} and erfc (gelu) carry z²·u more,
                // from the rounding of their argument. Below e⁻⁸⁷ floats end.
                const double bound = 10 * u * (1 + (g.kind == PointwiseKind::gelu ? at * at : 0));
                ASSERT_NEAR(a[i], want, bound * std::abs(want) + 1e-36) << at;
                // 1 − a loses digits as a nears 1, and gelu's and silu's slopes cross 0: relative to 1.
                ASSERT_NEAR(dz[i], da[i] * slope, bound * std::abs(da[i]) * std::max(1.0, std::abs(slope))) << at;
            }
        }
    }
}

TEST_P(UnitKernels, NaNPassesThroughEveryActivation) {
    for (const Pointwise& g : activations) {
        Floats z(21, NAN), a(21);
        kernels::activate(g, 21, z.data(), a.data());
        for (const float v : a) ASSERT_TRUE(std::isnan(v)) << static_cast<int>(g.kind);
    }
    for (const std::int64_t rows : {1, 16}) {
        for (std::int64_t at = 0; at < 21; ++at) {
            Floats z = normal_values<float>(rows * 21, 73), p(rows * 21);
            z[at] = NAN;
            kernels::softmax(rows, 21, z.data(), p.data());
            EXPECT_TRUE(std::isnan(p[at])) << at;
            for (std::int64_t i = 21; i < rows * 21; ++i) EXPECT_FALSE(std::isnan(p[i])) << "of another row";
        }
    }
}

TEST_P(UnitKernels, ActivationsEndAtTheirLimits) {
    const auto value = [](const Pointwise& g, float z) {
        Floats a(19, z);
        kernels::activate(g, 19, a.data(), a.data());
        EXPECT_EQ(a[0], a[18]);
        return a[0];
    };
    const float huge = 3e38F;
    for (const float z : {-huge, -INFINITY}) {
        EXPECT_EQ(value({PointwiseKind::relu}, z), 0.0F);
        EXPECT_EQ(value({PointwiseKind::tanh}, z), -1.0F);
        EXPECT_EQ(value({PointwiseKind::elu}, z), -1.0F);
        EXPECT_NEAR(value({PointwiseKind::sigmoid}, z), 0.0F, 1e-37);
    }
    EXPECT_NEAR(value({PointwiseKind::silu}, -huge), 0.0F, 1e-30);
    EXPECT_NEAR(value({PointwiseKind::silu}, -1e5F), 0.0F, 1e-30);
    EXPECT_EQ(value({PointwiseKind::silu}, huge), huge);
    EXPECT_EQ(value({PointwiseKind::sigmoid}, huge), 1.0F);
    EXPECT_EQ(value({PointwiseKind::tanh}, huge), 1.0F);
    EXPECT_EQ(value({PointwiseKind::relu, 0.0F, 0.0F, 6.0F}, huge), 6.0F);
}

TEST_P(UnitKernels, SoftmaxIsItsFormula) {
    for (const std::int64_t width : lengths) {
        for (const std::int64_t rows : {1, 2, 65}) {
            const Floats z = normal_values<float>(rows * width, 74, 10, 5), dp = normal_values<float>(rows * width, 75);
            Floats p(z.size()), in_place = z, dz(z.size()), dz_in_place = dp;
            kernels::softmax(rows, width, z.data(), p.data());
            kernels::softmax(rows, width, in_place.data(), in_place.data());
            ASSERT_EQ(in_place, p);
            for (std::int64_t r = 0; r < rows; ++r) {
                Floats alone(width);
                kernels::softmax(1, width, z.data() + r * width, alone.data());
                ASSERT_TRUE(std::equal(alone.begin(), alone.end(), p.begin() + r * width)) << "bits of a row by itself";
            }
            kernels::softmax_backward(rows, width, p.data(), dp.data(), dz.data());
            kernels::softmax_backward(rows, width, p.data(), dz_in_place.data(), dz_in_place.data());
            ASSERT_EQ(dz_in_place, dz);
            Doubles want(z.size()), slope(z.size());
            reference::softmax(rows, width, as_double(z).data(), want.data());
            reference::softmax_backward(rows, width, as_double(p).data(), as_double(dp).data(), slope.data());
            for (std::size_t i = 0; i < p.size(); ++i) {
                // z − max is rounded (|z − max| ≤ 60 here), the exponential, the sum of `width` floats, its
                // inverse.
                const double bound = (70 + static_cast<double>(width)) * u;
                ASSERT_NEAR(p[i], want[i], bound * want[i]) << width;
                // Σ dp·p in float: `width` roundings of terms that sum to at most max|dp| ≤ 5.
                ASSERT_NEAR(dz[i], slope[i], 5 * bound * p[i] + 1e-40) << width;
            }
        }
    }
}

struct FastLoss {
    const char* name;
    void (*run)(const kernels::LossBlock&);
    double (*row)(std::int64_t, const double*, const double*, double*);
    bool probabilities;
};

void sparse(const kernels::LossBlock& b) {
    kernels::sparse_softmax_crossentropy(b, nullptr);
}
void huber_half(const kernels::LossBlock& b) {
    kernels::huber(b, 0.5F);
}

const FastLoss losses[] = {
    {"sparse", sparse,
     [](auto n, auto* p, auto* t, auto* g) {
         return reference::sparse_softmax_crossentropy(n, p, std::max_element(t, t + n) - t, g);
     },
     false},
    {"softmax", kernels::softmax_crossentropy,
     [](auto n, auto* p, auto* t, auto* g) { return reference::softmax_crossentropy(n, p, t, g); }, false},
    {"sigmoid", kernels::sigmoid_crossentropy,
     [](auto n, auto* p, auto* t, auto* g) { return reference::sigmoid_crossentropy(n, p, t, g); }, false},
    {"mse", kernels::mean_squared_error,
     [](auto n, auto* p, auto* t, auto* g) { return reference::mean_squared_error(n, p, t, g); }, false},
    {"huber", huber_half, [](auto n, auto* p, auto* t, auto* g) { return reference::huber(n, 0.5, p, t, g); }, false},
    {"categorical", kernels::categorical_crossentropy,
     [](auto n, auto* p, auto* t, auto* g) { return reference::categorical_crossentropy(n, p, t, g); }, true},
    {"binary", kernels::binary_crossentropy,
     [](auto n, auto* p, auto* t, auto* g) { return reference::binary_crossentropy(n, p, t, g); }, true},
};

TEST_P(UnitKernels, LossesAreTheirFormulas) {
    for (const FastLoss& loss : losses) {
        for (const std::int64_t width : {1, 2, 3, 10, 17, 64, 129, 300}) {
            const std::int64_t rows = 23;  // more than any vector has lanes, and some
            SCOPED_TRACE(fmt::format("{}, width {}", loss.name, width));
            Floats p = normal_values<float>(rows * width, 76, 0, 2), t(p.size());
            if (loss.probabilities) {
                for (float& v : p) v = 0.01F + 0.9F / (1 + std::exp(-v));
            }
            Floats weights = {1, 0.5F, 0, 2, 1, 3, 0.25F};
            for (std::size_t r = 7; r < 23; ++r) weights.push_back(weights[r - 7] + 0.125F);
            std::vector<std::int32_t> labels(23);
            for (std::int64_t r = 0; r < rows; ++r) {
                labels[r] = static_cast<std::int32_t>(r * 5 % width);
                t[r * width + labels[r]] = 1;
            }
            kernels::LossBlock block;
            block.rows = rows;
            block.width = width;
            block.predictions = p.data();
            block.labels = labels.data();
            if (loss.run != sparse) block.targets = t.data();
            block.weights = weights.data();
            block.scale = 1.0F / 7;
            Floats values(23), gradient(p.size());
            Doubles scratch(3 * width);
            block.losses = values.data();
            block.gradient = gradient.data();
            block.scratch = scratch.data();
            loss.run(block);
            for (std::int64_t r = 0; r < rows; ++r) {
                const Doubles row(p.begin() + r * width, p.begin() + (r + 1) * width);
                const Doubles target(t.begin() + r * width, t.begin() + (r + 1) * width);
                Doubles want_gradient(row.size());
                const double want = loss.row(width, row.data(), target.data(), want_gradient.data());
                // The fused one computes in float: max, logit (each |z| ≤ 8 or so) and a logarithm of a sum
                // of `width` floats; the others in double, rounded once.
                const double bound = (16 + static_cast<double>(width)) * u;
                ASSERT_NEAR(values[r], want, bound * (1 + std::abs(want))) << r;
                // As p nears 1, p − 1 keeps p's absolute error.
                const double floor = block.scale * weights[r] * (loss.run == sparse ? 1 : 0.01);
                for (std::int64_t j = 0; j < width; ++j) {
                    const double g = want_gradient[j] * weights[r] * block.scale;
                    ASSERT_NEAR(gradient[r * width + j], g, bound * (std::abs(g) + floor)) << r;
                }
            }
        }
    }
}

TEST_P(UnitKernels, TheLossKeepsTheProbabilitiesOfSoftmax) {
    for (const std::int64_t width : {1, 3, 4, 10, 37, 64, 65}) {
        const std::int64_t rows = 37;
        const Floats z = normal_values<float>(rows * width, 78, 0, 3);
        std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
        for (std::int64_t r = 0; r < rows; ++r) labels[r] = static_cast<std::int32_t>(r * 3 % width);
        Floats p(z.size()), kept(z.size()), gradient(z.size()), values(static_cast<std::size_t>(rows));
        kernels::LossBlock block;
        block.rows = rows;
        block.width = width;
        block.predictions = z.data();
        block.labels = labels.data();
        block.losses = values.data();
        kernels::softmax(rows, width, z.data(), p.data());
        kernels::sparse_softmax_crossentropy(block, kept.data());
        EXPECT_EQ(kept, p) << width;
        block.gradient = gradient.data();
        block.scale = 0.5F;
        std::fill(kept.begin(), kept.end(), 0.0F);
        kernels::sparse_softmax_crossentropy(block, kept.data());
        EXPECT_EQ(kept, p) << width << ", with a gradient";
        for (std::int64_t r = 0; r < rows; ++r) p[r * width + labels[r]] -= 1.0F;
        for (float& each : p) each *= 0.5F;
        EXPECT_EQ(gradient, p) << width;
    }
}

TEST_P(UnitKernels, AnyNaNLogitReachesTheLoss) {
    for (std::int64_t at = 0; at < 21; ++at) {
        Floats z = normal_values<float>(21, 77), p(21), gradient(21);
        z[at] = NAN;
        const std::int32_t label = 3;
        float value = 0;
        kernels::LossBlock block;
        block.rows = 1;
        block.width = 21;
        block.predictions = z.data();
        block.labels = &label;
        block.losses = &value;
        block.gradient = gradient.data();
        kernels::sparse_softmax_crossentropy(block, p.data());
        EXPECT_TRUE(std::isnan(value)) << at;
    }
}

TEST_P(UnitKernels, ColumnHelpersAreTheirFormulas) {
    for (const std::int64_t columns : lengths) {
        for (const std::int64_t rows : {1, 2, 63, 64, 65, 130}) {
            const Floats x = normal_values<float>(rows * columns, 78), b = normal_values<float>(columns, 79);
            const Floats k = normal_values<float>(columns, 80);
            Floats y = x, scaled(x.size()), in_place = x, sums(static_cast<std::size_t>(columns));
            kernels::add_bias(rows, columns, b.data(), y.data());
            kernels::scale_columns(rows, columns, k.data(), b.data(), x.data(), scaled.data());
            kernels::scale_columns(rows, columns, k.data(), b.data(), in_place.data(), in_place.data());
            ASSERT_EQ(in_place, scaled);
            kernels::column_sums(rows, columns, x.data(), sums.data());
            Doubles want(columns), size(columns);
            for (std::int64_t i = 0; i < rows * columns; ++i) {
                const std::int64_t c = i % columns;
                ASSERT_EQ(y[i], x[i] + b[c]);
                ASSERT_EQ(scaled[i], x[i] * k[c] + b[c]);
                want[c] += x[i];
                size[c] += std::abs(x[i]);
            }
            for (std::int64_t c = 0; c < columns; ++c) ASSERT_NEAR(sums[c], want[c], 66 * u * size[c]);
        }
    }
}

TEST_P(UnitKernels, AllFiniteFindsEveryBadValue) {
    for (const std::int64_t n : lengths) {
        Floats x = normal_values<float>(n, 81, 0, 1e37);
        EXPECT_TRUE(kernels::all_finite(n, x.data()));
        for (std::int64_t at = 0; at < n; ++at) {
            for (const float bad : {NAN, INFINITY, -INFINITY}) {
                Floats y = x;
                y[at] = bad;
                ASSERT_FALSE(kernels::all_finite(n, y.data())) << n << " " << at;
            }
        }
    }
}

TEST_P(UnitKernels, GatherTakesTheRowsAndScalesThem) {
    for (const std::int64_t features : lengths) {
        const std::int64_t rows = 9;
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rows * features));
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 200);
        const Floats floats = normal_values<float>(rows * features, 82), subtract = normal_values<float>(features, 83);
        const Floats scale = normal_values<float>(features, 84), offset = normal_values<float>(features, 85);
        const std::vector<std::uint32_t> order = {8, 0, 3, 3, 7, 1};
        for (int with = 0; with < 8; ++with) {
            kernels::GatherSource source;
            source.features = features;
            source.subtract = (with & 1) != 0 ? subtract.data() : nullptr;
            source.scale = (with & 2) != 0 ? scale.data() : nullptr;
            source.offset = (with & 4) != 0 ? offset.data() : nullptr;
            for (const bool from_bytes : {false, true}) {
                for (const bool shuffled : {false, true}) {
                    source.bytes = from_bytes ? bytes.data() : nullptr;
                    source.floats = from_bytes ? nullptr : floats.data();
                    source.rows = shuffled ? order.data() : nullptr;
                    source.first_row = shuffled ? 0 : 2;
                    Floats out(static_cast<std::size_t>(5 * features));
                    kernels::gather(source, 1, 6, out.data());
                    for (std::int64_t r = 0; r < 5; ++r) {
                        for (std::int64_t f = 0; f < features; ++f) {
                            const std::int64_t from = (shuffled ? order[r + 1] : r + 3) * features + f;
                            float want = from_bytes ? static_cast<float>(bytes[from]) : floats[from];
                            if ((with & 1) != 0) want -= subtract[f];
                            if ((with & 2) != 0) want *= scale[f];
                            if ((with & 4) != 0) want += offset[f];
                            ASSERT_EQ(out[r * features + f], want);
                        }
                    }
                }
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Simd, UnitKernels, ::testing::ValuesIn(available_simd()),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace evenkeel::testing
