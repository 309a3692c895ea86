#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// Medians in microseconds of one call of Predictor::predict on one thread, from bytes to probabilities.
struct BenchPredictRow {
    std::int64_t batch = 0;
    double plain_us = 0;  ///< the lecture's network without batch normalization
    double bn_us = 0;     ///< with it before each activation, as it predicts after training
};

struct BenchPredictOptions {
    std::vector<std::int64_t> batches = {};  ///< each ≥ 1
    int repeats = 40;                        ///< rounds, of several calls each; the median call counts
    std::function<void(const BenchPredictRow&)> progress = {};
};

/// Times predictions of the lecture's network after a short training. Before anything is timed, it is checked that rows
/// predict the same alone as in a batch, and that they predict their class. Throws Error.
EVENKEEL_API std::vector<BenchPredictRow> bench_predict(const BenchPredictOptions& options);

}  // namespace evenkeel
