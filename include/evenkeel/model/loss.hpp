#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

enum class LossKind {
    sparse_categorical_crossentropy,  ///< labels; −ln p[label]
    categorical_crossentropy,         ///< targets (rows, classes)
    binary_crossentropy,              ///< targets in [0, 1], mean over the last axis
    mean_squared_error,               ///< mean over the last axis
    huber,                            ///< ½e² for |e| ≤ δ, δ|e| − ½δ² beyond; mean over the last axis
    custom,
};

/// A loss of the user's own: for rows × width predictions and as many targets, writes ∂C/∂prediction into
/// `gradient` (C is the mean over all rows, so each row's gradient carries 1/rows) and returns C. Called once
/// a step, with one thread; it must depend on its arguments only.
using CustomLoss = std::function<double(std::span<const float> predictions, std::span<const float> targets,
                                        std::int64_t rows, std::int64_t width, std::span<float> gradient)>;

/// What training makes small: the mean over the batch's rows of weight·(row's loss), plus the regularizers.
struct EVENKEEL_API Loss {
    LossKind kind = LossKind::sparse_categorical_crossentropy;
    bool from_logits = false;  ///< cross-entropies: the last layer gives logits
    double delta = 1.0;        ///< huber, > 0
    CustomLoss custom;

    Loss() = default;
    Loss(const char* word);         // NOLINT(google-explicit-constructor)
    Loss(const std::string& word);  // NOLINT(google-explicit-constructor)
    Loss(CustomLoss function);      // NOLINT(google-explicit-constructor)

    bool takes_labels() const { return kind == LossKind::sparse_categorical_crossentropy; }
};

EVENKEEL_API const char* to_word(LossKind kind);
EVENKEEL_API std::span<const char* const> loss_words();

/// A number to watch. "accuracy" (argmax, or > ½ where the output is one value wide), "top_k_accuracy" (k =
/// 5, or "top_3_accuracy"), "mean_absolute_error" ("mae").
struct EVENKEEL_API Metric {
    enum class Kind { accuracy, top_k_accuracy, mean_absolute_error };
    Kind kind = Kind::accuracy;
    int k = 5;

    Metric() = default;
    Metric(const char* word);         // NOLINT(google-explicit-constructor)
    Metric(const std::string& word);  // NOLINT(google-explicit-constructor)
    std::string word() const;
};

}  // namespace evenkeel
