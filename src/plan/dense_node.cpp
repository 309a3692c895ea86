#include "plan/dense_node.hpp"

#include <algorithm>

#include "kernels/columns.hpp"
#include "kernels/gemm.hpp"
#include "kernels/panels.hpp"
#include "kernels/product.hpp"
#include "kernels/sparse.hpp"
#include "kernels/transpose.hpp"
#include "plan/batch_normalization_node.hpp"

namespace evenkeel {
namespace {

using kernels::Transpose;

// Rows of a kernel's gradient that one thread computes at a time: few enough to share out, many enough that
// the product keeps within 2 % of the speed of the whole (measured on 784 × 128 at batches of 32 to 512).
constexpr std::int64_t gradient_rows = SparseInput::range;

// Rows of W that a single row is multiplied with at a time: of 128 columns 28 kB, which stay in the first-level cache while one
// half of the columns is summed up after the other.
constexpr std::int64_t range_of_single_row = 56;

// A strip of dz has as many columns as keep it in the first-level cache, and enough to be worth reading an index.
constexpr std::int64_t floats_of_strip = 8192, narrowest_strip = 64;

// Of up to so many rows, with few enough inputs, ∂C/∂x = ∂C/∂z·Wᵀ is taken as (W·∂C/∂zᵀ)ᵀ. Rows fill whole vectors, which W's
// inputs seldom do, and two threads need not read from one another a W that they turned together: so up to three times as many
// numbers may be turned (100 × 100 and 128 rows, Zen 5: 3 % of a step; of 512 rows it would lose 9 %).
constexpr std::int64_t most_rows_to_turn(std::int64_t inputs, std::int64_t units) {
    return inputs > kernels::widest_narrow ? 0 : (3 * inputs * units - 1) / (inputs + units);
}

constexpr std::int64_t up_to_quarter(std::int64_t rows) {
    return (rows + 3) / 4 * 4;
}

}  // namespace

DenseNode::DenseNode(const Pass& pass, Value in, Value out, const Variable& kernel, const Variable* bias,
                     const Room& room)
    : Node(pass),
      in_(std::move(in)),
      out_(std::move(out)),
      kernel_(kernel),
      bias_(bias),
      inputs_(kernel.shape[0]),
      units_(kernel.shape[1]),
      per_row_(in_.size / inputs_),
      most_rows_to_turn_(most_rows_to_turn(inputs_, units_)),
      room_(room) {}

std::int64_t DenseNode::turned_floats(std::int64_t most_rows, std::int64_t inputs, std::int64_t units) {
    const std::int64_t rows = up_to_quarter(std::min(most_rows, most_rows_to_turn(inputs, units)));
    return std::max(inputs * units, rows * (inputs + units));
}

bool DenseNode::bias_cancels() const {
    return next_ != nullptr && next_->uses_batch();
}

// So few rows give a matrix product nothing to reuse, and a unit that a ReLU switched off need not be multiplied.
void DenseNode::multiply_single_rows(std::int64_t rows, const float* x, float* z) const {
    for (std::int64_t r = 0; r < rows; ++r, x += inputs_, z += units_) {
        for (std::int64_t first = 0; first < inputs_; first += range_of_single_row) {
            float values[range_of_single_row + kernels::squeeze_margin];
            std::uint8_t places[range_of_single_row + kernels::squeeze_margin];
            const kernels::SparseView row{
                kernels::squeeze(std::min(range_of_single_row, inputs_ - first), x + first, values, places), values,
                places};
            kernels::sparse_product(1, &row, units_, pass_.weights + kernel_.offset + first * units_, units_,
                                    first == 0 ? kernels::Sums::begin : kernels::Sums::go_on, z, units_);
        }
    }
}

void DenseNode::prepare_forward(const Block& block) {
    if (!uses_panels()) return;
    kernels::pack_panels(inputs_, units_, inputs_ * block.index / pass_.blocks,
                         inputs_ * (block.index + 1) / pass_.blocks, pass_.weights + kernel_.offset, room_.panels);
}

void DenseNode::forward(const Block& block) {
    const std::int64_t m = block.rows() * per_row_;
    float* z = out_.row(block.row);
    if (turns_weights()) turn_weights(block);
    if (is_sparse()) {
        sparse_forward(block, z);
    } else if (pass_.batch.rows * per_row_ <= most_single_rows) {
        multiply_single_rows(m, in_.row(block.row), z);
    } else if (kernels::is_narrow(units_)) {
        kernels::narrow_product(m, units_, inputs_, in_.row(block.row), pass_.weights + kernel_.offset, z);
    } else if (uses_panels()) {
        kernels::panels_product(m, units_, inputs_, in_.row(block.row), room_.panels, z);
    } else {
        kernels::gemm(Transpose::no, Transpose::no, m, units_, inputs_, 1.0F, in_.row(block.row), inputs_,
                      pass_.weights + kernel_.offset, units_, 0.0F, z, units_);
    }
    if (bias_ != nullptr && next_ == nullptr) kernels::add_bias(m, units_, pass_.weights + bias_->offset, z);
}

// Blocks share the work of turning W for backward, which comes when all of forward is done. Each product would turn it
// by itself otherwise: at 100 × 100 and blocks of 16 rows that takes as long as the product.
void DenseNode::turn_weights(const Block& block) {
    const std::int64_t begin = inputs_ * block.index / pass_.blocks, end = inputs_ * (block.index + 1) / pass_.blocks;
    kernels::transpose(end - begin, units_, pass_.weights + kernel_.offset + begin * units_, units_,
                       room_.turned + begin, inputs_);
}

void DenseNode::backward(const Block& block) {
    if (is_sparse() && kernel_.trainable) cut_strips(block);
    if (in_.gradient == nullptr) return;
    const std::int64_t m = block.rows() * per_row_;
    const float *dz = out_.gradient_row(block.row), *w = pass_.weights + kernel_.offset;
    float* dx = in_.gradient_row(block.row);
    if (turns_gradients()) {
        multiply_turned(m, dz, room_.turned + block.row * per_row_ * (units_ + inputs_), dx);
    } else if (!turns_weights()) {
        kernels::gemm(Transpose::no, Transpose::yes, m, inputs_, units_, 1.0F, dz, units_, w, units_, 0.0F, dx,
                      inputs_);
    } else if (kernels::is_narrow(inputs_)) {
        kernels::narrow_product(m, inputs_, units_, dz, room_.turned, dx);
    } else {
        kernels::gemm(Transpose::no, Transpose::no, m, inputs_, units_, 1.0F, dz, units_, room_.turned, inputs_, 0.0F,
                      dx, inputs_);
    }
}

// ∂C/∂x = (W·∂C/∂zᵀ)ᵀ of m rows.
void DenseNode::multiply_turned(std::int64_t m, const float* dz, float* turned, float* dx) const {
    const std::int64_t columns = up_to_quarter(m);
    float* turned_dx = turned + units_ * columns;
    kernels::transpose(m, units_, dz, units_, turned, columns);
    kernels::narrow_product(inputs_, columns, units_, pass_.weights + kernel_.offset, turned, turned_dx);
    kernels::transpose(inputs_, m, turned_dx, columns, dx, inputs_);
}

// Even shares, so that no thread is left with a large one, or a sparse input's ranges.
std::int64_t DenseNode::rows_of_part() const {
    const std::int64_t parts = (inputs_ + gradient_rows - 1) / gradient_rows;
    return sparse_ != nullptr ? SparseInput::range : (inputs_ + parts - 1) / parts;
}

std::vector<Node::WeightPart> DenseNode::weight_parts() const {
    std::vector<WeightPart> parts;
    if (kernel_.trainable) {
        const std::int64_t most = rows_of_part();
        for (std::int64_t row = 0; row < inputs_; row += most) {
            const std::int64_t rows = std::min(most, inputs_ - row);
            parts.push_back({&kernel_, kernel_.offset + row * units_, rows * units_, row, rows});
        }
    }
    if (bias_ != nullptr && bias_->trainable) parts.push_back({bias_, bias_->offset, bias_->size, 0, 1});
    return parts;
}

void DenseNode::weight_gradient(const WeightPart& part, float* gradient) {
    const std::int64_t m = pass_.batch.rows * per_row_;
    if (part.variable == &kernel_ && is_sparse()) {
        sparse_gradient(part, gradient);
    } else if (part.variable == &kernel_ && kernels::is_narrow(units_)) {
        kernels::narrow_gradient(part.rows, units_, m, in_.data + part.first_row, inputs_, out_.gradient, gradient);
    } else if (part.variable == &kernel_) {
        kernels::gemm(Transpose::yes, Transpose::no, part.rows, units_, m, 1.0F, in_.data + part.first_row, inputs_,
                      out_.gradient, units_, 0.0F, gradient, units_);
    } else if (bias_cancels()) {
        std::fill_n(gradient, part.size, 0.0F);
    } else {
        kernels::column_sums(m, units_, out_.gradient, gradient);
    }
}

void DenseNode::sparse_forward(const Block& block, float* z) const {
    for (std::int64_t first = 0; first < inputs_; first += SparseInput::range) {
        kernels::sparse_product(block.rows(), sparse_->rows(first, block.begin, block.end).data(), units_,
                                pass_.weights + kernel_.offset + first * units_, units_,
                                first == 0 ? kernels::Sums::begin : kernels::Sums::go_on, z, units_);
    }
}

// Rows of xᵀ·dz, one behind another, strip by strip of dz and of each a group of rows at a time. Then they move to their
// places, from the last one on, so that none overwrites another; what no row of the batch has is zero.
void DenseNode::sparse_gradient(const WeightPart& part, float* gradient) {
    sparse_->turn(part.first_row);
    for (std::int64_t c = 0; c < units_; c += strip()) {
        const std::int64_t width = std::min(strip(), units_ - c);
        add_groups(part, c, width, sparse_->groups(), gradient + c, units_);
    }
    const auto active = sparse_->active(part.first_row);
    float* end = gradient + part.size;
    for (std::size_t i = active.size(); i-- > 0;) {
        float* to = gradient + (active[i] - part.first_row) * units_;
        const float* from = gradient + static_cast<std::int64_t>(i) * units_;
        std::fill(to + units_, end, 0.0F);
        if (to != from) std::copy_backward(from, from + units_, to + units_);
        end = to;
    }
    std::fill(gradient, end, 0.0F);
}

// W ← W − rate·xᵀ·dz.
void DenseNode::descend(const WeightPart& part, float rate, float* scratch, float* weights) {
    const std::int64_t m = pass_.batch.rows * per_row_;
    if (is_sparse()) {
        sparse_descent(part, rate, scratch, weights);
    } else if (kernels::is_narrow(units_)) {
        kernels::narrow_descent(part.rows, units_, m, in_.data + part.first_row, inputs_, out_.gradient, rate,
                                weights + part.offset);
    } else {
        kernels::gemm(Transpose::yes, Transpose::no, part.rows, units_, m, -rate, in_.data + part.first_row, inputs_,
                      out_.gradient, units_, 1.0F, weights + part.offset, units_);
    }
}

// The last group's sums go into the weights, in which they are subtracted, without a stop in memory.
void DenseNode::sparse_descent(const WeightPart& part, float rate, float* scratch, float* weights) {
    sparse_->turn(part.first_row);
    const std::int64_t last = sparse_->groups() - 1;
    for (std::int64_t c = 0; c < units_; c += strip()) {
        const std::int64_t width = std::min(strip(), units_ - c);
        add_groups(part, c, width, last, scratch, width);
        const auto columns = sparse_->columns(part.first_row, last);
        kernels::sparse_descent(static_cast<std::int64_t>(columns.size()), columns.data(), width,
                                group_of_strip(c, last), width, last > 0 ? scratch : nullptr,
                                {rate, sparse_->active(part.first_row).data(), weights + kernel_.offset + c, units_});
    }
}

// Of columns [c, c + width) of the gradient, what the first `groups` groups of rows add to it.
void DenseNode::add_groups(const WeightPart& part, std::int64_t c, std::int64_t width, std::int64_t groups,
                           float* gradient, std::int64_t stride) const {
    for (std::int64_t group = 0; group < groups; ++group) {
        const auto columns = sparse_->columns(part.first_row, group);
        kernels::sparse_product(static_cast<std::int64_t>(columns.size()), columns.data(), width,
                                group_of_strip(c, group), width,
                                group == 0 ? kernels::Sums::begin : kernels::Sums::go_on, gradient, stride);
    }
}

// dz once more, cut into strips of columns: the sparse product reads its rows in no order.
void DenseNode::cut_strips(const Block& block) {
    const std::int64_t rows = pass_.batch.rows;
    for (std::int64_t c = 0; c < units_; c += strip()) {
        const std::int64_t width = std::min(strip(), units_ - c);
        for (std::int64_t r = block.begin; r < block.end; ++r)
            std::copy_n(out_.gradient_row(r) + c, width, strips_ + rows * c + r * width);
    }
}

std::int64_t DenseNode::strip() const {
    return std::max<std::int64_t>(narrowest_strip, floats_of_strip / pass_.batch.rows / 16 * 16);
}

const float* DenseNode::group_of_strip(std::int64_t c, std::int64_t group) const {
    return strips_ + pass_.batch.rows * c + group * SparseInput::group * std::min(strip(), units_ - c);
}

}  // namespace evenkeel
