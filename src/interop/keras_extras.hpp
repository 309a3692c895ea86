#pragma once

#include <string>
#include <string_view>

#include "evenkeel/interop/keras.hpp"
#include "interop/keras_config.hpp"

// assets/evenkeel.json: what Keras has no word for. Version 1:
//   {"version": 1, "batch_normalization": [{"name", "updates", "debias", …} …],
//    "optimizer": {"decay_gamma_beta", "loss", "huber_delta"}, "training": {…}}
namespace evenkeel::keras {

struct Extras {
    TrainingExtras training;
    std::string extra_json;
};

/// Sets the options of the description's BatchNormalization layers and their counts of updates (there must be
/// as many as layers).
Extras read_extras(std::string_view text, const std::string& where, ModelDescription& description,
                   std::vector<std::int64_t>& updates);

std::string write_extras(const SavedModel& model, const std::string& where);

}  // namespace evenkeel::keras
