#pragma once

// A training step of the lecture's network, taken apart: the plan's own nodes, one kind of work at a time on one thread, so that a
// clock can stand between them. What they do together is a step, to the last bit.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/core/buffer.hpp"
#include "evenkeel/data/batches.hpp"
#include "evenkeel/data/dataset.hpp"
#include "evenkeel/model/description.hpp"
#include "evenkeel/model/variables.hpp"
#include "plan/batch_normalization_node.hpp"
#include "plan/dense_node.hpp"
#include "plan/sparse_input.hpp"

namespace evenkeel::bench {

class StepParts {
  public:
    /// Operations and bytes of the last batch, the least that will do: an operand counts once for each time that it is read or
    /// written. In the first layer on sparse rows that is z and dz for each three of a row, W for each three of a group of rows.
    struct Part {
        std::string name;
        bool from_memory;  ///< or from the caches
        std::function<double()> flop, bytes;
    };
    /// What is to be done without a break for the part of that index.
    struct Piece {
        std::size_t part;
        std::function<void()> run;
    };

    /// The images outlive it and are as check_images_to_step() wants them, at least `batch` of them.
    StepParts(const Examples& images, std::int64_t batch);
    StepParts(const StepParts&) = delete;
    StepParts& operator=(const StepParts&) = delete;

    const std::vector<Part>& parts() const { return parts_; }
    /// One after the other, a step on the next batch.
    const std::vector<Piece>& pieces() const { return pieces_; }
    const VariableValues& values() const { return values_; }

  private:
    static constexpr std::array<std::int64_t, 3> units = {128, 64, 10};
    struct Layer {
        Value z, a;  ///< a: behind normalization and ReLU; the last layer has none
        std::optional<DenseNode> dense;
        std::optional<BatchNormalizationNode> normalization;
        Buffer<float> transposed;
    };

    float* room(std::int64_t size) { return room_.emplace_back(size).data(); }
    void make_layers();
    void name_parts();
    void name_pieces();
    template <typename Work>
    void in_blocks(const Work& work);
    std::int64_t after(std::int64_t batch) const { return (batch + 1) % (images_.rows() / batch_); }
    kernels::GatherSource source(std::int64_t batch) const;
    double numbers() const;  ///< of the batch, those that the first layer multiplies
    /// Threes of features of which a row has one that is not zero, of all groups of so many rows.
    double threes_of_groups(std::int64_t rows) const;

    void ask_for_next();
    void read_rows();
    void share_product();
    void normalize(Layer& layer);
    void take_loss();
    void normalize_back(Layer& layer);
    void descend(Layer& layer, bool kernel);
    void end();

    const Examples& images_;
    std::int64_t batch_, features_, at_ = 0;
    ModelDescription description_;
    VariableLayout layout_;
    VariableValues values_;
    BatchOrder order_;
    Pass pass_;
    std::vector<Buffer<float>> room_;
    Buffer<float> scale_, scratch_, losses_;
    Buffer<std::int32_t> labels_;
    Value x_;
    std::optional<SparseInput> sparse_;
    std::array<Layer, units.size()> layers_;
    std::vector<Part> parts_;
    std::vector<Piece> pieces_;
};

}  // namespace evenkeel::bench
