#pragma once

#include <cstdint>
#include <string>

#include "evenkeel/data/dataset.hpp"
#include "evenkeel/interop/keras.hpp"
#include "evenkeel/train/history.hpp"
#include "evenkeel/train/sequential.hpp"
#include "json_header.hpp"

namespace evenkeel::cli {

/// A metric's value in its own way: accuracies as "97.31 %", the rest in four digits.
std::string metric_value(const std::string& name, double value);

/// One row an epoch; long histories are abridged in the middle.
std::string epochs_table(const History& history);
/// A line of a table in CSV, of a training that watches accuracy.
inline constexpr const char* epoch_csv_header =
    "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate,seconds\n";
std::string epoch_csv(const EpochLog& epoch);
/// epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate,seconds
std::string history_csv(const History& history);
json epochs_json(const History& history);

/// A hash of all examples and answers, so that a training does not resume on other data. Not cryptographic.
std::uint64_t content_hash(const Dataset& data);

/// Copies the variables of an archive into a model of the same network (its input layers may differ, as long
/// as they have no variables of their own). Throws Error{input} where they do not fit.
void copy_values(const SavedModel& saved, Sequential& model);

}  // namespace evenkeel::cli
