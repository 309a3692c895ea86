#include "interop/keras_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "evenkeel/core/error.hpp"
#include "interop/hdf5_writer.hpp"
#include "interop/json_view.hpp"

namespace evenkeel::keras {
namespace {

std::string text_of(std::span<const std::uint64_t> shape) {
    return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

bool same_shape(const hdf5::Array& array, const Shape& shape) {
    return std::equal(array.shape.begin(), array.shape.end(), shape.begin(), shape.end(),
                      [](std::uint64_t a, std::int64_t b) { return a == static_cast<std::uint64_t>(b); });
}

// "dense", "dense_1", … for every layer: numbered within its class; Input has none.
std::vector<std::string> group_names(const ModelDescription& description) {
    std::map<std::string, int> used;
    std::vector<std::string> names;
    for (const Layer& layer : description.layers) {
        const std::string base = snake_case(class_name(layer));
        const int k = std::holds_alternative<Input>(layer) ? 0 : used[base]++;
        names.push_back(k == 0 ? base : fmt::format("{}_{}", base, k));
    }
    return names;
}

std::vector<std::vector<const Variable*>> by_layer(const ModelDescription& description,
                                                   const VariableLayout& layout) {
    std::vector<std::vector<const Variable*>> out(description.layers.size());
    for (const Variable& v : layout.variables) out[static_cast<std::size_t>(v.layer)].push_back(&v);
    return out;
}

std::string listed(const std::vector<const Variable*>& variables) {
    std::vector<std::string> words;
    for (const Variable* v : variables) {
        words.push_back(fmt::format("{} {}", to_word(v->role), to_string(v->shape)));
    }
    return words.empty() ? "no variables"
                         : fmt::format("{} variables, {}", words.size(), fmt::join(words, ", "));
}

// vars/0, vars/1, …: the reader has sorted them by number.
bool numbered(const std::vector<hdf5::Dataset>& datasets) {
    for (std::size_t i = 0; i < datasets.size(); ++i) {
        if (datasets[i].name != std::to_string(i)) return false;
    }
    return true;
}

void copy_floats(const hdf5::Array& array, const Shape& shape, std::span<float> out,
                 const std::string& where) {
    if (!same_shape(array, shape)) {
        fail_input(where, "shape " + to_string(shape), text_of(array.shape));
    }
    if (array.type != hdf5::Type::float32) fail_input(where, "float32", hdf5::name_of(array.type));
    std::memcpy(out.data(), array.bytes.data(), out.size_bytes());
}

bool is_whole(hdf5::Type type) {
    return type != hdf5::Type::float16 && type != hdf5::Type::float32 && type != hdf5::Type::float64;
}

// Which variables Keras's optimizer keeps slots for: those of layers that train, also where Evenkeel holds γ
// or β still by an option of its own.
std::vector<const Variable*> trained_by_keras(const ModelDescription& description,
                                              const VariableLayout& layout) {
    std::vector<const Variable*> out;
    for (const Variable& v : layout.variables) {
        if (v.statistic) continue;
        const Layer& layer = description.layers[static_cast<std::size_t>(v.layer)];
        const auto* dense = std::get_if<Dense>(&layer);
        const auto* bn = std::get_if<BatchNormalization>(&layer);
        if (dense != nullptr ? dense->trainable : bn->trainable) out.push_back(&v);
    }
    return out;
}

struct SlotOf {
    std::size_t slot;
    const Variable* variable;
};

// In the order of Keras's optimizer.variables: Adam's m and v go together, others slot by slot.
std::vector<SlotOf> slot_order(const Optimizer& optimizer, const std::vector<const Variable*>& variables) {
    const auto slots = static_cast<std::size_t>(slot_count(optimizer));
    const bool together = std::holds_alternative<Adam>(optimizer) || std::holds_alternative<AdamW>(optimizer);
    std::vector<SlotOf> out;
    for (std::size_t outer = 0; outer < (together ? 1 : slots); ++outer) {
        for (const Variable* v : variables) {
            for (std::size_t inner = 0; inner < (together ? slots : 1); ++inner) {
                out.push_back({together ? inner : outer, v});
            }
        }
    }
    return out;
}

std::span<float> part(Buffer<float>& slot, const Variable& v) {
    return slot.span().subspan(static_cast<std::size_t>(v.offset), static_cast<std::size_t>(v.size));
}

void check_group(const hdf5::Group* group, const std::vector<const Variable*>& variables,
                 const std::string& path, const std::string& where) {
    const std::size_t count = group != nullptr ? group->datasets.size() : 0;
    if (count != variables.size() || (group != nullptr && !numbered(group->datasets))) {
        fail_input(where, fmt::format("{} in {}", listed(variables), path), fmt::format("{}", count));
    }
}

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
    check("counts of updates", layout.batch_normalizations,
          static_cast<std::int64_t>(model.values.updates.size()));
    if (!model.compilation) return;
    const OptimizerValues& values = model.optimizer_values;
    if (values.iteration < 0) {
        fail_input(where, "an iteration of at least 0", fmt::format("{}", values.iteration));
    }
    if (values.slots.empty()) return;
    check("optimizer slots", slot_count(model.compilation->optimizer),
          static_cast<std::int64_t>(values.slots.size()));
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

VariableValues read_values(const hdf5::Group& root, const ModelDescription& description,
                           const VariableLayout& layout, const std::string& where) {
    const auto names = group_names(description);
    const auto variables = by_layer(description, layout);
    std::vector<const hdf5::Group*> groups;
    // Every count and shape first: what they need is in the file, then.
    std::set<std::string> expected;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string path = "layers/" + names[i] + "/vars";
        groups.push_back(root.find_group(path));
        expected.insert(names[i]);
        const std::string layer =
            fmt::format("{}: layer \"{}\"", where, shown(layer_name(description.layers[i])));
        check_group(groups.back(), variables[i], path, layer);
        for (std::size_t k = 0; k < variables[i].size(); ++k) {
            const hdf5::Array& array = groups.back()->datasets[k].array;
            if (!same_shape(array, variables[i][k]->shape)) {
                fail_input(layer + "." + to_word(variables[i][k]->role),
                           "shape " + to_string(variables[i][k]->shape), text_of(array.shape));
            }
        }
    }
    if (const hdf5::Group* layers = root.find_group("layers")) {
        for (const hdf5::Group& group : layers->groups) {
            const hdf5::Group* vars = group.find_group("vars");
            if (!expected.contains(group.name) && vars != nullptr && !vars->datasets.empty()) {
                fail_input(where, "variables of the config's layers only",
                           fmt::format("layers/{} too", shown(group.name)));
            }
        }
    }

    VariableValues values;
    values.weights = Buffer<float>(layout.weights_size);
    values.statistics = Buffer<float>(layout.statistics_size);
    values.updates.assign(static_cast<std::size_t>(layout.batch_normalizations), -1);
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (std::size_t k = 0; k < variables[i].size(); ++k) {
            const Variable& v = *variables[i][k];
            if (v.role == Role::count) continue;  // nothing reads it; any kind of number, always written as 0
            copy_floats(groups[i]->datasets[k].array, v.shape, values.of(v),
                        fmt::format("{}: layer \"{}\".{}", where, shown(layer_name(description.layers[i])),
                                    to_word(v.role)));
        }
    }
    return values;
}

OptimizerValues read_optimizer_values(const hdf5::Group& root, const ModelDescription& description,
                                      const VariableLayout& layout, Optimizer& optimizer,
                                      const std::string& file) {
    const std::string where = file + ": optimizer/vars";
    OptimizerValues values;
    for (int i = 0; i < slot_count(optimizer); ++i) values.slots.emplace_back(layout.weights_size);
    const hdf5::Group* vars = root.find_group("optimizer/vars");
    if (vars == nullptr || vars->datasets.empty()) return values;

    const auto order = slot_order(optimizer, trained_by_keras(description, layout));
    auto* rate = std::get_if<double>(std::visit([](auto& o) { return &o.learning_rate; }, optimizer));
    const std::size_t first_slot = rate != nullptr ? 2 : 1;
    const std::size_t count = vars->datasets.size();
    const bool untrained = count == first_slot;
    if ((!untrained && count != first_slot + order.size()) || !numbered(vars->datasets)) {
        fail_input(where, fmt::format("{} variables of {}", first_slot + order.size(), class_name(optimizer)),
                   fmt::format("{}", count));
    }

    const hdf5::Array& iteration = vars->datasets[0].array;
    if (!iteration.shape.empty() || !is_whole(iteration.type)) {
        fail_input(where + "/0", "a whole number (the iteration)",
                   fmt::format("{} of shape {}", hdf5::name_of(iteration.type), text_of(iteration.shape)));
    }
    const double steps = hdf5::to_doubles(iteration).front();
    if (!(steps >= 0 && steps <= 9007199254740992.0)) {
        fail_input(where + "/0", "an iteration of at least 0", fmt::format("{}", steps));
    }
    values.iteration = static_cast<std::int64_t>(steps);
    if (rate != nullptr) {
        float current = 0;
        copy_floats(vars->datasets[1].array, {}, std::span(&current, 1), where + "/1");
        // The variable is what Keras goes by; the config's number has more digits.
        if (current != static_cast<float>(*rate)) *rate = current;
        validate(optimizer);
    }
    for (std::size_t i = 0; !untrained && i < order.size(); ++i) {
        const hdf5::Dataset& dataset = vars->datasets[first_slot + i];
        copy_floats(dataset.array, order[i].variable->shape,
                    part(values.slots[order[i].slot], *order[i].variable),
                    fmt::format("{}/{} ({})", where, dataset.name, shown(order[i].variable->path)));
    }
    return values;
}

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

