#include "plan/input_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "evenkeel/core/error.hpp"
#include "kernels/columns.hpp"

namespace evenkeel {

// A zero must stay one: scaled, but not moved. So the scale is a Rescaling's, one for all features.
float InputNode::only_scale() const {
    if (subtract_.size() > 0 || offset_.size() > 0) return 0;
    return scale_.size() > 0 ? scale_[0] : 1;
}

kernels::GatherSource InputNode::source() const {
    kernels::GatherSource source = pass_.batch.x;
    source.subtract = subtract_.data();
    source.scale = scale_.data();
    source.offset = offset_.data();
    return source;
}

void InputNode::look_forward(const Block& block) {
    sparse_->look(source(), block);
}

void InputNode::finish_forward() {
    sparse_->finish(source(), pass_.batch.rows, pass_.blocks, pass_.training);
}

void InputNode::forward(const Block& block) {
    const kernels::GatherSource source = this->source();
    if (!(is_sparse() || stays_bytes()) || keep_) kernels::gather(source, block.begin, block.end, out_.row(block.row));
    if (pass_.training) finite_[block.index] = source.floats == nullptr || is_finite(block);
}

bool InputNode::is_finite(const Block& block) const {
    if (!is_sparse()) return kernels::all_finite(block.rows() * out_.size, out_.row(block.row));
    const std::span<const float> numbers = sparse_->numbers(block);
    return kernels::all_finite(static_cast<std::int64_t>(numbers.size()), numbers.data());
}

void InputNode::finish() const {
    if (!pass_.training) return;
    const std::span<const std::int32_t> blocks(finite_.data(), static_cast<std::size_t>(pass_.blocks));
    if (std::find(blocks.begin(), blocks.end(), 0) == blocks.end()) return;
    if (is_sparse()) kernels::gather(source(), 0, pass_.batch.rows, out_.data);  // for the message
    const std::int64_t size = pass_.batch.rows * out_.size;
    const float* bad = std::find_if(out_.data, out_.data + size, [](float x) { return !std::isfinite(x); });
    const std::int64_t at = bad - out_.data;
    fail_work(fmt::format("{}, channel {}, step {}", name_, at % out_.size, pass_.step),
              "finite numbers (weights and moving statistics are left as they were)",
              fmt::format("{} in row {} of the batch", *bad, at / out_.size));
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
