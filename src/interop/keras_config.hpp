#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/description.hpp"
#include "interop/json_view.hpp"

// config.json of a Keras archive, read and written. Readers throw Error{input}.
namespace evenkeel::keras {

/// Keeps the order of keys, so that a file reads as Keras's does.
using Json = nlohmann::ordered_json;

/// {"module", "class_name", "config", "registered_name": null}
Json object(std::string_view module, std::string_view class_name, Json config);

/// A word ("he_normal") or an object. Seeds are not kept: Evenkeel's random numbers are its own.
Initializer read_initializer(const JsonView& view);
Json write_initializer(const Initializer& initializer);
Regularizer read_regularizer(const JsonView& view);
Json write_regularizer(const Regularizer& regularizer);  ///< null where it adds nothing

/// One entry of "layers". `file` begins the words for where it stands; `rank` counts the axes of its input,
/// the batch's among them, 0 while unknown.
Layer read_layer(const JsonView& entry, const std::string& file, std::size_t rank);
/// `input` is the shape before the layer, or nullptr while unknown.
Json write_layer(const Layer& layer, const Shape* input);
/// [null, 28, 28] ↔ {28, 28}
Shape read_batch_shape(const JsonView& view);
Json write_batch_shape(const Shape& shape);
/// Throws where "dtype" is neither missing nor float32.
void check_dtype(JsonObject& config);

/// The whole of config.json.
ModelDescription read_model(const JsonView& top);
Json write_model(const ModelDescription& description, const Compilation* compilation);

/// What Keras's config cannot say about training.
struct TrainingExtras {
    std::optional<bool> decay_gamma_beta;
    std::optional<double> huber_delta;
    bool custom_loss = false;
};

struct FoundCompilation {
    std::optional<Compilation> compilation;
    std::string problem;  ///< why it is empty or what was left out
};

/// "compile_config" of config.json. Throws nothing: what it cannot understand is the problem.
FoundCompilation read_compilation(const JsonView& top, const TrainingExtras& extras);
Json write_compilation(const Compilation& compilation);
Optimizer read_optimizer(const JsonView& view, const TrainingExtras& extras);
Json write_optimizer(const Optimizer& optimizer);
Loss read_loss(const JsonView& view, const TrainingExtras& extras);

}  // namespace evenkeel::keras