    OptimizerValues slots = model.optimizer_values;
    const auto small_iteration = static_cast<std::int32_t>(
        std::min<std::int64_t>(slots.iteration, std::numeric_limits<std::int32_t>::max()));
    float rate_now = 0;
    if (model.compilation) {
        const Optimizer& optimizer = model.compilation->optimizer;
        while (slots.slots.size() < static_cast<std::size_t>(slot_count(optimizer))) {
            slots.slots.emplace_back(model.layout.weights_size);
        }
        hdf5::Group& vars = root.make_group("optimizer/vars");
        vars.attributes.set("name", snake_case(class_name(optimizer)));
        // 32 bits as Keras on JAX, as long as they do.
        append(vars, small_iteration == slots.iteration ? scalar_of(small_iteration, hdf5::Type::int32)
                                                        : scalar_of(slots.iteration, hdf5::Type::int64));
        if (const auto* rate = std::get_if<double>(&learning_rate(optimizer))) {
            rate_now = static_cast<float>(*rate);
            append(vars, scalar_of(rate_now, hdf5::Type::float32));
        }
        for (const SlotOf& entry : slot_order(optimizer, trained_by_keras(model.description, model.layout))) {
            append(vars, array_of(part(slots.slots[entry.slot], *entry.variable), entry.variable->shape));
        }
    }
    return hdf5::write(root, where);
}

}  // namespace evenkeel::keras
