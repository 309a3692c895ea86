#include "plan/update.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/optimizer.hpp"

namespace evenkeel {
namespace {

constexpr float no_limit = std::numeric_limits<float>::infinity();

}  // namespace

Update::Update(const Optimizer& optimizer, const VariableLayout& layout) : optimizer_(optimizer), layout_(layout) {
    std::visit(
        [this](const auto& o) {
            weight_decay_ = o.weight_decay;
            clip_norm_ = o.clipnorm;
            clip_value_ = o.clipvalue;
            global_clip_norm_ = o.global_clipnorm;
            decay_gamma_beta_ = o.decay_gamma_beta;
        },
        optimizer_);
    has_regularizers_ = std::any_of(layout.variables.begin(), layout.variables.end(),
                                    [](const Variable& v) { return v.regularizer != Regularizer{}; });
}

void Update::begin(std::int64_t iteration) {
    rate_ = learning_rate_at(evenkeel::learning_rate(optimizer_), iteration);
    const double t = static_cast<double>(iteration) + 1;
    const auto corrected = [&](double beta_1, double beta_2) {
        return rate_ * std::sqrt(1.0 - std::pow(beta_2, t)) / (1.0 - std::pow(beta_1, t));
    };
    if (const auto* adam = std::get_if<Adam>(&optimizer_)) alpha_ = corrected(adam->beta_1, adam->beta_2);
    if (const auto* adamw = std::get_if<AdamW>(&optimizer_)) alpha_ = corrected(adamw->beta_1, adamw->beta_2);
}

void Update::add_regularizer(const Variable& variable, std::int64_t size, const float* weights, float* gradient) {
    const Regularizer& r = variable.regularizer;
    if (r == Regularizer{}) return;
    kernels::add_regularizer_gradient(static_cast<float>(r.l1), static_cast<float>(r.l2), size, weights, gradient);
}

void Update::apply(const Variable& variable, std::int64_t offset, std::int64_t size, float* gradient, float* weights,
                   std::vector<Buffer<float>>& slots) const {
    float* w = weights + offset;
    if (!clips()) add_regularizer(variable, size, w, gradient);
    const bool decays = weight_decay_ > 0 && (decay_gamma_beta_ || !variable.is_gamma_or_beta());
    const auto decay = static_cast<float>(decays ? 1.0 - rate_ * weight_decay_ : 1.0);
    const auto rate = static_cast<float>(rate_);
    const auto slot = [&](std::size_t i) { return slots[i].data() + offset; };
    const float* g = gradient;
    if (const auto* o = std::get_if<SGD>(&optimizer_)) {
        kernels::sgd({rate, decay, static_cast<float>(o->momentum), o->nesterov}, size, g,
                     o->momentum > 0 ? slot(0) : nullptr, w);
    } else if (const auto* rms = std::get_if<RMSprop>(&optimizer_)) {
        // Slots as Keras orders them: mean square, then momentum, then the mean gradient.
        float* velocity = rms->momentum > 0 ? slot(1) : nullptr;
        float* average = rms->centered ? slot(rms->momentum > 0 ? 2 : 1) : nullptr;
        kernels::rmsprop({rate, decay, static_cast<float>(rms->rho), static_cast<float>(rms->epsilon),
                          static_cast<float>(rms->momentum)},
                         size, g, slot(0), average, velocity, w);
    } else {
        const auto adam = [&](const auto& a) {
            kernels::adam({static_cast<float>(alpha_), decay, static_cast<float>(1.0 - a.beta_1),
                           static_cast<float>(1.0 - a.beta_2), static_cast<float>(a.epsilon)},
                          size, g, slot(0), slot(1), w);
        };
        if (const auto* plain = std::get_if<Adam>(&optimizer_)) adam(*plain);
        if (const auto* decoupled = std::get_if<AdamW>(&optimizer_)) adam(*decoupled);
    }
}

bool Update::is_plain(const Variable& variable) const {
    const auto* sgd = std::get_if<SGD>(&optimizer_);
    return sgd != nullptr && sgd->momentum == 0 && weight_decay_ == 0 && !clips() &&
           variable.regularizer == Regularizer{};
}

void Update::clip(const float* weights, float* gradients) const {
    if (!clips()) return;
    double all_squares = 0;
    for (const Variable& v : layout_.variables) {
        if (!v.trainable) continue;
        float* g = gradients + v.offset;
        add_regularizer(v, v.size, weights + v.offset, g);
        if (clip_value_ > 0) kernels::clip(static_cast<float>(clip_value_), 1.0F, v.size, g);
        if (clip_norm_ > 0) {
            const double norm = std::sqrt(kernels::sum_of_squares(v.size, g));
            if (norm > clip_norm_) kernels::clip(no_limit, static_cast<float>(clip_norm_ / norm), v.size, g);
        }
        if (global_clip_norm_ > 0) all_squares += kernels::sum_of_squares(v.size, g);
    }
    const double norm = std::sqrt(all_squares);
    if (global_clip_norm_ > 0 && norm > global_clip_norm_) {
        for (const Variable& v : layout_.variables) {
            if (v.trainable)
                kernels::clip(no_limit, static_cast<float>(global_clip_norm_ / norm), v.size, gradients + v.offset);
        }
    }
}

double Update::penalty(const float* weights) const {
    if (!has_regularizers_) return 0;
    double sum = 0;
    for (const Variable& v : layout_.variables) {
        if (!v.trainable) continue;  // as Keras: what is frozen costs nothing
        if (v.regularizer.l1 > 0) sum += v.regularizer.l1 * kernels::sum_of_magnitudes(v.size, weights + v.offset);
        if (v.regularizer.l2 > 0) sum += v.regularizer.l2 * kernels::sum_of_squares(v.size, weights + v.offset);
    }
    return sum;
}

}  // namespace evenkeel
