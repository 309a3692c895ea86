#pragma once

#include <string>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// A batch and one neuron, to show batch normalization in numbers.
struct ExplainInput {
    /// x: m rows (2 … 1000) of as many inputs (1 … 6) each; the lecture's batch.
    std::vector<std::vector<double>> rows = {{-1, 2}, {2.1, 0}, {0.4, 1.1}, {-0.5, 0.5}, {2.1, 0.9}};
    /// w, one an input. Empty: 0.5, −0.3, 0.5, −0.3, …
    std::vector<double> weights = {};
    double bias = 0.1;                ///< b
    double gamma = 1.5;               ///< γ (a layer starts with 1: other values show what scaling does)
    double beta = 0.5;                ///< β (a layer starts with 0)
    double epsilon = 1e-3;            ///< ε > 0, Keras's default
    std::string activation = "relu";  ///< g: linear, relu, sigmoid or tanh
    /// t, one a row. Empty: 1 where the row's first input is positive, else 0.
    std::vector<double> targets = {};
    double learning_rate = 0.1;  ///< η > 0
};

/// One way of standing batch normalization in a neuron, forward, backward and one step of gradient descent.
///
/// First way (before):  z → ẑ = (z − μ)/√(σ² + ε) → y = γẑ + β → output g(y);   μ, σ² over the batch of z.
/// Second way (after):  z → a = g(z) → â = (a − μ)/√(σ² + ε) → output y = γâ + β;  μ, σ² over the batch of a.
/// σ² is the mean of squared deviations (÷ m). Cost C = (1/m) Σ ½ (output − t)². (Ioffe and Szegedy 2015,
/// alg. 1.) Vectors hold one value a row.
struct ExplainWay {
    std::vector<double> z;           ///< w·x + b
    std::vector<double> activated;   ///< g(y) in the first way, g(z) in the second
    double mean = 0;                 ///< μ
    double variance = 0;             ///< σ²
    std::vector<double> normalized;  ///< ẑ or â
    std::vector<double> scaled;      ///< y
    std::vector<double> output;      ///< g(y) in the first way, y in the second
    double cost = 0;                 ///< C

    std::vector<double> d_output;            ///< ∂C/∂output = (output − t)/m
    std::vector<double> d_scaled;            ///< ∂C/∂y
    double d_gamma = 0;                      ///< ∂C/∂γ = Σ ∂C/∂y · normalized
    double d_beta = 0;                       ///< ∂C/∂β = Σ ∂C/∂y
    std::vector<double> d_normalizer_input;  ///< ∂C/∂z in the first way, ∂C/∂a in the second
    std::vector<double> d_z;                 ///< ∂C/∂z
    std::vector<std::vector<double>> d_x;    ///< ∂C/∂x, a row and input

    double new_gamma = 0;  ///< γ − η ∂C/∂γ
    double new_beta = 0;   ///< β − η ∂C/∂β
    double new_cost = 0;   ///< C on the same batch with the new γ and β
};

struct ExplainResult {
    ExplainInput input;  ///< as computed with: weights and targets filled in
    ExplainWay before;   ///< the lecture's first way
    ExplainWay after;    ///< the lecture's second way
};

/// All in double precision. Throws Error{input} for numbers that are not finite or out of the ranges above,
/// rows of unequal length, an unknown activation, or inputs so large that a result is not finite.
EVENKEEL_API ExplainResult explain(ExplainInput input = {});

/// The result as a story in the lecture's order, aligned, at most 100 columns wide; batches above 20 rows are
/// abridged. UTF-8; `colour` adds ANSI escapes and changes nothing else.
EVENKEEL_API std::string explain_text(const ExplainResult& result, bool colour);

}  // namespace evenkeel
