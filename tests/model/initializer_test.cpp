// Initializers are Keras's: their bounds, means and deviations follow from the fans of the kernel.

#include "evenkeel/model/initializer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "evenkeel/core/random.hpp"

namespace evenkeel {
namespace {

std::vector<float> drawn(const Initializer& initializer, const Shape& shape) {
    std::vector<float> values(static_cast<std::size_t>(elements(shape, "test")));
    initialize(initializer, shape, Random(3, purpose_of("test", "initializer")), values);
    return values;
}

struct Moments {
    double mean = 0, deviation = 0, largest = 0;
};

Moments moments(const std::vector<float>& values) {
    Moments m;
    for (const double v : values) m.mean += v / static_cast<double>(values.size());
    for (const double v : values) {
        m.deviation += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size());
        m.largest = std::max(m.largest, std::abs(v));
    }
    m.deviation = std::sqrt(m.deviation);
    return m;
}

constexpr std::int64_t in = 300, out = 100;

TEST(Initializer, UniformOnesFillTheirInterval) {
    struct Case {
        Initializer initializer;
        double limit;
    };
    const Case cases[] = {
        {"glorot_uniform", std::sqrt(6.0 / (in + out))},
        {"he_uniform", std::sqrt(6.0 / in)},
        {"lecun_uniform", std::sqrt(3.0 / in)},
        {"random_uniform", 0.05},
        {VarianceScaling(2.0, Initializer::Fan::out, Initializer::Distribution::uniform), std::sqrt(6.0 / out)}};
    for (const Case& c : cases) {
        const Moments m = moments(drawn(c.initializer, {in, out}));
        EXPECT_LE(m.largest, c.limit * (1 + 1e-6));
        // Of 30 000 draws the mean errs by limit/√(3·30 000) = 0.0033 of it (one deviation), the deviation by 0.3 %.
        EXPECT_GT(m.largest, c.limit * 0.999);
        EXPECT_NEAR(m.mean, 0, 0.015 * c.limit);
        EXPECT_NEAR(m.deviation, c.limit / std::sqrt(3.0), 0.015 * c.limit);
    }
    const std::vector<float> shifted = drawn(RandomUniform(2.0, 3.0), {in, out});
    EXPECT_GE(*std::min_element(shifted.begin(), shifted.end()), 2.0F);
    EXPECT_LE(*std::max_element(shifted.begin(), shifted.end()), 3.0F);
}

TEST(Initializer, NormalOnesHaveTheirDeviationAlsoWhereTheyAreCut) {
    struct Case {
        Initializer initializer;
        double deviation;
        bool cut;
    };
    const Case cases[] = {
        {"glorot_normal", std::sqrt(2.0 / (in + out)), true},
        {"he_normal", std::sqrt(2.0 / in), true},
        {"lecun_normal", std::sqrt(1.0 / in), true},
        {"random_normal", 0.05, false},
        {VarianceScaling(1.0, Initializer::Fan::in, Initializer::Distribution::normal), std::sqrt(1.0 / in), false}};
    for (const Case& c : cases) {
        const Moments m = moments(drawn(c.initializer, {in, out}));
        // One deviation of the deviation of 30 000 draws is 0.4 %.
        EXPECT_NEAR(m.deviation, c.deviation, 0.02 * c.deviation);
        EXPECT_NEAR(m.mean, 0, 0.03 * c.deviation);
        // Cut at two deviations of the normal that was cut, which is wider by 1/0.8796.
        const double end = 2 / 0.87962566103423978 * c.deviation;
        EXPECT_EQ(m.largest <= end * (1 + 1e-6), c.cut) << m.largest / c.deviation;
        EXPECT_GT(m.largest, 0.99 * end);
    }
    EXPECT_NEAR(moments(drawn(RandomNormal(7.0, 0.1), {in, out})).mean, 7.0, 0.003);
}

TEST(Initializer, OrthogonalColumnsOrRowsAreOrthonormal) {
    for (const Shape& shape : {Shape{40, 9}, Shape{9, 40}, Shape{16, 16}}) {
        const double gain = 1.5;
        const std::vector<float> w = drawn(Orthogonal(gain), shape);
        const std::int64_t rows = shape[0], columns = shape[1];
        const bool tall = rows >= columns;
        const std::int64_t count = std::min(rows, columns), length = std::max(rows, columns);
        const auto at = [&](std::int64_t vector, std::int64_t i) -> double {
            return tall ? w[i * columns + vector] : w[vector * columns + i];
        };
        for (std::int64_t a = 0; a < count; ++a) {
            for (std::int64_t b = 0; b < count; ++b) {
                double dot = 0;
                for (std::int64_t i = 0; i < length; ++i) dot += at(a, i) * at(b, i);
                EXPECT_NEAR(dot, a == b ? gain * gain : 0.0, 1e-6) << a << ' ' << b;  // rounding of floats, 40 times
            }
        }
    }
}

TEST(Initializer, ConstantsAreConstant) {
    for (const float v : drawn("zeros", {5})) EXPECT_EQ(v, 0.0F);
    for (const float v : drawn("ones", {5})) EXPECT_EQ(v, 1.0F);
    for (const float v : drawn(Constant(0.25), {5})) EXPECT_EQ(v, 0.25F);
}

TEST(Initializer, EveryWordIsKnownAndOthersAreRefused) {
    for (const char* word : initializer_words()) EXPECT_NO_THROW(Initializer{word}) << word;
    EXPECT_ANY_THROW(Initializer("xavier"));
}

}  // namespace
}  // namespace evenkeel
