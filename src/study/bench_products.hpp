#pragma once

#include <cstdint>
#include <vector>

#include "core/threads.hpp"
#include "evenkeel/core/buffer.hpp"

namespace evenkeel {

/// The matrix products of one training step of a stack of Dense layers, and nothing else: the limit to which
/// steps are compared.
class StepProducts {
  public:
    /// What the first layer reads and makes: z = x·W and gradient = xᵀ·z_gradient. x may be filled or left as it is.
    struct FirstLayer {
        std::int64_t inputs, units;
        float* x;
        const float *weights, *z, *z_gradient, *gradient;
    };

    /// widths: of the input and of each layer's output. cut: as a plan cuts them, for any number of threads; else whole.
    StepProducts(std::vector<std::int64_t> widths, std::int64_t rows, bool cut, ThreadPool& pool);
    void run();
    FirstLayer first_layer();

  private:
    struct Layer {
        std::int64_t inputs, units;
        Buffer<float> x, weights, z_gradient, gradient;  ///< [rows, in], [in, units], [rows, units], [in, units]
    };
    struct Part {
        std::size_t layer;
        std::int64_t first, count;  ///< rows of the kernel
    };
    float* z_of(std::size_t layer);
    void products_of_rows(std::int64_t begin, std::int64_t rows);
    void product_of_part(const Part& part);

    std::int64_t rows_, rows_of_block_;
    ThreadPool& pool_;
    std::vector<Layer> layers_;
    Buffer<float> output_;
    std::vector<Part> parts_;
};

}  // namespace evenkeel
