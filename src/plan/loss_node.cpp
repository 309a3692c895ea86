#include "plan/loss_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"
#include "kernels/activation.hpp"
#include "kernels/columns.hpp"
#include "kernels/loss.hpp"

namespace evenkeel {

LossNode::LossNode(const Pass& pass, Value logits, Value predictions, const Loss& loss, std::vector<Metric> metrics,
                   Fusion fusion, std::int64_t largest_batch, std::int64_t largest_blocks)
    : Node(pass),
      logits_(std::move(logits)),
      predictions_(std::move(predictions)),
      loss_(loss),
      metrics_(std::move(metrics)),
      fusion_(fusion),
      width_(predictions_.size),
      labels_(loss.takes_labels() ? largest_batch : 0),
      targets_(loss.takes_labels() ? 0 : largest_batch * width_),
      weights_(largest_batch),
      losses_(largest_batch),
      block_loss_(largest_blocks),
      block_metrics_(largest_blocks * static_cast<std::int64_t>(metrics_.size())),
      block_scratch_(3 * width_ * largest_blocks),
      block_finite_(largest_blocks) {
    if (metrics_.size() > most_metrics) {
        fail_input("metrics", fmt::format("at most {}", most_metrics), fmt::format("{}", metrics_.size()));
    }
}

void LossNode::gather_answers(const Block& block) {
    const BatchView& batch = pass_.batch;
    for (std::int64_t r = block.begin; r < block.end; ++r) {
        const std::int64_t row = batch.source_row(r);
        if (labels_.size() > 0) {
            labels_[r] = batch.labels[row];
        } else {
            std::copy_n(batch.targets + row * width_, width_, targets_.data() + r * width_);
        }
        weights_[r] = batch.weights != nullptr ? batch.weights[row] : 1.0F;
    }
}

void LossNode::forward(const Block& block) {
    gather_answers(block);
    const bool wants_gradient = pass_.training && logits_.gradient != nullptr;
    kernels::LossBlock rows;
    rows.rows = block.rows();
    rows.width = width_;
    rows.predictions = logits_.row(block.row);
    rows.labels = labels_.size() > 0 ? labels_.data() + block.begin : nullptr;
    rows.targets = labels_.size() > 0 ? nullptr : targets_.data() + block.begin * width_;
    rows.weights = weights_.data() + block.begin;
    rows.scale = static_cast<float>(1.0 / static_cast<double>(pass_.batch.rows));
    rows.losses = losses_.data() + block.begin;
    rows.gradient = wants_gradient ? logits_.gradient_row(block.row) : nullptr;
    rows.scratch = block_scratch_.data() + 3 * width_ * block.index;

    const bool softmax_logits = fusion_ == Fusion::softmax || loss_.from_logits;
    float* probabilities = predictions_.row(block.row);
    switch (loss_.kind) {
        case LossKind::sparse_categorical_crossentropy:
            if (fusion_ == Fusion::softmax) {
                kernels::sparse_softmax_crossentropy(rows, probabilities);
            } else if (loss_.from_logits) {
                kernels::softmax_crossentropy(rows);
            } else {
                kernels::categorical_crossentropy(rows);
            }
            break;
        case LossKind::categorical_crossentropy:
            softmax_logits ? kernels::softmax_crossentropy(rows) : kernels::categorical_crossentropy(rows);
            if (fusion_ == Fusion::softmax) kernels::softmax(rows.rows, width_, rows.predictions, probabilities);
            break;
        case LossKind::binary_crossentropy:
            fusion_ == Fusion::sigmoid || loss_.from_logits ? kernels::sigmoid_crossentropy(rows)
                                                            : kernels::binary_crossentropy(rows);
            if (fusion_ == Fusion::sigmoid) {
                kernels::activate({kernels::PointwiseKind::sigmoid}, rows.rows * width_, rows.predictions,
                                  probabilities);
            }
            break;
        case LossKind::mean_squared_error:
            kernels::mean_squared_error(rows);
            break;
        case LossKind::huber:
            kernels::huber(rows, static_cast<float>(loss_.delta));
            break;
        case LossKind::custom:
            break;  // once for the whole batch, in finish()
    }
    double sum = 0;
    if (loss_.kind != LossKind::custom) {
        for (std::int64_t r = 0; r < rows.rows; ++r) sum += static_cast<double>(rows.losses[r]) * rows.weights[r];
    }
    block_loss_[block.index] = sum;
    block_finite_[block.index] = rows.gradient == nullptr || kernels::all_finite(rows.rows * width_, rows.gradient);
    measure(block);
}

void LossNode::measure(const Block& block) {
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
        double sum = 0;
        for (std::int64_t r = block.begin; r < block.end; ++r) {
            const float* p = predictions_.row(r);
            const float* t = targets_.data() + (labels_.size() > 0 ? 0 : r * width_);
            if (metrics_[m].kind == Metric::Kind::mean_absolute_error) {
                double error = 0;
                for (std::int64_t j = 0; j < width_; ++j) {
                    const float target = labels_.size() > 0 ? (j == labels_[r] ? 1.0F : 0.0F) : t[j];
                    error += std::abs(static_cast<double>(p[j]) - target);
                }
                sum += error / static_cast<double>(width_);
            } else if (width_ == 1) {
                const float answer = labels_.size() > 0 ? static_cast<float>(labels_[r]) : t[0];
                sum += (p[0] > 0.5F) == (answer > 0.5F) ? 1 : 0;
            } else {
                const std::int64_t label = labels_.size() > 0 ? labels_[r] : std::max_element(t, t + width_) - t;
                // Accuracy is argmax, the first of equals; top k counts how many beat the label.
                if (metrics_[m].kind == Metric::Kind::accuracy) {
                    sum += std::max_element(p, p + width_) - p == label ? 1 : 0;
                } else {
                    const auto better = std::count_if(p, p + width_, [&](float q) { return q > p[label]; });
                    sum += better < metrics_[m].k ? 1 : 0;
                }
            }
        }
        block_metrics_[block.index * static_cast<std::int64_t>(metrics_.size()) + static_cast<std::int64_t>(m)] = sum;
    }
}

