#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// Losses of a block of rows, each row's own loss in `losses` [rows] and its gradient scaled by
/// weight[r]·scale (scale = 1/rows of the whole batch; weights null: 1) in `gradient` [rows, width].
/// Formulas: kernels/reference/loss.hpp.
struct LossBlock {
    std::int64_t rows = 0;
    std::int64_t width = 0;
    const float* predictions = nullptr;    ///< [rows, width]: logits or values, as the loss wants
    const std::int32_t* labels = nullptr;  ///< [rows]
    const float* targets = nullptr;        ///< [rows, width]
    const float* weights = nullptr;        ///< [rows]
    float scale = 1.0F;
    float* losses = nullptr;    ///< [rows]: unweighted
    float* gradient = nullptr;  ///< [rows, width]; null: not wanted
    double* scratch = nullptr;  ///< [3·width], of all but the fused sparse one
};

/// Softmax, cross-entropy and its gradient in one pass over the logits; probabilities [rows, width] may be
/// null.
void sparse_softmax_crossentropy(const LossBlock& block, float* probabilities);

void softmax_crossentropy(const LossBlock& block);
void sigmoid_crossentropy(const LossBlock& block);
void mean_squared_error(const LossBlock& block);
void huber(const LossBlock& block, float delta);
void categorical_crossentropy(const LossBlock& block);  ///< of probabilities; labels or targets
void binary_crossentropy(const LossBlock& block);

}  // namespace evenkeel::kernels
