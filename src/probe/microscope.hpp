#pragma once

#include <span>
#include <vector>

#include "evenkeel/model/compilation.hpp"
#include "evenkeel/probe/probe.hpp"
#include "plan/plan.hpp"
#include "probe/hidden_layers.hpp"
#include "probe/probe_batch.hpp"

namespace evenkeel {

/// A network laid open: the probe batch runs through a plan that keeps every value, on weights that it only reads.
class Microscope {
  public:
    /// All arguments but `data` outlive it. `rows`: of the probe batch.
    Microscope(const ModelDescription& model, const Compilation& compilation, ThreadPool& pool, const DataView& data,
               std::int64_t rows);

    /// A layer as it is before the first look, with its typical unit.
    std::vector<ProbedLayer> layers(const VariableValues& values) const;

    /// The pass of a look alone: forward and backward.
    bool run(const VariableValues& values);

    /// Appends one entry to everything in `layers`; update_norm is left NaN. All is NaN where the network has stopped
    /// being finite, and then the result is false.
    bool look(const VariableValues& values, std::vector<ProbedLayer>& layers);

    /// Of the last look: [rows, …, units].
    std::span<const float> entering(std::size_t hidden) const { return behind(model_.hidden[hidden].entering); }
    std::span<const float> next_input(std::size_t hidden) const { return behind(model_.hidden[hidden].next_input); }

    std::size_t hidden() const { return model_.hidden.size(); }
    std::span<const float> kernel(std::size_t hidden, const VariableValues& values) const {
        return values.of(kernel_of(hidden));
    }
    std::int64_t rows() const { return view_.rows; }

  private:
    std::span<const float> behind(int layer) const;
    const Variable& kernel_of(std::size_t hidden) const {
        return *layout_.find(model_.hidden[hidden].dense, Role::kernel);
    }
    void measure_entering(std::size_t hidden, ProbedLayer& layer, std::vector<float>& scratch) const;
    void measure_outputs(std::size_t hidden, ProbedLayer& layer, std::vector<float>& scratch) const;

    ProbedModel model_;
    VariableLayout layout_;  ///< of model_: as the training's own, but layers are numbered otherwise
    ThreadPool& pool_;
    ProbeBatch batch_;
    BatchView view_;
    Plan plan_;
    Buffer<float> gradients_;
    std::vector<std::vector<float>> scratch_;  ///< one a thread
};

}  // namespace evenkeel
