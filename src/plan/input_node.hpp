#pragma once

#include <string>
#include <utility>

#include "evenkeel/core/buffer.hpp"
#include "plan/node.hpp"
#include "plan/sparse_input.hpp"

namespace evenkeel {

/// Gathers the batch's rows from their source, turning bytes into floats and applying the model's leading
/// Rescaling or Normalization on the way: out = (x − subtract)·scale + offset.
class InputNode : public Node {
  public:
    InputNode(const Pass& pass, Value out, std::string name, std::int64_t largest_blocks)
        : Node(pass), out_(std::move(out)), name_(std::move(name)), finite_(largest_blocks) {}

    /// Not where what is found is known already.
    bool looks_at_batch() const override {
        return may_be_sparse() && !sparse_->on() && (pass_.training || pass_.batch.rows >= SparseInput::fewest_rows);
    }
    void look_forward(const Block& block) override;
    void finish_forward() override;
    void forward(const Block& block) override;
    /// After all blocks of a training batch: throws Error{work} naming the first number that is not finite.
    /// What comes behind cannot be relied on to show it: a sigmoid makes 1 of ∞, whose weight gradient is
    /// ∞·0.
    void finish() const;

    /// Constants of a leading Rescaling.
    void rescale(double scale, double offset);
    /// A leading Normalization: mean and variance per last-axis feature, [features], repeated over the row.
    void normalize(const float* mean, const float* variance, std::int64_t features);

    /// Sparse batches go to `sparse`, which the first Dense reads, and whole rows are written only where `keep` says so.
    void leave_sparse_to(SparseInput* sparse, bool keep) {
        sparse_ = sparse;
        keep_ = keep;
    }

    /// By what numbers are multiplied, where they are not moved and one scale is for all; else 0.
    float only_scale() const;

  private:
    /// The batch's rows and what becomes of their numbers.
    kernels::GatherSource source() const;
    bool may_be_sparse() const { return sparse_ != nullptr; }
    bool is_sparse() const { return sparse_ != nullptr && sparse_->on(); }
    bool stays_bytes() const { return sparse_ != nullptr && sparse_->bytes(0) != nullptr; }
    bool is_finite(const Block& block) const;

    Value out_;
    std::string name_;
    Buffer<std::int32_t> finite_;  ///< of each block
    Buffer<float> subtract_, scale_, offset_;
    SparseInput* sparse_ = nullptr;
    bool keep_ = false;
};

}  // namespace evenkeel
