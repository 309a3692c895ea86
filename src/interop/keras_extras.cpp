#include "interop/keras_extras.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "evenkeel/core/error.hpp"

namespace evenkeel::keras {
namespace {

constexpr std::int64_t version = 1;
constexpr std::array variances = {"biased", "unbiased"};               // in the order of MovingVariance
constexpr std::array single_values = {"error", "use_moving", "skip"};  // in the order of SingleValue

template <class Enum, class Words>
Enum value_of(const JsonView& view, const Words& words) {
    const auto found = std::find(words.begin(), words.end(), view.text());
    if (found == words.end()) view.fail(fmt::format("one of {}", fmt::join(words, ", ")));
    return static_cast<Enum>(found - words.begin());
}

std::int64_t read_layer_extras(JsonObject& entry, BatchNormalization& layer) {
    const JsonView updates = entry.get("updates");
    if (updates.integer() < -1) updates.fail("a count, or -1 for a plain average");
    layer.debias = entry.get("debias").flag();
    layer.moving_variance = value_of<MovingVariance>(entry.get("moving_variance"), variances);
    layer.single_value = value_of<SingleValue>(entry.get("single_value"), single_values);
    layer.train_gamma = entry.get("train_gamma").flag();
    layer.train_beta = entry.get("train_beta").flag();
    layer.update_statistics = entry.get("update_statistics").flag();
    layer.use_moving_statistics = entry.get("use_moving_statistics").flag();
    return updates.integer();
}

Json write_layer_extras(const BatchNormalization& layer, std::int64_t updates) {
    return {{"name", layer.name},
            {"updates", updates},
            {"debias", layer.debias},
            {"moving_variance", variances[static_cast<std::size_t>(layer.moving_variance)]},
            {"single_value", single_values[static_cast<std::size_t>(layer.single_value)]},
            {"train_gamma", layer.train_gamma},
            {"train_beta", layer.train_beta},
            {"update_statistics", layer.update_statistics},
            {"use_moving_statistics", layer.use_moving_statistics}};
}

}  // namespace

Extras read_extras(std::string_view text, const std::string& where, ModelDescription& description,
                   std::vector<std::int64_t>& updates) {
    const nlohmann::json document = parse_json(text, where);
    JsonObject top{JsonView(document, where)};
    const JsonView number = top.get("version");
    if (number.integer() != version) number.fail(fmt::format("{} (this Evenkeel's)", version));

    std::map<std::string, std::pair<BatchNormalization*, std::size_t>> layers;
    for (Layer& layer : description.layers) {
        if (auto* bn = std::get_if<BatchNormalization>(&layer)) layers[bn->name] = {bn, layers.size()};
    }
    if (const auto entries = top.find("batch_normalization")) {
        for (const JsonView& view : entries->list()) {
            JsonObject entry(view);
            const JsonView name = entry.get("name");
            const auto found = layers.find(name.text());
            if (found == layers.end()) name.fail("the name of a BatchNormalization, each once");
            updates[found->second.second] = read_layer_extras(entry, *found->second.first);
            layers.erase(found);
            entry.done();
        }
    }

    Extras extras;
    if (const auto view = top.find("optimizer")) {
        JsonObject optimizer(*view);
        if (const auto decay = optimizer.find("decay_gamma_beta")) {
            extras.training.decay_gamma_beta = decay->flag();
        }
        if (const auto delta = optimizer.find("huber_delta")) extras.training.huber_delta = delta->number();
        if (const auto loss = optimizer.find("loss")) {
            if (loss->text() != "custom") loss->fail("custom");
            extras.training.custom_loss = true;
        }
        optimizer.done();
    }
    if (const auto training = top.find("training")) {
        if (!training->is_object()) training->fail("an object");
        extras.extra_json = training->json().dump();
    }
    top.done();
    return extras;
}

std::string write_extras(const SavedModel& model, const std::string& where) {
    Json layers = Json::array();
    for (const Layer& layer : model.description.layers) {
        if (const auto* bn = std::get_if<BatchNormalization>(&layer)) {
            layers.push_back(write_layer_extras(*bn, model.values.updates.at(layers.size())));
        }
    }
    Json document = {{"version", version}, {"batch_normalization", std::move(layers)}};
    if (model.compilation) {
        Json optimizer = {{"decay_gamma_beta",
                           std::visit([](const auto& o) { return o.decay_gamma_beta; }, model.compilation->optimizer)}};
        const Loss& loss = model.compilation->loss;
        if (loss.kind == LossKind::huber) optimizer["huber_delta"] = loss.delta;
        if (loss.kind == LossKind::custom) optimizer["loss"] = "custom";
        document["optimizer"] = std::move(optimizer);
    }
    if (!model.extra_json.empty()) {
        const std::string words = where + ": extra_json";
        const nlohmann::json training = parse_json(model.extra_json, words);
        if (!training.is_object()) JsonView(training, words).fail("an object");
        document["training"] = training;
    }
    return document.dump(1) + "\n";
}

}  // namespace evenkeel::keras
