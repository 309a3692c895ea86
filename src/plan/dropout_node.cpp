#include "plan/dropout_node.hpp"

#include <algorithm>
#include <utility>

#include "evenkeel/core/random.hpp"

namespace evenkeel {

DropoutNode::DropoutNode(const Pass& pass, Value in, Value out, double rate, const std::string& name, float* keep)
    : Node(pass),
      in_(std::move(in)),
      out_(std::move(out)),
      rate_(rate),
      purpose_(purpose_of("dropout", name.c_str())),
      keep_(keep) {}

void DropoutNode::forward(const Block& block) {
    const std::int64_t first = block.begin * in_.size, end = block.end * in_.size;
    if (!pass_.training || rate_ == 0) {
        if (out_.data != in_.data) std::copy(in_.data + first, in_.data + end, out_.data + first);
        return;
    }
    // A stream of its own for each step; the golden-ratio constant spreads consecutive steps over all 64
    // bits.
    const Random random(pass_.seed, purpose_ ^ (static_cast<std::uint64_t>(pass_.step) * 0x9e3779b97f4a7c15ULL));
    const auto scale = static_cast<float>(1.0 / (1.0 - rate_));
    for (std::int64_t i = first; i < end; ++i) {
        keep_[i] = random.uniform(static_cast<std::uint64_t>(i)) < rate_ ? 0.0F : scale;
        out_.data[i] = in_.data[i] * keep_[i];
    }
}

void DropoutNode::backward(const Block& block) {
    if (in_.gradient == nullptr) return;
    for (std::int64_t i = block.begin * in_.size; i < block.end * in_.size; ++i) {
        in_.gradient[i] = rate_ == 0 ? out_.gradient[i] : out_.gradient[i] * keep_[i];
    }
}

}  // namespace evenkeel
