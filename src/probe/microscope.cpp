#include "probe/microscope.hpp"

#include <algorithm>
#include <limits>

#include "evenkeel/core/error.hpp"
#include "probe/distribution.hpp"

namespace evenkeel {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// The unit whose incoming weights have the median 2-norm: known before training, and the same in every arm of a
/// comparison, as their Dense layers start alike.
std::int64_t typical_unit(std::span<const float> kernel, std::int64_t units) {
    std::vector<std::pair<double, std::int64_t>> norms(static_cast<std::size_t>(units));
    for (std::int64_t u = 0; u < units; ++u) norms[static_cast<std::size_t>(u)].second = u;
    for (std::size_t i = 0; i < kernel.size(); ++i)
        norms[i % norms.size()].first += static_cast<double>(kernel[i]) * kernel[i];
    const auto middle = norms.begin() + static_cast<std::ptrdiff_t>((norms.size() - 1) / 2);
    std::nth_element(norms.begin(), middle, norms.end());
    return middle->second;
}

void append_unknown(ProbedLayer& layer) {
    for (auto* list : {&layer.entering, &layer.next_input, &layer.unit_entering, &layer.unit_next_input})
        list->push_back({unknown, unknown, unknown, unknown, unknown});
    for (auto* list : {&layer.saturated, &layer.dead, &layer.gradient_norm, &layer.update_norm})
        list->push_back(unknown);
}

}  // namespace

Microscope::Microscope(const ModelDescription& model, const Compilation& compilation, ThreadPool& pool,
                       const DataView& data, std::int64_t rows)
    : model_(probed_model(model)),
      layout_(model_.description),
      pool_(pool),
      batch_(data, rows, elements(model.input_shape(), "input")),
      view_(batch_.view(elements(model.input_shape(), "input"), elements(model.output_shape(), "output"),
                        compilation.loss)),
      plan_(model_.description, layout_, &compilation, pool, {.largest_batch = view_.rows, .keep_values = true}),
      gradients_(layout_.weights_size),
      scratch_(static_cast<std::size_t>(pool.threads())) {}

std::vector<ProbedLayer> Microscope::layers(const VariableValues& values) const {
    std::vector<ProbedLayer> layers;
    for (std::size_t i = 0; i < hidden(); ++i) {
        ProbedLayer layer;
        layer.name = model_.hidden[i].name;
        layer.units = model_.hidden[i].units;
        layer.activation = model_.hidden[i].activation;
        layer.unit = typical_unit(kernel(i, values), layer.units);
        layers.push_back(std::move(layer));
    }
    return layers;
}

std::span<const float> Microscope::behind(int layer) const {
    const Value& value = plan_.value_behind(layer);
    return {value.data, static_cast<std::size_t>(rows() * value.size)};
}

// Weights may have gone so far that the probe's pass fails before the training does, which is not to notice.
bool Microscope::run(const VariableValues& values) {
    try {
        plan_.forward(view_, true, values);
        plan_.backward(gradients_);
        return true;
    } catch (const Error& error) {
        if (error.fault() != Fault::work) throw;
        return false;
    }
}

bool Microscope::look(const VariableValues& values, std::vector<ProbedLayer>& layers) {
    for (ProbedLayer& layer : layers) append_unknown(layer);
    if (!run(values)) return false;
    pool_.run(2 * static_cast<std::int64_t>(hidden()), [&](std::int64_t job, int thread) {
        const auto i = static_cast<std::size_t>(job / 2);
        std::vector<float>& scratch = scratch_[static_cast<std::size_t>(thread)];
        if (job % 2 == 0) {
            measure_entering(i, layers[i], scratch);
        } else {
            measure_outputs(i, layers[i], scratch);
        }
    });
    return true;
}

void Microscope::measure_entering(std::size_t hidden, ProbedLayer& layer, std::vector<float>& scratch) const {
    const auto values = entering(hidden);
    layer.entering.back() = distribution_of(values, scratch);
    layer.unit_entering.back() = distribution_of_unit(values, layer.units, layer.unit, scratch);
    const Variable& variable = kernel_of(hidden);
    layer.gradient_norm.back() = norm({gradients_.data() + variable.offset, static_cast<std::size_t>(variable.size)});
}

void Microscope::measure_outputs(std::size_t hidden, ProbedLayer& layer, std::vector<float>& scratch) const {
    const auto values = next_input(hidden), outputs = behind(model_.hidden[hidden].activated);
    layer.next_input.back() = distribution_of(values, scratch);
    layer.unit_next_input.back() = distribution_of_unit(values, layer.units, layer.unit, scratch);
    if (model_.hidden[hidden].dies) layer.dead.back() = dead_share(outputs, layer.units);
    const bool sigmoid = layer.activation == "sigmoid";
    if (sigmoid || layer.activation == "tanh") layer.saturated.back() = saturated_share(outputs, sigmoid);
}

}  // namespace evenkeel
