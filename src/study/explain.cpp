#include "evenkeel/study/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

using Values = std::vector<double>;

struct Activation {
    const char* name;
    double (*value)(double);
    double (*slope)(double);
};

double sigmoid(double v) {
    return 1 / (1 + std::exp(-v));
}

constexpr Activation activations[] = {
    {"linear", [](double v) { return v; }, [](double) { return 1.0; }},
    {"relu", [](double v) { return v > 0 ? v : 0.0; }, [](double v) { return v > 0 ? 1.0 : 0.0; }},
    {"sigmoid", sigmoid, [](double v) { return sigmoid(v) * (1 - sigmoid(v)); }},
    {"tanh", [](double v) { return std::tanh(v); }, [](double v) { return 1 - std::tanh(v) * std::tanh(v); }},
};

const Activation& find_activation(const std::string& name) {
    for (const Activation& g : activations) {
        if (name == g.name) return g;
    }
    fail_input("explain", "an activation among linear, relu, sigmoid, tanh", fmt::format("'{}'", name));
}

Values map(const Values& values, double (*f)(double)) {
    Values out(values.size());
    std::transform(values.begin(), values.end(), out.begin(), f);
    return out;
}

Values product(const Values& a, const Values& b) {
    Values out(a.size());
    std::transform(a.begin(), a.end(), b.begin(), out.begin(), std::multiplies<>());
    return out;
}

double sum(const Values& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}
double mean(const Values& values) {
    return sum(values) / static_cast<double>(values.size());
}

double cost(const Values& output, const Values& targets) {
    double total = 0;
    for (std::size_t i = 0; i < output.size(); ++i) total += 0.5 * (output[i] - targets[i]) * (output[i] - targets[i]);
    return total / static_cast<double>(output.size());
}

void normalize(ExplainWay& way, const Values& v, double epsilon) {
    way.mean = mean(v);
    Values squares;
    for (const double x : v) squares.push_back((x - way.mean) * (x - way.mean));
    way.variance = mean(squares);
    for (const double x : v) way.normalized.push_back((x - way.mean) / std::sqrt(way.variance + epsilon));
}

Values scale_and_shift(const Values& normalized, double gamma, double beta) {
    Values y;
    for (const double n : normalized) y.push_back(gamma * n + beta);
    return y;
}

void differentiate_output(ExplainWay& way, const Values& targets) {
    const auto m = static_cast<double>(targets.size());
    way.cost = cost(way.output, targets);
    for (std::size_t i = 0; i < targets.size(); ++i) way.d_output.push_back((way.output[i] - targets[i]) / m);
}

// From ∂C/∂y to γ, β and what was normalized. μ and σ² depend on every row, hence the two means that are
// taken off:
//   ∂C/∂v_i = γ/√(σ² + ε) · (∂C/∂y_i − (1/m) ∂C/∂β − (1/m) n_i ∂C/∂γ)
void differentiate_normalization(ExplainWay& way, const ExplainInput& in) {
    const auto m = static_cast<double>(way.d_scaled.size());
    way.d_gamma = sum(product(way.d_scaled, way.normalized));
    way.d_beta = sum(way.d_scaled);
    const double factor = in.gamma / std::sqrt(way.variance + in.epsilon);
    for (std::size_t i = 0; i < way.d_scaled.size(); ++i) {
        way.d_normalizer_input.push_back(factor *
                                         (way.d_scaled[i] - way.d_beta / m - way.normalized[i] * way.d_gamma / m));
    }
}

void differentiate_input_and_step(ExplainWay& way, const ExplainInput& in) {
    for (const double d : way.d_z) {
        Values row;
        for (const double w : in.weights) row.push_back(d * w);
        way.d_x.push_back(std::move(row));
    }
    way.new_gamma = in.gamma - in.learning_rate * way.d_gamma;
    way.new_beta = in.beta - in.learning_rate * way.d_beta;
}

