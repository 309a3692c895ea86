#pragma once

#include "evenkeel/core/buffer.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// y = x·scale + offset per last-axis feature, with constants: a Rescaling or Normalization that is not the
/// model's first layer (the first is part of gathering the batch).
class ScalingNode : public Node {
  public:
    /// scale, offset: one a last-axis feature.
    ScalingNode(const Pass& pass, Value in, Value out, Buffer<float> scale, Buffer<float> offset);
    void forward(const Block& block) override;
    void backward(const Block& block) override;

  private:
    Value in_, out_;
    Buffer<float> scale_, offset_, zero_;
};

}  // namespace evenkeel
