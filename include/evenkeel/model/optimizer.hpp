#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "evenkeel/core/export.hpp"
#include "evenkeel/model/schedule.hpp"

namespace evenkeel {

// Every optimizer shares weight decay and clipping. Order within a step, as in Keras: clip, decay the
// weights, the rule.
//   weight_decay       w ← w − η·weight_decay·w (decoupled); γ and β only where decay_gamma_beta says so
//   clipnorm           > 0: each variable's gradient to at most this 2-norm
//   clipvalue          > 0: each component into [−clipvalue, clipvalue]
//   global_clipnorm    > 0: all gradients together to at most this 2-norm

/// v ← momentum·v − η·g; w ← w + v, or with Nesterov w ← w + momentum·v − η·g. Plain w ← w − η·g without
/// momentum.
struct SGD {
    LearningRate learning_rate = 0.01;
    double momentum = 0.0;  ///< in [0, 1]
    bool nesterov = false;
    double weight_decay = 0.0;
    bool decay_gamma_beta = false;
    double clipnorm = 0.0, clipvalue = 0.0, global_clipnorm = 0.0;
};

/// v ← ρ·v + (1−ρ)·g²; w ← w − η·g/√(v + ε) (centered: v − mean²; with momentum as in Keras).
struct RMSprop {
    LearningRate learning_rate = 0.001;
    double rho = 0.9;
    double momentum = 0.0;
    double epsilon = 1e-7;
    bool centered = false;
    double weight_decay = 0.0;
    bool decay_gamma_beta = false;
    double clipnorm = 0.0, clipvalue = 0.0, global_clipnorm = 0.0;
};

/// Kingma and Ba 2015, with Keras's placement of ε: w ← w − η·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v + ε).
struct Adam {
    LearningRate learning_rate = 0.001;
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-7;
    double weight_decay = 0.0;
    bool decay_gamma_beta = false;
    double clipnorm = 0.0, clipvalue = 0.0, global_clipnorm = 0.0;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
struct AdamW {
    LearningRate learning_rate = 0.001;
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-7;
    double weight_decay = 0.004;
    bool decay_gamma_beta = false;
    double clipnorm = 0.0, clipvalue = 0.0, global_clipnorm = 0.0;
};

using Optimizer = std::variant<SGD, RMSprop, Adam, AdamW>;

/// "sgd", "momentum" (SGD 0.9), "nesterov" (SGD 0.9), "rmsprop", "adam", "adamw" with Keras's defaults
/// otherwise. Throws Error{input} naming the words.
EVENKEEL_API Optimizer optimizer_from_word(std::string_view word);
EVENKEEL_API std::span<const char* const> optimizer_words();
/// Keras's class name: "SGD", "RMSprop", "Adam", "AdamW".
EVENKEEL_API const char* class_name(const Optimizer& optimizer);
EVENKEEL_API const LearningRate& learning_rate(const Optimizer& optimizer);
EVENKEEL_API void set_learning_rate(Optimizer& optimizer, LearningRate rate);
/// Number of slot buffers, each as long as the weights: momentum; RMSprop's mean square …; Adam's m and v.
EVENKEEL_API int slot_count(const Optimizer& optimizer);
/// Throws Error{input} for an option out of its range.
EVENKEEL_API void validate(const Optimizer& optimizer);

}  // namespace evenkeel
