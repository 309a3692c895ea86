#include "plan/batch_normalization_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"
#include "kernels/batch_normalization.hpp"
#include "kernels/batch_normalization_inner.hpp"

namespace evenkeel {
BatchNormalizationNode::BatchNormalizationNode(const Pass& pass, Value in, Value out, const BatchNormalization& layer,
                                               Variables variables, bool relu, std::int64_t largest_blocks)
    : Node(pass), in_(std::move(in)), out_(std::move(out)), layer_(layer), variables_(variables), relu_(relu) {
    const int rank = static_cast<int>(in_.shape.size()) + 1;
    const int axis = (layer_.axis < 0 ? layer_.axis + rank : layer_.axis) - 1;
    channels_ = in_.shape[axis];
    outer_per_row_ = inner_ = 1;
    for (int i = 0; i < axis; ++i) outer_per_row_ *= in_.shape[i];
    for (int i = axis + 1; i < rank - 1; ++i) inner_ *= in_.shape[i];
    for (Buffer<double>* b : {&mean_, &m2_, &sum_dy_, &sum_dy_xhat_}) *b = Buffer<double>(channels_);
    for (Buffer<double>* b : {&block_mean_, &block_m2_, &block_sum_dy_, &block_sum_dy_xhat_}) {
        *b = Buffer<double>(channels_ * largest_blocks);
    }
    for (Buffer<float>* b : {&mean_high_, &mean_low_, &inverse_, &scale_, &shift_, &mean_dy_, &slope_}) {
        *b = Buffer<float>(channels_);
    }
}

bool BatchNormalizationNode::uses_batch() const {
    return pass_.training && !layer_.frozen() && count() > 1;
}

bool BatchNormalizationNode::skips_batch() const {
    if (!lone_value() || layer_.single_value == SingleValue::use_moving) return false;
    if (layer_.single_value == SingleValue::skip) return true;
    fail_input(layer_.name,
               "more than one value per channel to normalize (a larger batch, or single_value = use_moving or skip)",
               fmt::format("a batch of {} row", pass_.batch.rows));
}

kernels::ChannelCoefficients BatchNormalizationNode::coefficients() {
    return {mean_high_.data(), mean_low_.data(), inverse_.data(), scale_.data(), shift_.data()};
}

void BatchNormalizationNode::prepare() {
    if (uses_batch()) return;
    kernels::channel_coefficients(channels_, pass_.statistics + variables_.moving_mean->offset,
                                  pass_.statistics + variables_.moving_variance->offset, weight(variables_.bias_before),
                                  layer_.epsilon, gamma(), beta(), coefficients());
}

void BatchNormalizationNode::look_forward(const Block& block) {
    double* mean = block_mean_.data() + block.index * channels_;
    double* m2 = block_m2_.data() + block.index * channels_;
    const std::int64_t outer = block.rows() * outer_per_row_;
    if (inner_ == 1) {
        kernels::block_moments(outer, channels_, in_.row(block.row), mean, m2);
    } else {
        kernels::block_moments_inner({outer, channels_, inner_}, in_.row(block.row), mean, m2);
    }
}

void BatchNormalizationNode::finish_forward() {
    const double per_row = static_cast<double>(outer_per_row_ * inner_);
    const std::int64_t rows = pass_.batch.rows, per_block = pass_.rows_of_block;
    std::copy_n(block_mean_.data(), channels_, mean_.data());
    std::copy_n(block_m2_.data(), channels_, m2_.data());
    for (std::int64_t block = 1; block < pass_.blocks; ++block) {
        const std::int64_t before = block * per_block, now = std::min(per_block, rows - before);
        kernels::merge_moments(channels_, per_row * static_cast<double>(before), mean_.data(), m2_.data(),
                               per_row * static_cast<double>(now), block_mean_.data() + block * channels_,
                               block_m2_.data() + block * channels_);
    }
    if (!kernels::channel_coefficients(channels_, mean_.data(), m2_.data(), static_cast<double>(count()),
                                       layer_.epsilon, gamma(), beta(), coefficients()))
        fail_at_first_not_finite();
    // What the moving mean will hear is the mean of what stood here with the bias that cancels.
    if (const float* bias = weight(variables_.bias_before))
        for (std::int64_t c = 0; c < channels_; ++c) mean_[c] += bias[c];
}

void BatchNormalizationNode::fail_at_first_not_finite() const {
    std::int64_t c = 0;
    while (std::isfinite(mean_[c]) && std::isfinite(m2_[c])) ++c;
    fail_work(fmt::format("{}, channel {}, step {}", layer_.name, c, pass_.step),
              "finite batch statistics (weights and moving statistics are left as they were)",
              fmt::format("mean {} and variance {}", mean_[c], m2_[c] / static_cast<double>(count())));
}

void BatchNormalizationNode::forward(const Block& block) {
    const float* x = in_.row(block.row);
    float* y = out_.row(block.row);
    const std::int64_t outer = block.rows() * outer_per_row_;
    if (inner_ == 1) {
        kernels::block_normalize(outer, channels_, x, mean_high_.data(), mean_low_.data(), scale_.data(), shift_.data(),
                                 relu_, y);
    } else {
        kernels::block_normalize_inner({outer, channels_, inner_}, x, mean_high_.data(), mean_low_.data(),
                                       scale_.data(), shift_.data(), relu_, y);
    }
}

void BatchNormalizationNode::look_backward(const Block& block) {
    if (out_.gradient == nullptr) return;
    const kernels::ChannelMoments moments{mean_high_.data(), mean_low_.data(), inverse_.data()};
    const float* x = in_.row(block.row);
    const float* a = relu_ ? out_.row(block.row) : nullptr;
    float* da = out_.gradient_row(block.row);
    // dy overwrites da: behind a tap, da is the gradient the next node gave, and dy its own buffer's.
    float* dy = in_.gradient != nullptr ? in_.gradient_row(block.row) : da;
    double* sum_dy = block_sum_dy_.data() + block.index * channels_;
    double* sum_dy_xhat = block_sum_dy_xhat_.data() + block.index * channels_;
    const std::int64_t outer = block.rows() * outer_per_row_;
    if (inner_ == 1) {
        kernels::block_backward_sums(outer, channels_, x, moments, a, da, dy, sum_dy, sum_dy_xhat);
    } else {
        kernels::block_backward_sums_inner({outer, channels_, inner_}, x, moments, a, da, dy, sum_dy, sum_dy_xhat);
    }
}

void BatchNormalizationNode::finish_backward() {
    if (out_.gradient == nullptr) return;
    std::copy_n(block_sum_dy_.data(), channels_, sum_dy_.data());
    std::copy_n(block_sum_dy_xhat_.data(), channels_, sum_dy_xhat_.data());
    for (std::int64_t block = 1; block < pass_.blocks; ++block) {
        for (std::int64_t c = 0; c < channels_; ++c) {
            sum_dy_[c] += block_sum_dy_[block * channels_ + c];
            sum_dy_xhat_[c] += block_sum_dy_xhat_[block * channels_ + c];
        }
    }
    // Moving statistics are constants: nothing flows back through them.
    const double share = uses_batch() ? 1.0 / static_cast<double>(count()) : 0.0;
    kernels::gradient_coefficients(channels_, sum_dy_.data(), sum_dy_xhat_.data(), share, inverse_.data(),
                                   mean_dy_.data(), slope_.data());
}

void BatchNormalizationNode::backward(const Block& block) {
    if (in_.gradient == nullptr) return;
    const float* x = in_.row(block.row);
    float* dx = in_.gradient_row(block.row);  // holds dy since look_backward
    const std::int64_t outer = block.rows() * outer_per_row_;
    if (inner_ == 1) {
        kernels::block_backward_input(outer, channels_, x, mean_high_.data(), mean_low_.data(), scale_.data(),
                                      mean_dy_.data(), slope_.data(), dx, dx);
    } else {
        kernels::block_backward_input_inner({outer, channels_, inner_}, x, mean_high_.data(), mean_low_.data(),
                                            scale_.data(), mean_dy_.data(), slope_.data(), dx, dx);
    }
}

std::vector<Node::WeightPart> BatchNormalizationNode::weight_parts() const {
    std::vector<WeightPart> parts;
    for (const Variable* v : {variables_.gamma, variables_.beta}) {
        if (v != nullptr && v->trainable) parts.push_back({v, v->offset, v->size, 0, 1});
    }
    return parts;
}

void BatchNormalizationNode::weight_gradient(const WeightPart& part, float* gradient) {
    const Buffer<double>& sums = part.variable == variables_.gamma ? sum_dy_xhat_ : sum_dy_;
    for (std::int64_t c = 0; c < channels_; ++c) gradient[c] = static_cast<float>(sums[c]);
}

void BatchNormalizationNode::commit_statistics(VariableValues& values) const {
    if (!uses_batch() || !layer_.update_statistics) return;
    std::int64_t& t = values.updates[static_cast<std::size_t>(variables_.updates_index)];
    // Weight of the new value: (1−d), or debiased (1−d)/(1−dᵗ), which is 1 for the first batch (design:
    // debiased).
    double share = 1.0 - layer_.momentum;
    if (t >= 0) {
        ++t;
        share = layer_.momentum >= 1.0 ? 0.0 : share / (1.0 - std::pow(layer_.momentum, static_cast<double>(t)));
    }
    const double m = static_cast<double>(count());
    const double divisor = layer_.moving_variance == MovingVariance::unbiased ? m - 1 : m;
    kernels::move_statistics(channels_, share, mean_.data(), m2_.data(), divisor,
                             values.statistics.data() + variables_.moving_mean->offset,
                             values.statistics.data() + variables_.moving_variance->offset);
}

}  // namespace evenkeel
