#pragma once

#include <cstdint>
#include <vector>

#include "evenkeel/model/optimizer.hpp"
#include "evenkeel/model/variables.hpp"

namespace evenkeel {

/// One update of the optimizer: its constants for this step, applied to any range of any variable.
class Update {
  public:
    Update(const Optimizer& optimizer, const VariableLayout& layout);

    /// Fixes the constants of the step that follows `iteration` updates.
    void begin(std::int64_t iteration);

    /// w ← rule(w, g) for floats [offset, offset + size) of the weights, which lie within one trainable variable; gradient:
    /// [size]. Where nothing clips, the regularizer's gradient is added to it first.
    void apply(const Variable& variable, std::int64_t offset, std::int64_t size, float* gradient, float* weights,
               std::vector<Buffer<float>>& slots) const;

    /// True where an update is w ← w − learning_rate()·g and no more.
    bool is_plain(const Variable& variable) const;

    /// True where gradients must all be known before any weight may change.
    bool clips() const { return clip_value_ > 0 || clip_norm_ > 0 || global_clip_norm_ > 0; }

    /// Where there is something to clip: adds the regularizers' gradients (apply then leaves them out) and
    /// clips, in place.
    void clip(const float* weights, float* gradients) const;

    /// Σ over trainable variables of l1·Σ|w| + l2·Σw².
    double penalty(const float* weights) const;

    double learning_rate() const { return rate_; }

  private:
    static void add_regularizer(const Variable& variable, std::int64_t size, const float* weights, float* gradient);

    Optimizer optimizer_;
    const VariableLayout& layout_;
    double weight_decay_, clip_norm_, clip_value_, global_clip_norm_;
    bool decay_gamma_beta_;
    bool has_regularizers_;
    double rate_ = 0, alpha_ = 0;  ///< alpha: Adam's corrected rate
};

}  // namespace evenkeel
