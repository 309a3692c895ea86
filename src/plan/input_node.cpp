#include "plan/input_node.hpp"

#include <algorithm>
#include <cmath>

namespace evenkeel {

void InputNode::forward(const Block& block) {
    kernels::GatherSource source = pass_.batch.x;
    source.subtract = subtract_.data();
    source.scale = scale_.data();
    source.offset = offset_.data();
    kernels::gather(source, block.begin, block.end, out_.row(block.begin));
    // The next batch's rows travel from memory while this block's products are computed.
    if (pass_.next != nullptr)
        kernels::prefetch_rows(pass_.next->x, block.begin, std::min(block.end, pass_.next->rows));
}

void InputNode::rescale(double scale, double offset) {
    scale_ = Buffer<float>(out_.size);
    std::fill_n(scale_.data(), out_.size, static_cast<float>(scale));
    if (offset == 0) return;
    offset_ = Buffer<float>(out_.size);
    std::fill_n(offset_.data(), out_.size, static_cast<float>(offset));
}

void InputNode::normalize(const float* mean, const float* variance, std::int64_t features) {
    if (scale_.size() != out_.size) {
        subtract_ = Buffer<float>(out_.size);
        scale_ = Buffer<float>(out_.size);
    }
    for (std::int64_t i = 0; i < out_.size; ++i) {
        subtract_[i] = mean[i % features];
        scale_[i] = 1.0F / std::max(std::sqrt(variance[i % features]), 1e-7F);
    }
}

}  // namespace evenkeel
