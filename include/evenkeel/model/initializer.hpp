#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "evenkeel/core/export.hpp"
#include "evenkeel/core/random.hpp"
#include "evenkeel/core/shape.hpp"

namespace evenkeel {

/// How a variable starts. A word of Keras's ("glorot_uniform", "he_normal", "zeros", …) or one of the
/// functions below.
struct EVENKEEL_API Initializer {
    enum class Kind { constant, random_normal, random_uniform, variance_scaling, orthogonal };
    enum class Fan { in, out, average };
    enum class Distribution { truncated_normal, normal, uniform };

    Kind kind = Kind::constant;
    double a = 0.0;          ///< constant: the value; normal: the mean; uniform: the minimum; scaling: the scale;
                             ///< orthogonal: the gain
    double b = 0.0;          ///< normal: the standard deviation; uniform: the maximum
    Fan fan = Fan::average;  ///< of variance scaling
    Distribution distribution = Distribution::uniform;  ///< of variance scaling

    Initializer() = default;
    Initializer(const char* word);         // NOLINT(google-explicit-constructor): "he_normal" is how users say it
    Initializer(const std::string& word);  // NOLINT(google-explicit-constructor)

    bool operator==(const Initializer&) const = default;
};

EVENKEEL_API Initializer Constant(double value);
EVENKEEL_API Initializer RandomNormal(double mean = 0.0, double stddev = 0.05);
EVENKEEL_API Initializer RandomUniform(double minval = -0.05, double maxval = 0.05);
EVENKEEL_API Initializer VarianceScaling(double scale, Initializer::Fan fan, Initializer::Distribution distribution);
EVENKEEL_API Initializer Orthogonal(double gain = 1.0);

/// The words a user may write, for error messages and help texts.
EVENKEEL_API std::span<const char* const> initializer_words();

/// Fills `out` (elements(shape) floats, row-major). Fans are Keras's: for a kernel [in, out] they are in and
/// out. Draw i of the variable is a pure function of (random, i).
EVENKEEL_API void initialize(const Initializer& initializer, const Shape& shape, const Random& random,
                             std::span<float> out);

}  // namespace evenkeel
