#pragma once

#include <array>
#include <vector>

#include "evenkeel/core/buffer.hpp"
#include "evenkeel/model/loss.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// The loss, its gradient and the metrics, row by row; sums are merged over the blocks in their order. With a
/// softmax (or sigmoid) right before a cross-entropy, both are one function of the logits, exact where
/// probabilities round to 0.
class LossNode : public Node {
  public:
    /// How the last activation and the loss go together.
    enum class Fusion { none, softmax, sigmoid };

    /// `predictions`: what predict gives. `logits`: what stands before a fused softmax or sigmoid (equal to
    /// predictions without fusion). `losses`, `row_gradients` …: room for the largest batch.
    LossNode(const Pass& pass, Value logits, Value predictions, const Loss& loss, std::vector<Metric> metrics,
             Fusion fusion, std::int64_t largest_batch, std::int64_t largest_blocks);

    bool looks_at_batch() const override { return false; }
    void forward(const Block& block) override;
    /// Merges the blocks' sums; calls a custom loss. Throws Error{work} where the loss or its gradient is not
    /// finite in training.
    void finish();

    double mean_loss() const { return mean_loss_; }
    const std::array<double, most_metrics>& metric_sums() const { return metric_sums_; }

  private:
    void gather_answers(const Block& block);
    void measure(const Block& block);

    Value logits_, predictions_;
    Loss loss_;
    std::vector<Metric> metrics_;
    Fusion fusion_;
    std::int64_t width_;
    Buffer<std::int32_t> labels_;
    Buffer<float> targets_, weights_, losses_;
    Buffer<double> block_loss_, block_metrics_, block_scratch_;
    Buffer<std::int32_t> block_finite_;
    double mean_loss_ = 0;
    std::array<double, most_metrics> metric_sums_ = {};
};

}  // namespace evenkeel
