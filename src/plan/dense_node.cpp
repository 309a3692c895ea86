#include "plan/dense_node.hpp"

#include <algorithm>

#include "kernels/columns.hpp"
#include "kernels/gemm.hpp"
#include "kernels/panels.hpp"
#include "kernels/product.hpp"
#include "kernels/sparse.hpp"
#include "kernels/squeeze.hpp"
#include "kernels/transpose.hpp"
#include "plan/batch_normalization_node.hpp"

namespace evenkeel {
namespace {

using kernels::Transpose;

// Rows of a kernel's gradient that one thread computes at a time: few enough to share out, many enough that
// the product keeps within 2 % of the speed of the whole (measured on 784 × 128 at batches of 32 to 512).
constexpr std::int64_t gradient_rows = 112;

// Rows of W that a single row is multiplied with at a time: of 128 columns 28 kB, which stay in the first-level cache while one
// half of the columns is summed up after the other.
constexpr std::int64_t range_of_single_row = 56;
static_assert(range_of_single_row <= kernels::most_places);

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
            kernels::sparse_product(row, units_, pass_.weights + kernel_.offset + first * units_, units_,
                                    first == 0 ? kernels::Sums::begin : kernels::Sums::go_on, z);
        }
    }
}

void DenseNode::prepare_forward(std::int64_t index) {
    if (is_shared_by_inputs()) multiply_share(index);
    if (!uses_panels()) return;
    const std::int64_t count = pass_.parts_to_prepare();
    kernels::pack_panels(inputs_, units_, inputs_ * index / count, inputs_ * (index + 1) / count,
                         pass_.weights + kernel_.offset, room_.panels);
}

// The first half of what is prepared multiplies the even parts of W with all rows, the second half the odd parts: so of two threads, which
// take both this and the parts of W from either end, each reads rows of W that it wrote itself.
void DenseNode::multiply_share(std::int64_t index) const {
    const std::int64_t count = pass_.parts_to_prepare() / 2;
    const std::int64_t half = index / count, begin = 2 * (index % count) * pass_.rows_of_block;
    const std::int64_t end = std::min(begin + 2 * pass_.rows_of_block, pass_.batch.rows);
    kernels::turned_product(sparse_->turned(), begin, end, {rows_of_part(), half, 2}, units_,
                            pass_.weights + kernel_.offset, (half == 0 ? out_.data : odd_inputs_) + begin * units_);
}

void DenseNode::multiply_sparse(const Block& block, float* z) const {
    if (is_shared_by_inputs()) {
        kernels::add_bias(1, block.rows() * units_, odd_inputs_ + block.begin * units_, z);
    } else {
        kernels::turned_product(sparse_->turned(), block.begin, block.end, {inputs_}, units_,
                                pass_.weights + kernel_.offset, z);
    }
}

void DenseNode::forward(const Block& block) {
    const std::int64_t m = block.rows() * per_row_;
    float* z = out_.row(block.row);
    if (turns_weights()) turn_weights(block);
    if (is_sparse()) {
        multiply_sparse(block, z);
    } else if (reads_bytes()) {
        kernels::bytes_product(m, units_, inputs_, sparse_->bytes(block.begin), sparse_->table(),
                               pass_.weights + kernel_.offset, z);
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

// Equal shares, so that no thread is left with a large one; of a sparse input whole threes, and about as many even parts as odd ones.
std::int64_t DenseNode::rows_of_part() const {
    const auto share = [this](std::int64_t parts) { return (inputs_ + parts - 1) / parts; };
    const std::int64_t parts = (inputs_ + gradient_rows - 1) / gradient_rows;
    if (sparse_ == nullptr) return share(parts);
    return kernels::threes_of(share((parts + 1) / 2 * 2)) * kernels::features_of_three;
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
        add_groups(part, pass_.batch.rows, gradient);
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
void DenseNode::sparse_descent(const WeightPart& part, float rate, float* scratch, float* weights) const {
    const std::int64_t rows = pass_.batch.rows, last = (rows - 1) / SparseInput::group * SparseInput::group;
    add_groups(part, last, scratch);
    kernels::turned_descent(sparse_->turned(), {part.first_row, part.first_row + part.rows, last, rows}, units_,
                            out_.gradient, last > 0 ? scratch : nullptr, rate, weights + part.offset);
}

// Rows of xᵀ·dz: what the batch's first `rows` rows add to them, group by group.
void DenseNode::add_groups(const WeightPart& part, std::int64_t rows, float* gradient) const {
    for (std::int64_t begin = 0; begin < rows; begin += SparseInput::group) {
        const std::int64_t end = std::min(begin + SparseInput::group, rows);
        kernels::turned_gradient(sparse_->turned(), {part.first_row, part.first_row + part.rows, begin, end}, units_,
                                 out_.gradient, begin == 0 ? kernels::Sums::begin : kernels::Sums::go_on, gradient);
    }
}

}  // namespace evenkeel
