#include "json_header.hpp"

#include <cmath>
#include <fstream>
#include <thread>

#include "kernels/simd.hpp"
#include "version.hpp"

namespace evenkeel::cli {
namespace {

std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (!line.starts_with("model name")) continue;
        const auto colon = line.find(": ");
        if (colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown";
}

}  // namespace

nlohmann::ordered_json JsonHeader::with(const json& result) const {
    nlohmann::ordered_json document;
    document["command"] = command_;
    document["version"] = version;
    document["arguments"] = arguments;
    document["machine"] = {
        {"cpu", cpu_name()}, {"threads", std::thread::hardware_concurrency()}, {"simd", kernels::simd_name()}};
    document["seconds"] = seconds();
    for (const auto& [key, value] : result.items()) document[key] = value;
    return document;
}

std::string text_of(const nlohmann::ordered_json& document) {
    return document.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

json number_or_null(double value) {
    return std::isfinite(value) ? json(value) : json();
}

}  // namespace evenkeel::cli
