#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "plan/plan.hpp"

namespace evenkeel::testing {

inline ModelDescription describe(std::vector<Layer> layers) {
    ModelDescription description;
    for (Layer& layer : layers) description.add(std::move(layer));
    return description;
}

/// A model with all that a plan needs to run it.
struct Net {
    ModelDescription description;
    VariableLayout layout;
    VariableValues values;
    Compilation compilation;
    OptimizerValues optimizer;
    ThreadPool pool;
    Plan plan;
    Buffer<float> gradients;

    Net(std::vector<Layer> layers, Compilation compiled, PlanOptions options, std::uint64_t seed = 1, int threads = 1)
        : description(describe(std::move(layers))),
          layout(description),
          values(description, layout, seed),
          compilation(std::move(compiled)),
          pool(threads),
          plan(description, layout, &compilation, pool, options),
          gradients(layout.weights_size) {
        for (int i = 0; i < slot_count(compilation.optimizer); ++i) optimizer.slots.emplace_back(layout.weights_size);
    }

    std::span<float> of(int layer, Role role) { return values.of(*layout.find(layer, role)); }
    std::span<const float> gradient_of(int layer, Role role) const {
        const Variable& v = *layout.find(layer, role);
        return {gradients.data() + v.offset, static_cast<std::size_t>(v.size)};
    }
    void set(int layer, Role role, const std::vector<float>& numbers) {
        std::copy(numbers.begin(), numbers.end(), of(layer, role).begin());
    }
    /// Makes the square kernel of this Dense the identity: its output is its input, exactly.
    void set_identity(int layer) {
        const std::span<float> kernel = of(layer, Role::kernel);
        const std::int64_t n = layout.find(layer, Role::kernel)->shape[0];
        std::fill(kernel.begin(), kernel.end(), 0.0F);
        for (std::int64_t i = 0; i < n; ++i) kernel[i * n + i] = 1.0F;
    }
};

/// Rows of floats with their answers.
struct Rows {
    std::int64_t features = 0;
    std::vector<float> x;
    std::vector<std::int32_t> labels;
    std::vector<float> targets;
    std::vector<float> weights;

    std::int64_t count() const { return static_cast<std::int64_t>(x.size()) / features; }
    BatchView batch(std::int64_t first, std::int64_t rows) const {
        BatchView view;
        view.x.floats = x.data();
        view.x.features = features;
        view.x.first_row = first;
        view.rows = rows;
        if (!labels.empty()) view.labels = labels.data();
        if (!targets.empty()) view.targets = targets.data();
        if (!weights.empty()) view.weights = weights.data();
        return view;
    }
    BatchView all() const { return batch(0, count()); }
};

/// A loss whose gradient is given: C = Σ prediction·gradient.
inline Loss given_gradient(std::vector<float> gradient) {
    return Loss(CustomLoss([gradient = std::move(gradient)](std::span<const float> p, std::span<const float>,
                                                            std::int64_t, std::int64_t, std::span<float> out) {
        double sum = 0;
        for (std::size_t i = 0; i < p.size(); ++i) sum += static_cast<double>(p[i]) * (out[i] = gradient[i]);
        return sum;
    }));
}

inline std::vector<float> copy_of(const Buffer<float>& b) {
    return {b.data(), b.data() + b.size()};
}

}  // namespace evenkeel::testing
