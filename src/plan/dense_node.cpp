#include "plan/dense_node.hpp"

#include <algorithm>

#include "kernels/columns.hpp"
#include "kernels/gemm.hpp"
#include "kernels/row_product.hpp"
#include "kernels/transpose.hpp"
#include "plan/batch_normalization_node.hpp"

namespace evenkeel {
namespace {

using kernels::Transpose;

// Rows of a kernel's gradient that one thread computes at a time: few enough to share out, many enough that
// the product keeps within 2 % of the speed of the whole (measured on 784 × 128 at batches of 32 to 512).
constexpr std::int64_t gradient_rows = 112;

}  // namespace

DenseNode::DenseNode(const Pass& pass, Value in, Value out, const Variable& kernel, const Variable* bias,
                     float* transposed)
    : Node(pass),
      in_(std::move(in)),
      out_(std::move(out)),
      kernel_(kernel),
      bias_(bias),
      inputs_(kernel.shape[0]),
      units_(kernel.shape[1]),
      per_row_(in_.size / inputs_),
      transposed_(transposed) {}

bool DenseNode::adds_bias() const {
    return bias_ != nullptr && (next_ == nullptr || !next_->uses_batch());
}

void DenseNode::read_compact(const ActiveColumns* active, const float* x, float* kernel) {
    active_ = active;
    compact_x_ = x;
    compact_kernel_ = kernel;
}

void DenseNode::look_forward(const Block& block) {
    const auto columns = active_->columns();
    const auto count = static_cast<std::int64_t>(columns.size());
    const std::int64_t end = count * (block.index + 1) / pass_.blocks;
    for (std::int64_t i = count * block.index / pass_.blocks; i < end; ++i) {
        const float* row = pass_.weights + kernel_.offset + columns[static_cast<std::size_t>(i)] * units_;
        std::copy_n(row, units_, compact_kernel_ + i * units_);
    }
}

void DenseNode::forward(const Block& block) {
    const std::int64_t m = block.rows() * per_row_;
    float* z = out_.row(block.begin);
    // Blocks share the work of turning W for backward, which comes when all of forward is done. Each product would turn it
    // by itself otherwise: at 100 × 100 and blocks of 16 rows that takes as long as the product.
    if (uses_transposed()) {
        kernels::transpose(inputs_, units_, inputs_ * block.index / pass_.blocks,
                           inputs_ * (block.index + 1) / pass_.blocks, pass_.weights + kernel_.offset, transposed_);
    }
    if (compact()) {
        kernels::gemm(Transpose::no, Transpose::no, m, units_, static_cast<std::int64_t>(active_->columns().size()),
                      compact_x_ + block.begin * active_->stride(), active_->stride(), compact_kernel_, units_, 0.0F, z,
                      units_);
    } else if (m <= kernels::most_single_rows) {
        for (std::int64_t r = 0; r < m; ++r) {
            kernels::row_product(inputs_, units_, in_.row(block.begin) + r * inputs_, pass_.weights + kernel_.offset,
                                 z + r * units_);
        }
    } else {
        kernels::gemm(Transpose::no, Transpose::no, m, units_, inputs_, in_.row(block.begin), inputs_,
                      pass_.weights + kernel_.offset, units_, 0.0F, z, units_);
    }
    if (adds_bias()) kernels::add_bias(m, units_, pass_.weights + bias_->offset, z);
}

void DenseNode::backward(const Block& block) {
    if (in_.gradient == nullptr) return;
    const bool turned = uses_transposed();
    kernels::gemm(Transpose::no, turned ? Transpose::no : Transpose::yes, block.rows() * per_row_, inputs_, units_,
                  out_.gradient_row(block.begin), units_, turned ? transposed_ : pass_.weights + kernel_.offset,
                  turned ? inputs_ : units_, 0.0F, in_.gradient_row(block.begin), inputs_);
}

std::vector<Node::WeightPart> DenseNode::weight_parts() const {
    std::vector<WeightPart> parts;
    if (kernel_.trainable) {
        for (std::int64_t row = 0; row < inputs_; row += gradient_rows) {
            const std::int64_t rows = std::min(gradient_rows, inputs_ - row);
            parts.push_back({&kernel_, kernel_.offset + row * units_, rows * units_, row, rows});
        }
    }
    if (bias_ != nullptr && bias_->trainable) parts.push_back({bias_, bias_->offset, bias_->size, 0, 1});
    return parts;
}

void DenseNode::weight_gradient(const WeightPart& part, float* gradient) {
    const std::int64_t m = pass_.batch.rows * per_row_;
    if (part.variable == &kernel_ && compact()) {
        const auto rows =
            static_cast<std::int64_t>(active_->columns(part.first_row, part.first_row + part.rows).size());
        if (rows == 0) return;
        kernels::gemm(Transpose::yes, Transpose::no, rows, units_, m, compact_x_ + active_->before(part.first_row),
                      active_->stride(), out_.gradient, units_, 0.0F, gradient, units_);
    } else if (part.variable == &kernel_) {
        kernels::gemm(Transpose::yes, Transpose::no, part.rows, units_, m, in_.data + part.first_row, inputs_,
                      out_.gradient, units_, 0.0F, gradient, units_);
    } else if (adds_bias()) {
        kernels::column_sums(m, units_, out_.gradient, gradient);
    } else {
        std::fill_n(gradient, part.size, 0.0F);
    }
}

std::optional<std::span<const std::int32_t>> DenseNode::rows_with_gradient(const WeightPart& part) const {
    if (part.variable != &kernel_ || !compact()) return {};
    return active_->columns(part.first_row, part.first_row + part.rows);
}

}  // namespace evenkeel
