#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/variables.hpp"
#include "evenkeel/train/callback.hpp"
#include "evenkeel/train/data_view.hpp"
#include "evenkeel/train/sequential.hpp"
#include "plan/plan.hpp"

namespace evenkeel {

/// A data view checked against a model: whole rows, as many answers, labels within the classes, finite
/// floats. rows ≥ 0; throws Error{input} naming what does not fit.
struct CheckedData {
    BatchView all;  ///< the source; x.rows and the number of rows are set per batch
    std::int64_t first_row = 0, rows = 0;
};
CheckedData check_data(const DataView& data, std::int64_t features, std::int64_t outputs, const Loss* loss);

/// Means over so many rows of what was summed over them.
Evaluation means(double rows, double loss_sum, std::span<const double> metric_sums);

/// Everything that a model's training works on, and what becomes of it.
struct Trainee {
    const ModelDescription& description;
    const VariableLayout& layout;
    const Compilation& compilation;
    VariableValues& values;
    OptimizerValues& optimizer;
    std::uint64_t seed;
    ThreadPool& pool;
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    History history = {};
    std::optional<Error> failure = {};  ///< of the work: there its history ends
};

/// The epochs of fit: batches in the order of (seed, epoch), a step each, validation, the trainee's callbacks (those of the
/// options are not read). Several trainees, of one seed and pool, take their steps on a batch in turns. Does not throw what is a
/// trainee's own failure.
void train(std::span<Trainee> trainees, const DataView& data, const FitOptions& options);
void train(Trainee& trainee, const GeneratedData& data, const FitOptions& options);

/// Means over all rows in inference mode.
Evaluation evaluate_all(Plan& plan, const CheckedData& data, const VariableValues& values, std::size_t metrics);
Evaluation evaluate_all(Plan& plan, const GeneratedData& data, const ModelDescription& description,
                        const Compilation& compilation, const VariableValues& values);

/// Rows that inference computes at a time: enough blocks for every thread, few enough to stay in cache.
inline constexpr std::int64_t evaluation_batch = 256;

}  // namespace evenkeel
