#pragma once

#include <string>
#include <vector>

#include "evenkeel/model/zoo.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {

/// What `compare` is told.
struct CompareCommand : TrainingOptions {
    std::int64_t seeds = 8;
    std::string arms = "none,before,after";
    std::string probe = "on";
    std::int64_t train_rows = 0;  ///< 0: all
    std::string activation;       ///< of the hidden layers; empty: the model's own

    // Of a sweep.
    std::string sweep;   ///< KEY=V1,V2,…; empty: none
    std::string preset;  ///< the options it stands for are in their places
    double useful_accuracy = 0.9;
    std::int64_t full_rate_batch = 0;  ///< 0: the learning rate is the same for every batch size
};

/// `--model`, with `--activation` in its hidden layers; not yet with an arm's normalization.
ModelDescription compared_model(const CompareCommand& options, const Dataset& data);

/// `--arms`, each once.
std::vector<Arm> arms_of(const std::string& text);

}  // namespace evenkeel::cli
