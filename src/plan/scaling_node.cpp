#include "plan/scaling_node.hpp"

#include <utility>

#include "kernels/columns.hpp"

namespace evenkeel {

ScalingNode::ScalingNode(const Pass& pass, Value in, Value out, Buffer<float> scale, Buffer<float> offset)
    : Node(pass),
      in_(std::move(in)),
      out_(std::move(out)),
      scale_(std::move(scale)),
      offset_(std::move(offset)),
      zero_(scale_.size()) {}

void ScalingNode::forward(const Block& block) {
    const std::int64_t rows = block.rows() * in_.size / scale_.size();
    kernels::scale_columns(rows, scale_.size(), scale_.data(), offset_.data(), in_.row(block.row), out_.row(block.row));
}

void ScalingNode::backward(const Block& block) {
    if (in_.gradient == nullptr) return;
    const std::int64_t rows = block.rows() * in_.size / scale_.size();
    kernels::scale_columns(rows, scale_.size(), scale_.data(), zero_.data(), out_.gradient_row(block.row),
                           in_.gradient_row(block.row));
}

}  // namespace evenkeel
