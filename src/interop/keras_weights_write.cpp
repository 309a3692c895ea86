#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "evenkeel/core/error.hpp"
#include "interop/hdf5_writer.hpp"
#include "interop/keras_variables.hpp"
#include "interop/keras_weights.hpp"

namespace evenkeel::keras {
namespace {

void check_fits(const SavedModel& model, const std::string& where) {
    const VariableLayout layout(model.description);
    const auto same = [](const Variable& a, const Variable& b) {
        return a.path == b.path && a.shape == b.shape && a.offset == b.offset && a.statistic == b.statistic;
    };
    if (!std::equal(layout.variables.begin(), layout.variables.end(), model.layout.variables.begin(),
                    model.layout.variables.end(), same)) {
        fail_input(where, "the layout of the description's variables", "another one");
    }
    const auto check = [&](const char* what, std::int64_t wanted, std::int64_t got) {
        if (wanted != got) {
            fail_input(where, fmt::format("{} {} as in the layout", wanted, what), fmt::format("{}", got));
        }
    };
    check("weights", layout.weights_size, model.values.weights.size());
    check("statistics", layout.statistics_size, model.values.statistics.size());
    check("counts of updates", layout.batch_normalizations, static_cast<std::int64_t>(model.values.updates.size()));
    if (!model.compilation) return;
    const OptimizerValues& values = model.optimizer_values;
    if (values.iteration < 0) {
        fail_input(where, "an iteration of at least 0", fmt::format("{}", values.iteration));
    }
    if (values.slots.empty()) return;
    check("optimizer slots", slot_count(model.compilation->optimizer), static_cast<std::int64_t>(values.slots.size()));
    for (const Buffer<float>& slot : values.slots) check("numbers a slot", layout.weights_size, slot.size());
}

hdf5::Array array_of(std::span<const float> values, const Shape& shape) {
    return {hdf5::Type::float32, {shape.begin(), shape.end()}, std::as_bytes(values)};
}

template <class Number>
hdf5::Array scalar_of(const Number& value, hdf5::Type type) {
    return {type, {}, std::as_bytes(std::span(&value, 1))};
}

void append(hdf5::Group& vars, hdf5::Array array) {
    vars.datasets.push_back({std::to_string(vars.datasets.size()), std::move(array), {}});
}

}  // namespace

std::vector<std::byte> write_weights(const SavedModel& model, const std::string& where) {
    check_fits(model, where);
    static constexpr std::int32_t zero = 0;
    hdf5::Group root;
    const auto names = group_names(model.description);
    const auto variables = by_layer(model.description, model.layout);
    root.make_group("layers");
    for (std::size_t i = 0; i < names.size(); ++i) {
        const Layer& layer = model.description.layers[i];
        if (std::holds_alternative<Input>(layer)) continue;
        hdf5::Group& vars = root.make_group("layers/" + names[i] + "/vars");
        vars.attributes.set("name", layer_name(layer));
        for (const Variable* v : variables[i]) {
            append(vars, v->role == Role::count ? scalar_of(zero, hdf5::Type::int32)
                                                : array_of(model.values.of(*v), v->shape));
        }
    }
    root.make_group("vars").attributes.set("name", model.description.name);

    // Slots that are not there stand for zeros.
    const std::vector<Buffer<float>>& slots = model.optimizer_values.slots;
    const Buffer<float> zeros(model.compilation && slots.empty() ? model.layout.weights_size : 0);
    const std::int64_t iteration = model.optimizer_values.iteration;
    const auto small_iteration =
        static_cast<std::int32_t>(std::min<std::int64_t>(iteration, std::numeric_limits<std::int32_t>::max()));
    float rate_now = 0;
    if (model.compilation) {
        const Optimizer& optimizer = model.compilation->optimizer;
        hdf5::Group& vars = root.make_group("optimizer/vars");
        vars.attributes.set("name", snake_case(class_name(optimizer)));
        // 32 bits as Keras on JAX, as long as they do.
        append(vars, small_iteration == iteration ? scalar_of(small_iteration, hdf5::Type::int32)
                                                  : scalar_of(iteration, hdf5::Type::int64));
        if (const auto* rate = std::get_if<double>(&learning_rate(optimizer))) {
            rate_now = static_cast<float>(*rate);
            append(vars, scalar_of(rate_now, hdf5::Type::float32));
        }
        for (const SlotOf& entry : slot_order(optimizer, model.description, model.layout)) {
            const Variable& v = *entry.variable;
            const auto values = (slots.empty() ? zeros : slots[entry.slot]).span();
            append(vars, array_of(values.subspan(static_cast<std::size_t>(v.offset), static_cast<std::size_t>(v.size)),
                                  v.shape));
        }
    }
    return hdf5::write(root, where);
}

}  // namespace evenkeel::keras
