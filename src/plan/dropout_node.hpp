#pragma once

#include <string>

#include "plan/node.hpp"

namespace evenkeel {

/// In training, out = in·keep with keep = 0 with probability `rate` and 1/(1 − rate) otherwise; elsewhere out
/// = in. The draw for (step, row, element) is a pure function of the seed: any thread gives the same mask.
class DropoutNode : public Node {
  public:
    /// `keep`: room for [largest batch, size] floats.
    DropoutNode(const Pass& pass, Value in, Value out, double rate, const std::string& name, float* keep);
    void forward(const Block& block) override;
    void backward(const Block& block) override;

  private:
    Value in_, out_;
    double rate_;
    std::uint64_t purpose_;
    float* keep_;
};

}  // namespace evenkeel
