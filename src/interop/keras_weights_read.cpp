#include "interop/keras_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "evenkeel/core/error.hpp"
#include "interop/json_view.hpp"
#include "interop/keras_variables.hpp"

namespace evenkeel::keras {
namespace {

std::string text_of(std::span<const std::uint64_t> shape) {
    return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

bool same_shape(const hdf5::Array& array, const Shape& shape) {
    return std::equal(array.shape.begin(), array.shape.end(), shape.begin(), shape.end(),
                      [](std::uint64_t a, std::int64_t b) { return a == static_cast<std::uint64_t>(b); });
}

std::string listed(const std::vector<const Variable*>& variables) {
    std::vector<std::string> words;
    for (const Variable* v : variables) {
        words.push_back(fmt::format("{} {}", to_word(v->role), to_string(v->shape)));
    }
    return words.empty() ? "no variables" : fmt::format("{} variables, {}", words.size(), fmt::join(words, ", "));
}

// vars/0, vars/1, …: the reader has sorted them by number.
bool numbered(const std::vector<hdf5::Dataset>& datasets) {
    for (std::size_t i = 0; i < datasets.size(); ++i) {
        if (datasets[i].name != std::to_string(i)) return false;
    }
    return true;
}

void copy_floats(const hdf5::Array& array, const Shape& shape, std::span<float> out, const std::string& where) {
    if (!same_shape(array, shape)) {
        fail_input(where, "shape " + to_string(shape), text_of(array.shape));
    }
    if (array.type != hdf5::Type::float32) fail_input(where, "float32", hdf5::name_of(array.type));
    std::memcpy(out.data(), array.bytes.data(), out.size_bytes());
}

bool is_whole(hdf5::Type type) {
    return type != hdf5::Type::float16 && type != hdf5::Type::float32 && type != hdf5::Type::float64;
}

void check_group(const hdf5::Group* group, const std::vector<const Variable*>& variables, const std::string& path,
                 const std::string& where) {
    const std::size_t count = group != nullptr ? group->datasets.size() : 0;
    if (count != variables.size() || (group != nullptr && !numbered(group->datasets))) {
        fail_input(where, fmt::format("{} in {}", listed(variables), path), fmt::format("{}", count));
    }
}

}  // namespace

VariableValues read_values(const hdf5::Group& root, const ModelDescription& description, const VariableLayout& layout,
                           const std::string& where) {
    const auto names = group_names(description);
    const auto variables = by_layer(description, layout);
    std::vector<const hdf5::Group*> groups;
    // Every count and shape first: what they need is in the file, then.
    std::set<std::string> expected;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string path = "layers/" + names[i] + "/vars";
        groups.push_back(root.find_group(path));
        expected.insert(names[i]);
        const std::string layer = fmt::format("{}: layer \"{}\"", where, shown(layer_name(description.layers[i])));
        check_group(groups.back(), variables[i], path, layer);
        for (std::size_t k = 0; k < variables[i].size(); ++k) {
            const hdf5::Array& array = groups.back()->datasets[k].array;
            if (!same_shape(array, variables[i][k]->shape)) {
                fail_input(layer + "." + to_word(variables[i][k]->role), "shape " + to_string(variables[i][k]->shape),
                           text_of(array.shape));
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
            copy_floats(
                groups[i]->datasets[k].array, v.shape, values.of(v),
                fmt::format("{}: layer \"{}\".{}", where, shown(layer_name(description.layers[i])), to_word(v.role)));
        }
    }
    return values;
}

OptimizerValues read_optimizer_values(const hdf5::Group& root, const ModelDescription& description,
                                      const VariableLayout& layout, Optimizer& optimizer, const std::string& file) {
    const std::string where = file + ": optimizer/vars";
    OptimizerValues values;
    for (int i = 0; i < slot_count(optimizer); ++i) values.slots.emplace_back(layout.weights_size);
    const hdf5::Group* vars = root.find_group("optimizer/vars");
    if (vars == nullptr || vars->datasets.empty()) return values;

    const auto order = slot_order(optimizer, description, layout);
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
        const Variable& v = *order[i].variable;
        Buffer<float>& slot = values.slots[order[i].slot];
        copy_floats(dataset.array, v.shape,
                    slot.span().subspan(static_cast<std::size_t>(v.offset), static_cast<std::size_t>(v.size)),
                    fmt::format("{}/{} ({})", where, dataset.name, shown(v.path)));
    }
    return values;
}

}  // namespace evenkeel::keras
