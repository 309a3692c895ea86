#include "probe/probe_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace evenkeel {
namespace {

using nlohmann::json;

// Six digits: more than the eye or the probe batch resolves, and a page a third of the size.
json number(double x) {
    return std::isfinite(x) ? json(std::strtod(fmt::format("{:.6g}", x).c_str(), nullptr)) : json();
}

template <typename Values>
json numbers(const Values& values) {
    json list = json::array();
    for (const auto value : values) list.push_back(number(value));
    return list;
}

json one_of_each(const std::vector<Distribution>& looks, double Distribution::*what) {
    json list = json::array();
    for (const Distribution& look : looks) list.push_back(number(look.*what));
    return list;
}

json percentiles(const std::vector<Distribution>& looks) {
    return {{"p15", one_of_each(looks, &Distribution::p15)},
            {"p50", one_of_each(looks, &Distribution::p50)},
            {"p85", one_of_each(looks, &Distribution::p85)}};
}

json both(const std::vector<Distribution>& pooled, const std::vector<Distribution>& one, std::int64_t unit) {
    json all = percentiles(pooled), single = percentiles(one);
    all["mean"] = one_of_each(pooled, &Distribution::mean);
    all["std"] = one_of_each(pooled, &Distribution::std);
    single["index"] = unit;
    return {{"pooled", std::move(all)}, {"unit", std::move(single)}};
}

json to_json(const ProbedLayer& layer) {
    return {{"name", layer.name},
            {"units", layer.units},
            {"activation", layer.activation},
            {"entering", both(layer.entering, layer.unit_entering, layer.unit)},
            {"next_input", both(layer.next_input, layer.unit_next_input, layer.unit)},
            {"saturated", numbers(layer.saturated)},
            {"dead", numbers(layer.dead)},
            {"gradient_norm", numbers(layer.gradient_norm)},
            {"update_norm", numbers(layer.update_norm)}};
}

json to_json(const ProbedNormalization& normalization) {
    return {{"layer", normalization.name},
            {"gamma_start", numbers(normalization.gamma_start)},
            {"gamma_end", numbers(normalization.gamma_end)},
            {"beta_start", numbers(normalization.beta_start)},
            {"beta_end", numbers(normalization.beta_end)}};
}

}  // namespace

json probe_json(std::uint64_t seed, const std::vector<ProbedArm>& arms) {
    double seconds = 0, training_seconds = 0;
    json list = json::array();
    for (const ProbedArm& arm : arms) {
        seconds += arm.record->seconds;
        training_seconds += arm.record->training_seconds;
        json layers = json::array(), normalizations = json::array();
        for (const ProbedLayer& layer : arm.record->layers) layers.push_back(to_json(layer));
        for (const ProbedNormalization& n : arm.record->normalizations) normalizations.push_back(to_json(n));
        list.push_back({{"name", arm.name},
                        {"steps", arm.record->steps},
                        {"layers", std::move(layers)},
                        {"gamma_beta", std::move(normalizations)}});
    }
    return {{"seed", seed},
            {"rows", arms.front().record->rows},
            {"seconds_share", training_seconds > 0 ? number(seconds / training_seconds) : json()},
            {"arms", std::move(list)}};
}

}  // namespace evenkeel
