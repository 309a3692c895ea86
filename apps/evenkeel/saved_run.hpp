#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "evenkeel/train/sequential.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {

/// What `evaluate` and `predict` have in common: an archive, data, and which part of the data.
struct SavedRunOptions {
    std::string model;
    std::string data = "mnist";
    std::string target;
    std::string split = "test";
    std::string scaling = "none";
    std::int64_t rows = 0;  ///< the first so many; 0: all
    std::int64_t threads = 0;
    bool json = false;
};
void add_saved_run_options(CLI::App& app, SavedRunOptions& options);

/// The archive; read before the data, which may take longer.
SavedModel open_archive(const SavedRunOptions& options);
/// Its model for such rows, its variables in place; with --scaling unit a Rescaling stands in front.
Sequential model_for(const SavedRunOptions& options, const SavedModel& saved, const Examples& rows);

/// Which rows were asked for.
const Examples& chosen_part(const SavedRunOptions& options, const Dataset& data);
std::int64_t chosen_rows(const SavedRunOptions& options, const Examples& part);

json arguments_of(const SavedRunOptions& options, std::int64_t rows);

}  // namespace evenkeel::cli
