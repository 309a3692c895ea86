#include "evenkeel/model/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace evenkeel {
namespace {

struct At {
    std::int64_t step;

    double operator()(double constant) const { return constant; }
    double operator()(const PiecewiseConstantDecay& s) const {
        const auto i = std::lower_bound(s.boundaries.begin(), s.boundaries.end(), step) - s.boundaries.begin();
        return s.values[static_cast<std::size_t>(i)];
    }
    double operator()(const ExponentialDecay& s) const {
        double exponent = static_cast<double>(step) / static_cast<double>(s.decay_steps);
        if (s.staircase) exponent = std::floor(exponent);
        return s.initial_learning_rate * std::pow(s.decay_rate, exponent);
    }
    double operator()(const CosineDecay& s) const {
        const bool warms_up = s.warmup_target >= 0;
        const double peak = warms_up ? s.warmup_target : s.initial_learning_rate;
        std::int64_t t = step;
        if (warms_up) {
            if (step < s.warmup_steps) {
                const double done = static_cast<double>(step) / static_cast<double>(s.warmup_steps);
                return s.initial_learning_rate + (peak - s.initial_learning_rate) * done;
            }
            t = step - s.warmup_steps;
        }
        const double done = std::min(1.0, static_cast<double>(t) / static_cast<double>(s.decay_steps));
        const double cosine = 0.5 * (1.0 + std::cos(std::numbers::pi * done));
        return peak * ((1.0 - s.alpha) * cosine + s.alpha);
    }
};

}  // namespace

double learning_rate_at(const LearningRate& rate, std::int64_t step) {
    return std::visit(At{step}, rate);
}

}  // namespace evenkeel
