#include "plan/activation_node.hpp"

#include "kernels/activation.hpp"

namespace evenkeel {

PointwiseNode::PointwiseNode(const Pass& pass, Value in, Value out, kernels::Pointwise g)
    : Node(pass), in_(std::move(in)), out_(std::move(out)), g_(g) {}

void PointwiseNode::forward(const Block& block) {
    kernels::activate(g_, block.rows() * in_.size, in_.row(block.row), out_.row(block.row));
}

void PointwiseNode::backward(const Block& block) {
    if (in_.gradient == nullptr) return;
    kernels::activate_backward(g_, block.rows() * in_.size, in_.row(block.row), out_.row(block.row),
                               out_.gradient_row(block.row), in_.gradient_row(block.row));
}

SoftmaxNode::SoftmaxNode(const Pass& pass, Value in, Value out)
    : Node(pass), in_(std::move(in)), out_(std::move(out)), width_(in_.shape.back()), per_row_(in_.size / width_) {}

void SoftmaxNode::forward(const Block& block) {
    kernels::softmax(block.rows() * per_row_, width_, in_.row(block.row), out_.row(block.row));
}

void SoftmaxNode::backward(const Block& block) {
    if (in_.gradient == nullptr) return;
    kernels::softmax_backward(block.rows() * per_row_, width_, out_.row(block.row), out_.gradient_row(block.row),
                              in_.gradient_row(block.row));
}

}  // namespace evenkeel
