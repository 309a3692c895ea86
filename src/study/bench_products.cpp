#include "study/bench_products.hpp"

#include <algorithm>
#include <numeric>

#include "evenkeel/core/random.hpp"
#include "kernels/gemm.hpp"
#include "plan/node.hpp"

namespace evenkeel {
namespace {

using kernels::Transpose;

// As the plan cuts a kernel's gradient.
constexpr std::int64_t rows_of_part = 112;

Buffer<float> random_buffer(std::int64_t size, std::uint64_t purpose) {
    Buffer<float> buffer(size);
    const Random random(0, purpose);
    for (std::int64_t i = 0; i < size; ++i)
        buffer[i] = static_cast<float>(random.uniform(static_cast<std::uint64_t>(i)) - 0.5);
    return buffer;
}

}  // namespace

StepProducts::StepProducts(std::vector<std::int64_t> widths, std::int64_t rows, bool cut, ThreadPool& pool)
    : rows_(rows), rows_of_block_(rows), pool_(pool), output_(rows * widths.back()) {
    if (cut) {
        const auto layers = static_cast<std::int64_t>(widths.size()) - 1;
        const std::int64_t multiply_adds =
            std::inner_product(widths.begin(), widths.end() - 1, widths.begin() + 1, std::int64_t{0});
        rows_of_block_ = rows_per_block(rows, least_rows_of_block(multiply_adds, layers));
    }
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
        const std::int64_t in = widths[i], units = widths[i + 1];
        layers_.push_back({in, units, random_buffer(rows * in, 3 * i), random_buffer(in * units, 3 * i + 1),
                           random_buffer(rows * units, 3 * i + 2), Buffer<float>(in * units)});
        const std::int64_t most = cut ? rows_of_part : in;
        for (std::int64_t first = 0; first < in; first += most)
            parts_.push_back({i, first, std::min(most, in - first)});
    }
}

void StepProducts::run() {
    pool_.use(pool_.threads());  // a step before may have left it at fewer
    const std::int64_t block = rows_of_block_;
    pool_.run(block_count(rows_, block),
              [&](std::int64_t b) { products_of_rows(b * block, std::min(block, rows_ - b * block)); });
    pool_.run(static_cast<std::int64_t>(parts_.size()),
              [&](std::int64_t p) { product_of_part(parts_[static_cast<std::size_t>(p)]); });
}

StepProducts::FirstLayer StepProducts::first_layer() {
    Layer& l = layers_.front();
    return {l.inputs, l.units, l.x.data(), l.weights.data(), z_of(0), l.z_gradient.data(), l.gradient.data()};
}

float* StepProducts::z_of(std::size_t layer) {
    return layer + 1 < layers_.size() ? layers_[layer + 1].x.data() : output_.data();
}

// Forward z = x·W of every layer, then backward ∂C/∂x = ∂C/∂z·Wᵀ of all but the first. The results overwrite
// the next layer's operands, as in a step.
void StepProducts::products_of_rows(std::int64_t begin, std::int64_t rows) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        Layer& l = layers_[i];
        kernels::gemm(Transpose::no, Transpose::no, rows, l.units, l.inputs, 1.0F, l.x.data() + begin * l.inputs,
                      l.inputs, l.weights.data(), l.units, 0.0F, z_of(i) + begin * l.units, l.units);
    }
    for (std::size_t i = layers_.size(); i-- > 1;) {
        Layer& l = layers_[i];
        kernels::gemm(Transpose::no, Transpose::yes, rows, l.inputs, l.units, 1.0F,
                      l.z_gradient.data() + begin * l.units, l.units, l.weights.data(), l.units, 0.0F,
                      layers_[i - 1].z_gradient.data() + begin * l.inputs, l.inputs);
    }
}

// ∂C/∂W = xᵀ·∂C/∂z.
void StepProducts::product_of_part(const Part& part) {
    Layer& l = layers_[part.layer];
    kernels::gemm(Transpose::yes, Transpose::no, part.count, l.units, rows_, 1.0F, l.x.data() + part.first, l.inputs,
                  l.z_gradient.data(), l.units, 0.0F, l.gradient.data() + part.first * l.units, l.units);
}

}  // namespace evenkeel