void LossNode::finish() {
    const double rows = static_cast<double>(pass_.batch.rows);
    bool finite = true;
    double loss = 0;
    std::fill(metric_sums_.begin(), metric_sums_.end(), 0.0);
    for (std::int64_t block = 0; block < pass_.blocks; ++block) {
        loss += block_loss_[block];
        finite = finite && block_finite_[block] != 0;
        for (std::size_t m = 0; m < metrics_.size(); ++m) {
            metric_sums_[m] +=
                block_metrics_[block * static_cast<std::int64_t>(metrics_.size()) + static_cast<std::int64_t>(m)];
        }
    }
    mean_loss_ = loss / rows;
    if (loss_.kind == LossKind::custom) {
        const auto n = static_cast<std::size_t>(pass_.batch.rows * width_);
        std::span<float> gradient;
        std::vector<float> unused;
        if (logits_.gradient != nullptr) {
            gradient = {logits_.gradient, n};
        } else {
            unused.resize(n);
            gradient = unused;
        }
        mean_loss_ = loss_.custom({predictions_.data, n}, {targets_.data(), n}, pass_.batch.rows, width_, gradient);
        finite = kernels::all_finite(static_cast<std::int64_t>(n), gradient.data());
    }
    if (pass_.training && (!finite || !std::isfinite(mean_loss_))) {
        fail_work(fmt::format("loss, step {}", pass_.step),
                  "a finite loss and gradient (weights and moving statistics are left as they were)",
                  std::isfinite(mean_loss_) ? std::string("a gradient that is not") : fmt::format("{}", mean_loss_));
    }
}

}  // namespace evenkeel
