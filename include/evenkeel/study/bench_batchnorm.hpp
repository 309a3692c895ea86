#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/core/shape.hpp"

namespace evenkeel {

/// Batch normalization of one matrix, channels last, in one of its three passes.
struct BenchBatchnormRow {
    Shape shape;
    int threads = 0;
    std::string pass;                   ///< "forward" (in training), "backward" or "inference"
    int streams = 0;                    ///< how often the pass reads or writes a whole matrix: 3, 5, 2
    double microseconds = 0;            ///< median
    double bytes_per_second = 0;        ///< of all streams
    double limit_bytes_per_second = 0;  ///< the same reads and writes with next to no arithmetic, in the same run
    double share = 0;                   ///< of the limit
};

struct BenchBatchnormOptions {
    std::vector<Shape> shapes = {};  ///< each at least [rows, channels]; two values a channel at least
    std::vector<int> threads = {};   ///< each ≥ 1
    int repeats = 11;                ///< of each measurement; the median counts
    std::function<void(const BenchBatchnormRow&)> progress = {};
};

/// Times the kernels of batch normalization, each beside plain streams over the same memory in the same blocks, order and
/// threads. Before anything is timed, results are compared with the formulas in double, and those of every number of
/// threads with one another, bit by bit. Throws Error{input} for options that make no sense, Error{work} where a result is
/// wrong.
EVENKEEL_API std::vector<BenchBatchnormRow> bench_batchnorm(const BenchBatchnormOptions& options);

}  // namespace evenkeel
