#include "evenkeel/model/initializer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::array words = {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
                              "lecun_uniform",  "lecun_normal",  "orthogonal", "random_normal",
                              "random_uniform", "zeros",         "ones"};

Initializer from_word(std::string_view word) {
    using Fan = Initializer::Fan;
    using Distribution = Initializer::Distribution;
    if (word == "glorot_uniform") return VarianceScaling(1.0, Fan::average, Distribution::uniform);
    if (word == "glorot_normal") return VarianceScaling(1.0, Fan::average, Distribution::truncated_normal);
    if (word == "he_uniform") return VarianceScaling(2.0, Fan::in, Distribution::uniform);
    if (word == "he_normal") return VarianceScaling(2.0, Fan::in, Distribution::truncated_normal);
    if (word == "lecun_uniform") return VarianceScaling(1.0, Fan::in, Distribution::uniform);
    if (word == "lecun_normal") return VarianceScaling(1.0, Fan::in, Distribution::truncated_normal);
    if (word == "orthogonal") return Orthogonal();
    if (word == "random_normal") return RandomNormal();
    if (word == "random_uniform") return RandomUniform();
    if (word == "zeros") return Constant(0.0);
    if (word == "ones") return Constant(1.0);
    fail_input("initializer", fmt::format("one of {}", fmt::join(words, ", ")), fmt::format("\"{}\"", word));
}

// Draws of one element until one lies within two standard deviations; attempt j of element i has a counter of
// its own.
double truncated_normal(const Random& random, std::uint64_t i) {
    for (std::uint64_t attempt = 0;; ++attempt) {
        const double draw = random.normal(i | (attempt << 48));
        if (std::abs(draw) <= 2.0) return draw;
    }
}

void variance_scaling(const Initializer& initializer, const Shape& shape, const Random& random, std::span<float> out) {
    const double fan_in = shape.empty() ? 1.0 : static_cast<double>(shape.front());
    const double fan_out = shape.empty() ? 1.0 : static_cast<double>(shape.back());
    const double fan = initializer.fan == Initializer::Fan::in    ? fan_in
                       : initializer.fan == Initializer::Fan::out ? fan_out
                                                                  : (fan_in + fan_out) / 2;
    const double variance = initializer.a / std::max(1.0, fan);
    switch (initializer.distribution) {
        case Initializer::Distribution::uniform: {
            const double limit = std::sqrt(3.0 * variance);
            for (std::size_t i = 0; i < out.size(); ++i)
                out[i] = static_cast<float>((2 * random.uniform(i) - 1) * limit);
            return;
        }
        case Initializer::Distribution::normal: {
            for (std::size_t i = 0; i < out.size(); ++i)
                out[i] = static_cast<float>(random.normal(i) * std::sqrt(variance));
            return;
        }
        case Initializer::Distribution::truncated_normal: {
            // A standard normal cut at ±2 has this standard deviation.
            const double sigma = std::sqrt(variance) / 0.87962566103423978;
            for (std::size_t i = 0; i < out.size(); ++i)
                out[i] = static_cast<float>(truncated_normal(random, i) * sigma);
            return;
        }
    }
}

// Columns of a tall random normal matrix made orthonormal (Gram and Schmidt, twice for full precision).
void orthogonal(double gain, const Shape& shape, const Random& random, std::span<float> out) {
    const std::int64_t columns = shape.empty() ? 1 : shape.back();
    const std::int64_t rows = static_cast<std::int64_t>(out.size()) / columns;
    const std::int64_t tall = std::max(rows, columns), narrow = std::min(rows, columns);
    std::vector<std::vector<double>> q(narrow, std::vector<double>(tall));
    for (std::int64_t j = 0; j < narrow; ++j) {
        for (std::int64_t i = 0; i < tall; ++i) q[j][i] = random.normal(static_cast<std::uint64_t>(j * tall + i));
        for (int pass = 0; pass < 2; ++pass) {
            for (std::int64_t k = 0; k < j; ++k) {
                double dot = 0;
                for (std::int64_t i = 0; i < tall; ++i) dot += q[j][i] * q[k][i];
                for (std::int64_t i = 0; i < tall; ++i) q[j][i] -= dot * q[k][i];
            }
        }
        double squares = 0;
        for (const double x : q[j]) squares += x * x;
        for (double& x : q[j]) x /= std::sqrt(squares);
    }
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < columns; ++c) {
            const double value = rows >= columns ? q[c][r] : q[r][c];
            out[static_cast<std::size_t>(r * columns + c)] = static_cast<float>(gain * value);
        }
    }
}

}  // namespace

Initializer::Initializer(const char* word) : Initializer(from_word(word)) {}
Initializer::Initializer(const std::string& word) : Initializer(from_word(word)) {}

Initializer Constant(double value) {
    Initializer result;
    result.a = value;
    return result;
}

Initializer RandomNormal(double mean, double stddev) {
    if (!(stddev >= 0)) fail_input("RandomNormal.stddev", "a number of at least 0", fmt::format("{}", stddev));
    Initializer result;
    result.kind = Initializer::Kind::random_normal;
    result.a = mean;
    result.b = stddev;
    return result;
}

Initializer RandomUniform(double minval, double maxval) {
    if (!(minval <= maxval)) {
        fail_input("RandomUniform", "minval ≤ maxval", fmt::format("minval {} and maxval {}", minval, maxval));
    }
    Initializer result;
    result.kind = Initializer::Kind::random_uniform;
    result.a = minval;
    result.b = maxval;
    return result;
}

Initializer VarianceScaling(double scale, Initializer::Fan fan, Initializer::Distribution distribution) {
    if (!(scale > 0)) fail_input("VarianceScaling.scale", "a positive number", fmt::format("{}", scale));
    Initializer result;
    result.kind = Initializer::Kind::variance_scaling;
    result.a = scale;
    result.fan = fan;
    result.distribution = distribution;
    return result;
}

Initializer Orthogonal(double gain) {
    Initializer result;
    result.kind = Initializer::Kind::orthogonal;
    result.a = gain;
    return result;
}

std::span<const char* const> initializer_words() {
    return words;
}

void initialize(const Initializer& initializer, const Shape& shape, const Random& random, std::span<float> out) {
    switch (initializer.kind) {
        case Initializer::Kind::constant:
            std::fill(out.begin(), out.end(), static_cast<float>(initializer.a));
            return;
        case Initializer::Kind::random_normal:
            for (std::size_t i = 0; i < out.size(); ++i) {
                out[i] = static_cast<float>(initializer.a + initializer.b * random.normal(i));
            }
            return;
        case Initializer::Kind::random_uniform:
            for (std::size_t i = 0; i < out.size(); ++i) {
                out[i] = static_cast<float>(initializer.a + (initializer.b - initializer.a) * random.uniform(i));
            }
            return;
        case Initializer::Kind::variance_scaling:
            return variance_scaling(initializer, shape, random, out);
        case Initializer::Kind::orthogonal:
            return orthogonal(initializer.a, shape, random, out);
    }
}

}  // namespace evenkeel
