#pragma once

#include <string>

#include "interop/hdf5_tree.hpp"
#include "interop/hdf5_types.hpp"

namespace evenkeel::hdf5 {

/// A tree with everything that our files can hold. It views static numbers.
inline Group sample_tree() {
    static const std::vector<std::byte> numbers = [] {
        std::vector<std::byte> made(6 * 8);
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::byte>(i * 5 % 61);
        return made;
    }();
    const auto array = [](Type type, std::vector<std::uint64_t> shape) {
        std::size_t count = 1;
        for (const std::uint64_t extent : shape) count *= extent;
        return Array{type, shape, std::span(numbers).first(count * size_of(type))};
    };
    Group root;
    Group& types = root.make_group("types");
    for (const Type type : all_types) {
        types.datasets.push_back({std::string(name_of(type)), array(type, {2, 3}), {}});
        types.attributes.set(name_of(type), array(type, {3}));
    }
    root.attributes.set("keras_version", "3.15.1");
    root.attributes.set("umlaut", "Größe \xe2\x9c\x93");
    root.attributes.set("nothing", "");
    root.attributes.set("long", std::string(70000, 'x'));
    root.attributes.set("layer_names", std::vector<std::string>{"dense", "", "batch_normalization"});
    root.attributes.set("scalar", array(Type::int64, {}));
    root.attributes.set("no_weights", array(Type::float64, {0}));
    root.datasets.push_back({"iteration", array(Type::int64, {}), {}});
    root.datasets.push_back({"empty", array(Type::float32, {0, 3}), {}});
    root.datasets.back().attributes.set("dtype", "float32");
    // More children than one symbol node (8) and than 32 of them.
    for (const int count : {8, 9, 40, 300}) {
        for (int i = 0; i < count; ++i) {
            Group& vars = root.make_group("wide" + std::to_string(count) + "/dense_" + std::to_string(i) + "/vars");
            vars.attributes.set("name", "layer " + std::to_string(i));
            if (i < 3) vars.datasets.push_back({std::to_string(i), array(Type::float32, {3, 1, 2}), {}});
        }
    }
    root.make_group("a/b/c/d/e/f/g/h");
    return root;
}

}  // namespace evenkeel::hdf5