ExplainWay first_way(const ExplainInput& in, const Values& z, const Activation& g) {
    ExplainWay way;
    way.z = z;
    normalize(way, z, in.epsilon);
    way.scaled = scale_and_shift(way.normalized, in.gamma, in.beta);
    way.activated = map(way.scaled, g.value);
    way.output = way.activated;
    differentiate_output(way, in.targets);
    way.d_scaled = product(way.d_output, map(way.scaled, g.slope));
    differentiate_normalization(way, in);
    way.d_z = way.d_normalizer_input;
    differentiate_input_and_step(way, in);
    way.new_cost = cost(map(scale_and_shift(way.normalized, way.new_gamma, way.new_beta), g.value), in.targets);
    return way;
}

ExplainWay second_way(const ExplainInput& in, const Values& z, const Activation& g) {
    ExplainWay way;
    way.z = z;
    way.activated = map(z, g.value);
    normalize(way, way.activated, in.epsilon);
    way.scaled = scale_and_shift(way.normalized, in.gamma, in.beta);
    way.output = way.scaled;
    differentiate_output(way, in.targets);
    way.d_scaled = way.d_output;
    differentiate_normalization(way, in);
    way.d_z = product(way.d_normalizer_input, map(z, g.slope));
    differentiate_input_and_step(way, in);
    way.new_cost = cost(scale_and_shift(way.normalized, way.new_gamma, way.new_beta), in.targets);
    return way;
}

bool finite(const Values& values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

void complete(ExplainInput& in) {
    const std::size_t m = in.rows.size();
    if (m < 2 || m > 1000) {  // one row has variance 0: every output would be β
        fail_input("explain", "a batch of 2 to 1000 rows", fmt::format("{}", m));
    }
    const std::size_t inputs = in.rows.front().size();
    if (inputs < 1 || inputs > 6) fail_input("explain", "rows of 1 to 6 inputs", fmt::format("{}", inputs));
    for (std::size_t i = 0; i < m; ++i) {
        if (in.rows[i].size() != inputs) {
            fail_input("explain", fmt::format("{} inputs in every row", inputs),
                       fmt::format("{} in row {}", in.rows[i].size(), i + 1));
        }
        if (!finite(in.rows[i]))
            fail_input("explain", "finite inputs", fmt::format("NaN or infinity in row {}", i + 1));
    }
    if (in.weights.empty()) {
        for (std::size_t j = 0; j < inputs; ++j) in.weights.push_back(j % 2 == 0 ? 0.5 : -0.3);
    }
    if (in.targets.empty()) {
        for (const Values& row : in.rows) in.targets.push_back(row.front() > 0 ? 1.0 : 0.0);
    }
    if (in.weights.size() != inputs) {
        fail_input("explain", fmt::format("{} weights, one an input", inputs), fmt::format("{}", in.weights.size()));
    }
    if (in.targets.size() != m) {
        fail_input("explain", fmt::format("{} targets, one a row", m), fmt::format("{}", in.targets.size()));
    }
    if (!finite(in.weights) || !finite(in.targets) || !finite({in.bias, in.gamma, in.beta})) {
        fail_input("explain", "finite weights, bias, gamma, beta and targets", "NaN or infinity");
    }
    if (!(in.epsilon > 0) || !std::isfinite(in.epsilon)) {
        fail_input("explain", "epsilon > 0", fmt::format("{}", in.epsilon));
    }
    if (!(in.learning_rate > 0) || !std::isfinite(in.learning_rate)) {
        fail_input("explain", "a learning rate > 0", fmt::format("{}", in.learning_rate));
    }
}

// An overflow anywhere reaches one of these.
bool results_finite(const ExplainWay& way) {
    return finite({way.mean, way.variance, way.cost, way.d_gamma, way.d_beta, way.new_gamma, way.new_beta,
                   way.new_cost}) &&
           finite(way.z) && finite(way.output) && finite(way.d_z) &&
           std::all_of(way.d_x.begin(), way.d_x.end(), finite);
}

}  // namespace

ExplainResult explain(ExplainInput input) {
    complete(input);
    const Activation& g = find_activation(input.activation);
    Values z;
    for (const Values& row : input.rows) z.push_back(sum(product(row, input.weights)) + input.bias);
    ExplainResult result;
    result.before = first_way(input, z, g);
    result.after = second_way(input, z, g);
    if (!results_finite(result.before) || !results_finite(result.after)) {
        fail_input("explain", "numbers small enough that every result is finite", "an overflow");
    }
    result.input = std::move(input);
    return result;
}

}  // namespace evenkeel
