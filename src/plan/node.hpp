#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/threads.hpp"
#include "evenkeel/core/shape.hpp"
#include "evenkeel/model/variables.hpp"
#include "plan/batch.hpp"

namespace evenkeel {

/// What flows between nodes: a row-major [rows, size] matrix and, in training, its gradient of the same
/// shape.
struct Value {
    Shape shape;            ///< of one row
    std::int64_t size = 0;  ///< floats of one row
    float* data = nullptr;
    float* gradient = nullptr;  ///< null where no gradient is wanted

    float* row(std::int64_t r) const { return data + r * size; }
    float* gradient_row(std::int64_t r) const { return gradient + r * size; }
};

/// What a run of the plan is about; every node reads the same one.
struct Pass {
    BatchView batch;
    const BatchView* next = nullptr;  ///< the batch after this one, where known: its rows are asked for ahead of time
    bool training = false;
    std::uint64_t seed = 0;  ///< of Dropout
    std::int64_t step = 0;   ///< of Dropout, and of error messages
    const float* weights = nullptr;
    const float* statistics = nullptr;
    std::int64_t rows_of_block = 0;  ///< the batch is cut into blocks of so many rows, the last one of what is left
    std::int64_t blocks = 0;

    /// Parts of what comes before the first block runs forward: as many as blocks, and an even number.
    std::int64_t parts_to_prepare() const { return (blocks + 1) / 2 * 2; }
};

/// Rows [begin, end) of the batch: the unit of work that one thread takes through several nodes while it is
/// in cache.
struct Block {
    std::int64_t index, begin, end;
    std::int64_t row = begin;  ///< where its values begin; another row where each thread has room for one block only
    std::int64_t rows() const { return end - begin; }
};

/// The least rows of a block of a network with `layers` matrix products of `multiply_adds` a row: 16, below which a product loses
/// speed, or 32 where that is too little work for threads that wait for one another behind every layer.
constexpr std::int64_t least_rows_of_block(std::int64_t multiply_adds, std::int64_t layers) {
    return 16 * multiply_adds < (std::int64_t{1} << 20) * layers ? 32 : 16;
}
/// Rows of one block of a batch of `rows`: a function of batch and network, never of the number of threads, so that the bits do
/// not depend on it. A quarter of the batch, from `least` (if the batch has twice as many) to 64 (its sums stay exact and its
/// values in cache).
constexpr std::int64_t rows_per_block(std::int64_t rows, std::int64_t least) {
    const std::int64_t quarter = (rows / 4 + 15) / 16 * 16, from = rows < 2 * least ? 16 : least;
    return quarter < from ? from : (quarter > 64 ? 64 : quarter);
}
constexpr std::int64_t block_count(std::int64_t rows, std::int64_t rows_of_block) {
    return (rows + rows_of_block - 1) / rows_of_block;
}
/// More blocks than any batch of at most `rows` rows has.
constexpr std::int64_t most_blocks(std::int64_t rows) {
    return rows / 64 + 5;
}

/// One operation of a plan. A batch runs through the nodes block by block; only a node that `looks_at_batch`
/// makes the others wait: all blocks pass its `look_forward`, then `finish_forward` runs once, then `forward`
/// goes on. Backward is the same, last node first.
class Node {
  public:
    explicit Node(const Pass& pass) : pass_(pass) {}
    virtual ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// True where `prepare_forward` has something to do in this pass, before any block runs forward and after the input has looked at
    /// the batch: part `index` of parts_to_prepare(), shared out as blocks are.
    virtual bool prepares_forward() const { return false; }
    virtual void prepare_forward(std::int64_t /*index*/) {}

    virtual bool looks_at_batch() const { return false; }
    virtual void look_forward(const Block&) {}
    virtual void finish_forward() {}
    virtual void forward(const Block&) = 0;

    virtual bool looks_at_gradient() const { return false; }
    virtual void look_backward(const Block&) {}
    virtual void finish_backward() {}
    virtual void backward(const Block&) {}

    /// Gradients of weights are cut by weights, not by rows, so no two blocks add into one number. A part is the floats
    /// [offset, offset + size) within the buffer of weights.
    struct WeightPart {
        const Variable* variable;
        std::int64_t offset, size;
        std::int64_t first_row, rows;  ///< of the kernel
    };
    virtual std::vector<WeightPart> weight_parts() const { return {}; }
    /// Writes the part's gradient, [size]. Called after backward.
    virtual void weight_gradient(const WeightPart&, float* /*gradient*/) {}
    /// True where `descend` is a shorter way to a plain w ← w − rate·∂C/∂w: one sum, of another rounding.
    virtual bool descends(const WeightPart&) const { return false; }
    /// That, for the part's weights; scratch: [size]. Called after backward.
    virtual void descend(const WeightPart&, float /*rate*/, float* /*scratch*/, float* /*weights*/) {}

  protected:
    const Pass& pass_;
};

}  // namespace evenkeel
