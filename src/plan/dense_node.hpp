#pragma once

#include "plan/active_columns.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// z = x·W + b over the last axis. Where a BatchNormalization of the batch follows, b cancels in z − μ: it is
/// then left out here (`bias_cancels`), enters the moving mean only, and its gradient is exactly 0.
class DenseNode : public Node {
  public:
    /// transposed: room for Wᵀ, [units, inputs]; null where backward does not go on.
    DenseNode(const Pass& pass, Value in, Value out, const Variable& kernel, const Variable* bias, float* transposed);

    /// Where features of the batch are inactive: blocks copy the active rows of W.
    bool looks_at_batch() const override { return compact(); }
    void look_forward(const Block& block) override;
    void forward(const Block& block) override;
    void backward(const Block& block) override;
    std::vector<WeightPart> weight_parts() const override;
    void weight_gradient(const WeightPart& part, float* gradient) override;
    std::optional<std::span<const std::int32_t>> rows_with_gradient(const WeightPart& part) const override;

    const Variable* bias() const { return bias_; }
    /// x comes compact, in `x`, where `active` says so; kernel: room for the active rows of W, [inputs, units].
    void read_compact(const ActiveColumns* active, const float* x, float* kernel);
    void leave_bias_to(const class BatchNormalizationNode* next) { next_ = next; }

  private:
    bool adds_bias() const;
    bool uses_transposed() const { return pass_.training && in_.gradient != nullptr && pass_.blocks > 1; }
    bool compact() const { return active_ != nullptr && active_->on(); }

    Value in_, out_;
    const Variable& kernel_;
    const Variable* bias_;
    std::int64_t inputs_, units_, per_row_;  ///< per_row: rows of the matrix product in one row of the batch
    const BatchNormalizationNode* next_ = nullptr;

    float* transposed_;

    const ActiveColumns* active_ = nullptr;
    const float* compact_x_ = nullptr;  ///< [rows, active], rows stride() apart
    float* compact_kernel_ = nullptr;   ///< [active, units]
};

}  // namespace evenkeel
