#pragma once

#include "plan/node.hpp"
#include "plan/sparse_input.hpp"

namespace evenkeel {

/// z = x·W + b over the last axis. A BatchNormalization that follows takes b over: by μ of the batch it cancels, enters
/// the moving mean only, and its gradient is exactly 0 (`bias_cancels`); a moving mean is lessened by it once a pass, so
/// that inference has one pass over z behind the product.
class DenseNode : public Node {
  public:
    struct Room {
        float* turned;  ///< [turned_floats(most rows, inputs, units)]; null where backward does not go on
        float* panels;  ///< [kernels::panels_floats(inputs, units)]; null in training and where W is narrow
    };
    /// For what backward turns: Wᵀ, or ∂C/∂zᵀ and ∂C/∂xᵀ of each block.
    static std::int64_t turned_floats(std::int64_t most_rows, std::int64_t inputs, std::int64_t units);
    /// Fewer rows do not pay for a copy of W in panels (784 × 128, Zen 3: 20 to 40 µs, of which a row saves 0.15).
    static constexpr std::int64_t fewest_rows_of_panels = 512;
    /// Products of up to this many rows are taken row by row.
    static constexpr std::int64_t most_single_rows = 4;

    /// Of more rows, what two halves of z cost is more than what W costs that another core wrote.
    static constexpr std::int64_t most_rows_to_share = 256;

    DenseNode(const Pass& pass, Value in, Value out, const Variable& kernel, const Variable* bias, const Room& room);

    bool prepares_forward() const override { return uses_panels() || is_shared_by_inputs(); }
    void prepare_forward(std::int64_t index) override;
    void forward(const Block& block) override;
    void backward(const Block& block) override;
    std::vector<WeightPart> weight_parts() const override;
    void weight_gradient(const WeightPart& part, float* gradient) override;
    bool descends(const WeightPart& part) const override { return part.variable == &kernel_; }
    void descend(const WeightPart& part, float rate, float* scratch, float* weights) override;

    const Variable* bias() const { return bias_; }
    std::int64_t units() const { return units_; }
    /// x comes without its zeros where `sparse` says so. odd_inputs: [largest batch, units], null where nothing is trained.
    void read_sparse(const SparseInput* sparse, float* odd_inputs) {
        sparse_ = sparse;
        odd_inputs_ = odd_inputs;
    }
    void leave_bias_to(const class BatchNormalizationNode* next) { next_ = next; }

  private:
    bool bias_cancels() const;
    bool turns_gradients() const { return pass_.batch.rows * per_row_ <= most_rows_to_turn_; }
    bool turns_weights() const {
        return pass_.training && in_.gradient != nullptr && pass_.blocks > 1 && !turns_gradients();
    }
    bool uses_panels() const {
        return room_.panels != nullptr && !pass_.training && pass_.batch.rows * per_row_ >= fewest_rows_of_panels &&
               !is_sparse();
    }
    bool is_sparse() const { return sparse_ != nullptr && sparse_->on(); }
    bool reads_bytes() const { return sparse_ != nullptr && sparse_->bytes(0) != nullptr; }
    bool is_shared_by_inputs() const {
        return is_sparse() && odd_inputs_ != nullptr && pass_.training && pass_.blocks > 1 &&
               pass_.batch.rows <= most_rows_to_share;
    }
    std::int64_t rows_of_part() const;
    void multiply_sparse(const Block& block, float* z) const;
    void multiply_share(std::int64_t index) const;
    void turn_weights(const Block& block);
    void multiply_turned(std::int64_t m, const float* dz, float* turned, float* dx) const;
    void multiply_single_rows(std::int64_t rows, const float* x, float* z) const;
    void sparse_descent(const WeightPart& part, float rate, float* scratch, float* weights) const;
    void add_groups(const WeightPart& part, std::int64_t rows, float* gradient) const;

    Value in_, out_;
    const Variable& kernel_;
    const Variable* bias_;
    std::int64_t inputs_, units_, per_row_;  ///< per_row: rows of the matrix product in one row of the batch
    const BatchNormalizationNode* next_ = nullptr;

    std::int64_t most_rows_to_turn_;
    Room room_;
    const SparseInput* sparse_ = nullptr;
    float* odd_inputs_ = nullptr;  ///< [batch, units], the half of z that every other part of W gives
};

}  // namespace evenkeel
