#pragma once

#include <string>

#include "evenkeel/core/buffer.hpp"
#include "kernels/channel_coefficients.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// Batch normalization, with the ReLU behind it where there is one.
///   forward    blocks: mean and M2 of their rows · once: merge them in order, μ (two floats), 1/√(σ²+ε) ·
///   blocks: normalize backward   blocks: Σdy, Σdy·ẑ · once: merge, ∂C/∂β, ∂C/∂γ · blocks: ∂C/∂z
/// Moving statistics are not touched: the batch's own wait here until commit_statistics().
class BatchNormalizationNode : public Node {
  public:
    struct Variables {
        const Variable* gamma;  ///< null where scale is false
        const Variable* beta;   ///< null where center is false
        const Variable* moving_mean;
        const Variable* moving_variance;
        const Variable* bias_before;  ///< of a Dense right before that leaves its bias to this node; or null
        int updates_index;            ///< into VariableValues::updates
    };

    BatchNormalizationNode(const Pass& pass, Value in, Value out, const BatchNormalization& layer, Variables variables,
                           bool relu, std::int64_t largest_blocks);

    bool looks_at_batch() const override { return uses_batch(); }
    void look_forward(const Block& block) override;
    void finish_forward() override;
    void forward(const Block& block) override;
    bool looks_at_gradient() const override { return pass_.training; }
    void look_backward(const Block& block) override;
    void finish_backward() override;
    void backward(const Block& block) override;
    std::vector<WeightPart> weight_parts() const override;
    void weight_gradient(const WeightPart& part, float* gradient) override;

    /// True while this pass normalizes by the batch: in training, unless frozen or a lone value falls back.
    bool uses_batch() const;
    /// What to do with this pass's batch: throws for SingleValue::error; true for skip.
    bool skips_batch() const;
    /// Moves the moving statistics by the last training batch's; once per successful step.
    void commit_statistics(VariableValues& values) const;
    /// Coefficients from the moving statistics, for passes that do not use the batch. Call before the first
    /// block.
    void prepare();

    const std::string& name() const { return layer_.name; }

  private:
    std::int64_t count() const { return pass_.batch.rows * outer_per_row_ * inner_; }
    bool lone_value() const { return pass_.training && !layer_.frozen() && count() == 1; }
    kernels::ChannelCoefficients coefficients();
    [[noreturn]] void fail_at_first_not_finite() const;
    const float* gamma() const { return weight(variables_.gamma); }
    const float* beta() const { return weight(variables_.beta); }
    const float* weight(const Variable* v) const { return v != nullptr ? pass_.weights + v->offset : nullptr; }

    Value in_, out_;
    BatchNormalization layer_;
    Variables variables_;
    bool relu_;
    std::int64_t channels_, outer_per_row_, inner_;

    // Doubles: batch mean and M2, then Σdy and Σdy·ẑ; and each of these per block.
    Buffer<double> mean_, m2_, sum_dy_, sum_dy_xhat_;
    Buffer<double> block_mean_, block_m2_, block_sum_dy_, block_sum_dy_xhat_;
    // Coefficients that the kernels read, [channels] each.
    Buffer<float> mean_high_, mean_low_, inverse_, scale_, shift_, mean_dy_, slope_;
};

}  // namespace evenkeel
