#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "evenkeel/data/dataset.hpp"
#include "evenkeel/interop/keras.hpp"
#include "evenkeel/model/compilation.hpp"
#include "json_header.hpp"

namespace evenkeel::cli {

/// What `train` and `compare` have in common.
struct TrainingOptions {
    std::string model = "model_bn";
    std::string data = "mnist";
    std::string target;
    std::int64_t epochs = 5;
    std::int64_t batch_size = 128;
    std::string optimizer = "sgd";
    double learning_rate = std::numeric_limits<double>::quiet_NaN();  ///< not given: the optimizer's usual one
    std::int64_t threads = 0;
    std::string out;
    std::string tensorboard;  ///< empty: no event files
    std::string scaling = "auto";
    std::int64_t validation_rows = -1;  ///< not given
    bool json = false;
    bool quiet = false;

    double rate() const;
    Optimizer compiled_optimizer() const;
};

void add_training_options(CLI::App& app, TrainingOptions& options);
void add_data_options(CLI::App& app, std::string& data, std::string& target);
void add_threads(CLI::App& app, std::int64_t& threads);
void add_output_flags(CLI::App& app, bool& json, bool* quiet);

/// `--data`, with the message about a CSV's missing target in the words of the command line.
Dataset open_data(const std::string& data, const std::string& target);
/// The same for what computes products afterwards: they are prepared while the data is read.
Dataset open_data_to_compute(const std::string& data, const std::string& target);

/// The rows that validate during training: as asked for, else held_out_rows(). Throws Error{input} where none would be
/// left to train on.
std::int64_t validation_rows(const TrainingOptions& options, const Dataset& data);

/// `--model`: a word, a Keras config (.json) or a .keras archive, whose weights come along.
struct ChosenModel {
    ModelDescription description;
    std::optional<SavedModel> saved;
};
ChosenModel open_model(const std::string& word, const Shape& input_shape, std::int64_t classes);
/// "model.keras" and the like: what is an archive and not a word or a config.
bool is_archive(const std::string& name);

/// How a model with this output learns this data: which loss, which metric, and data in the form that the loss
/// takes. Throws Error{input} where the output does not fit the answers.
Compilation compilation_for(const ModelDescription& model, Dataset& data, const Optimizer& optimizer);

/// The arguments that both commands print.
json arguments_of(const TrainingOptions& options, std::int64_t validation);

/// "images" for rows of rank 2 or more, else "rows".
std::string rows_word(const Dataset& data);

/// Cores of the machine, where `--threads` was not given.
int threads_or_all(std::int64_t threads);

}  // namespace evenkeel::cli
