#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

/// Medians in microseconds for one batch size and number of threads.
struct BenchStepRow {
    std::int64_t batch = 0;
    int threads = 0;
    /// The step's multiply-adds, but for those with a number of the images that is zero, as fast as the threads do them on
    /// registers: what a step that leaves out nothing else cannot go below.
    double peak_us = 0;
    double gemm_only_us = 0;  ///< the step's matrix products alone, by oneDNN, zeros and all
    double plain_us = 0;      ///< a step of the network without batch normalization
    double bn_us = 0;         ///< a step of the network with it before each activation
};

struct BenchStepOptions {
    std::vector<std::int64_t> batches = {};        ///< each from 2 to the number of images
    std::vector<int> threads = {};                 ///< each ≥ 1
    std::vector<std::int64_t> hidden = {128, 64};  ///< units of the hidden layers; as it is, the lecture's network
    int repeats = 40;                              ///< of each measurement; the median counts
    int together = 1;                              ///< calls that are timed as one, whose mean is the measurement
    std::function<void(const BenchStepRow&)> progress = {};
};

struct BenchStepResult {
    std::vector<BenchStepRow> rows;  ///< by batch, then threads
};

/// 60 000 made-up images of 28×28 bytes in ten classes, which a network can learn to tell apart.
EVENKEEL_API Examples bench_images();

/// Times a training step (SGD) of Flatten, (Dense, [BN], ReLU) for each hidden layer, Dense 10 softmax: everything from
/// gathering the bytes of a random batch to the updated weights. Before anything is timed, it is checked that both networks
/// learn and that every number of threads gives the bits of one. Throws Error{input} for images that are not bytes or labels
/// outside 0 … 9, Error{work} where the check fails.
EVENKEEL_API BenchStepResult bench_step(const Examples& images, const BenchStepOptions& options);

}  // namespace evenkeel
