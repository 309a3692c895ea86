#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/study/compare.hpp"

namespace evenkeel {

/// One arm, one seed.
struct RunRequest {
    const std::string& arm;
    const ModelDescription& model;  ///< with its input and scaling
    const CompareOptions& options;
    std::uint64_t seed = 0;
    int threads = 1;                     ///< bits do not depend on it
    std::function<void()> on_epoch_end;  ///< may be empty
};

/// How many rows are trained on: the first of those that are not held out.
std::int64_t trained_rows(const Dataset& data, const CompareOptions& options);

/// Trains, and reads the test rows once, at the end. A run that stops being finite scores chance, says why, and
/// keeps the epochs that it had. An interrupted one is cut short: what it gives is to be thrown away.
ComparedRun run_one(const Dataset& data, const RunRequest& request);

/// The same for several arms of one seed, which train together on the first one's threads: faster than one after the other. Their
/// options may differ in compilation, probe and callbacks only.
std::vector<ComparedRun> run_together(const Dataset& data, std::span<const RunRequest> requests);

/// As many as were asked for, or, for 0, the machine has.
int core_count(int wanted);

/// Calls body(job, threads) for job 0 … jobs−1, side by side, one a core; `threads` is what each may use itself
/// (more than one where there are fewer jobs than cores). Jobs begin in order. None begins after `stopped` says so
/// or one has thrown; the first exception is thrown again once all threads have ended.
void side_by_side(std::int64_t jobs, int cores, const std::function<bool()>& stopped,
                  const std::function<void(std::int64_t job, int threads)>& body);

}  // namespace evenkeel
