#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "evenkeel/core/buffer.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/variables.hpp"
#include "plan/batch.hpp"
#include "plan/graph.hpp"
#include "plan/thread_choice.hpp"
#include "plan/update.hpp"

namespace evenkeel {

class Plan;

struct PlanOptions {
    std::int64_t largest_batch = 1;
    bool training = true;      ///< room for gradients; false: inference only
    bool keep_values = false;  ///< taps: every layer's output and gradient keeps a buffer of its own. Changes no bit.
    /// Of equal options; steps on the same batches take turns, and share what is found in a batch. Outlives this plan.
    const Plan* beside = nullptr;
};

/// What a step may know of those around it. It saves work and changes no bit.
struct StepsAround {
    const BatchView* next = nullptr;  ///< the batch after this one: its rows are asked for ahead of time
    const Plan* same_batch =
        nullptr;  ///< beside this one: took a step on the very same batch, and none took one on another since
};

/// A model compiled for one loss and optimizer: all buffers in one arena, nothing allocated while running. A
/// plan is used by one thread at a time (which may bring a ThreadPool); many plans may share weights that
/// nobody writes.
class Plan {
  public:
    /// `compilation` may be null for a plan that only predicts. `pool` outlives the plan.
    Plan(const ModelDescription& description, const VariableLayout& layout, const Compilation* compilation,
         ThreadPool& pool, const PlanOptions& options);
    ~Plan();

    /// gather → … → loss over the batch. In training BN normalizes by the batch and the loss's gradient is
    /// made; throws Error{work} naming layer, channel and step where statistics, loss or its gradient are not
    /// finite.
    BatchResult forward(const BatchView& batch, bool training, const VariableValues& values, std::uint64_t seed = 0,
                        std::int64_t step = 0);

    /// Gradients of the last training forward's batch, laid out like the weights, without regularizers and
    /// clipping.
    void backward(Buffer<float>& gradients);

    /// Regularizers, clipping and the optimizer's rule on all weights; iteration += 1.
    void update(Buffer<float>& gradients, VariableValues& values, OptimizerValues& optimizer);

    /// Moves the moving statistics by the last training forward's batch: once per successful step.
    void commit_statistics(VariableValues& values);

    /// forward, backward, update, commit_statistics; each part of the weights is updated while its gradient
    /// is still in cache, where clipping does not forbid it. The same bits as the four calls, but that plain SGD
    /// takes a kernel's gradient and its step as one sum. A batch that fails changes nothing.
    BatchResult train_step(const BatchView& batch, VariableValues& values, OptimizerValues& optimizer,
                           std::uint64_t seed, const StepsAround& around = {});

    /// Writes the predictions of the batch: out [rows, elements(output_shape)].
    void predict(const BatchView& batch, const VariableValues& values, std::span<float> out);

    std::int64_t largest_batch() const { return options_.largest_batch; }
    const Shape& output_shape() const { return graph_.predictions.shape; }
    std::int64_t arena_floats() const { return graph_.arena.size(); }

    /// With keep_values: what stands behind layer i ([rows, size]) after forward, and ∂C/∂(that) after
    /// backward. Behind a Dense that leaves its bias to a BatchNormalization, z is without the bias.
    const Value& value_behind(int layer) const { return graph_.behind_layer[static_cast<std::size_t>(layer)]; }

  private:
    struct Part {
        Node* node;
        Node::WeightPart part;
        std::int64_t before = 0;  ///< floats of the parts before it
    };

    BatchResult run_forward_pass(const BatchView& batch, bool training, const VariableValues& values,
                                 std::uint64_t seed, std::int64_t step, const StepsAround& around);
    void begin(const BatchView& batch, bool training, const VariableValues& values, std::uint64_t seed,
               std::int64_t step, const StepsAround& around);
    bool skips() const;
    template <typename AtEnd>
    void run_forward(std::size_t nodes, const AtEnd& at_end);
    void run_backward();
    void backward_and_update(VariableValues& values, OptimizerValues& optimizer);
    void prefetch_next(const Part& part) const;
    std::int64_t scratch_of_thread() const;
    BatchResult finish_loss();
    Block block(std::int64_t index, int thread = 0) const;

    const VariableLayout& layout_;
    ThreadPool& pool_;
    ThreadChoice threads_{1};  ///< of training steps; at most one a block or part
    PlanOptions options_;
    std::int64_t rows_a_thread_ = 0;  ///< where values have room for one block a thread: so many rows; else 0
    Pass pass_;
    Graph graph_;
    std::optional<Update> update_;
    Buffer<float> gradients_;  ///< of train_step where gradients must be complete before weights change (clipping)
    Buffer<float> scratch_;    ///< room for one part's gradient a thread

    std::vector<Part> parts_;       ///< the largest at both ends
    std::int64_t part_floats_ = 0;  ///< of all parts together
};

}  // namespace evenkeel
