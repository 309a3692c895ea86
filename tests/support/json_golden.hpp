#pragma once

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "evenkeel/core/shape.hpp"

namespace evenkeel::testing {

/// tests/golden/data/<name>.
inline nlohmann::json golden(const std::string& name) {
    const std::string path = std::string(EVENKEEL_SOURCE_DIR) + "/tests/golden/data/" + name;
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    return nlohmann::json::parse(file);
}

/// An array of the files: {"shape": …, "values": …}.
inline Shape shape_of(const nlohmann::json& array) {
    return array.at("shape").get<Shape>();
}
inline std::vector<double> doubles_of(const nlohmann::json& array) {
    return array.at("values").get<std::vector<double>>();
}
/// A decimal there names one float32: parsed as a double, rounded to float.
inline std::vector<float> floats_of(const nlohmann::json& array) {
    const std::vector<double> values = doubles_of(array);
    std::vector<float> result(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) result[i] = static_cast<float>(values[i]);
    return result;
}
inline std::vector<std::int32_t> integers_of(const nlohmann::json& array) {
    return array.at("values").get<std::vector<std::int32_t>>();
}

}  // namespace evenkeel::testing
