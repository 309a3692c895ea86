#pragma once

#include "plan/node.hpp"

namespace evenkeel {

/// z = x·W + b over the last axis. Where a BatchNormalization of the batch follows, b cancels in z − μ: it is
/// then left out here (`bias_cancels`), enters the moving mean only, and its gradient is exactly 0.
class DenseNode : public Node {
  public:
    DenseNode(const Pass& pass, Value in, Value out, const Variable& kernel, const Variable* bias);

    void forward(const Block& block) override;
    void backward(const Block& block) override;
    std::vector<WeightPart> weight_parts() const override;
    void weight_gradient(const WeightPart& part, float* gradient) override;

    const Variable* bias() const { return bias_; }
    void leave_bias_to(const class BatchNormalizationNode* next) { next_ = next; }

  private:
    bool adds_bias() const;

    Value in_, out_;
    const Variable& kernel_;
    const Variable* bias_;
    std::int64_t inputs_, units_, per_row_;  ///< per_row: rows of the matrix product in one row of the batch
    const BatchNormalizationNode* next_ = nullptr;
};

}  // namespace evenkeel
