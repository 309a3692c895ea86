#pragma once

#include <cstdint>
#include <vector>

#include "core/threads.hpp"
#include "evenkeel/core/buffer.hpp"

namespace evenkeel {

/// The matrix products of one training step of a stack of Dense layers, and nothing else: the limit to which
/// steps are compared. With one thread the products are whole; with more they are cut as a plan cuts them.
class StepProducts {
  public:
    /// widths: of the input and of each layer's output.
    StepProducts(std::vector<std::int64_t> widths, std::int64_t rows, ThreadPool& pool);
    void run();
    /// x of the first layer, [rows, widths[0]], to be filled or left as it is.
    float* inputs() { return layers_.front().x.data(); }

  private:
    struct Layer {
        std::int64_t inputs, units;
        Buffer<float> x, weights, z_gradient, gradient;  ///< [rows, in], [in, units], [rows, units], [in, units]
    };
    struct Part {
        std::size_t layer;
        std::int64_t first, count;  ///< rows of the kernel
    };
    void products_of_rows(std::int64_t begin, std::int64_t rows);
    void product_of_part(const Part& part);

    std::int64_t rows_;
    ThreadPool& pool_;
    std::vector<Layer> layers_;
    Buffer<float> output_;
    std::vector<Part> parts_;
};

}  // namespace evenkeel
