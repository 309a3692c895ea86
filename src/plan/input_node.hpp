#pragma once

#include "evenkeel/core/buffer.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// Gathers the batch's rows from their source, turning bytes into floats and applying the model's leading
/// Rescaling or Normalization on the way: out = (x − subtract)·scale + offset.
class InputNode : public Node {
  public:
    InputNode(const Pass& pass, Value out) : Node(pass), out_(out) {}

    void forward(const Block& block) override;

    /// Constants of a leading Rescaling.
    void rescale(double scale, double offset);
    /// A leading Normalization: mean and variance per last-axis feature, [features], repeated over the row.
    void normalize(const float* mean, const float* variance, std::int64_t features);

  private:
    Value out_;
    Buffer<float> subtract_, scale_, offset_;
};

}  // namespace evenkeel
