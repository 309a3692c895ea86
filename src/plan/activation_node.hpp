#pragma once

#include "kernels/activation_shape.hpp"
#include "plan/node.hpp"

namespace evenkeel {

/// a = g(z), value by value. `out` may be `in` where g's slope can be read off a.
class PointwiseNode : public Node {
  public:
    PointwiseNode(const Pass& pass, Value in, Value out, kernels::Pointwise g);
    void forward(const Block& block) override;
    void backward(const Block& block) override;

  private:
    Value in_, out_;
    kernels::Pointwise g_;
};

/// p = softmax(z) over the last axis.
class SoftmaxNode : public Node {
  public:
    SoftmaxNode(const Pass& pass, Value in, Value out);
    void forward(const Block& block) override;
    void backward(const Block& block) override;

  private:
    Value in_, out_;
    std::int64_t width_, per_row_;
};

}  // namespace evenkeel
