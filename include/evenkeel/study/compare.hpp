#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/description.hpp"
#include "evenkeel/probe/probe.hpp"
#include "evenkeel/study/statistics.hpp"
#include "evenkeel/train/history.hpp"

namespace evenkeel {

/// A network that takes part in a comparison.
struct ComparedArm {
    std::string name;        ///< "none", "before", "after", …
    ModelDescription model;  ///< with its input and scaling
};

/// How far a comparison has come; `epochs_done` counts over all runs.
struct CompareProgress {
    std::int64_t runs_done = 0, runs = 0;
    std::int64_t epochs_done = 0, epochs = 0;
    double seconds = 0;
};

/// The last training rows are held out to validate. How many where nobody said (`wanted` is negative): 5000, or a tenth
/// of fewer than 10 000.
constexpr std::int64_t held_out_rows(std::int64_t rows, std::int64_t wanted) {
    return wanted >= 0 ? wanted : (rows < 10000 ? rows / 10 : 5000);
}

struct CompareOptions {
    std::string optimizer_word = "sgd";  ///< as the user said it, for verdicts and summary.json
    Compilation compilation;             ///< the same for every arm
    std::int64_t batch_size = 128;
    int epochs = 5;
    int seeds = 8;                      ///< seeds 0 … seeds−1; unit of pairing
    int threads = 0;                    ///< runs side by side, one a core; 0: all cores
    std::int64_t validation_rows = -1;  ///< the last training rows; −1: held_out_rows()
    std::int64_t train_rows = 0;  ///< only the first of the rows that are not held out; 0, or more than there are: all
    std::function<void(const CompareProgress&)> progress = {};  ///< called from the runs' threads, one at a time
    std::optional<ProbeOptions> probe = {};                     ///< given: look into the runs of seed 0
    /// More callbacks of a run; `probe` is null where it is not looked into. Called from the runs' threads.
    std::function<std::vector<std::shared_ptr<Callback>>(const std::string& arm, std::uint64_t seed,
                                                         const std::shared_ptr<Probe>& probe)>
        callbacks = {};
    const std::atomic<bool>* interrupted = nullptr;  ///< set it to end: seeds not finished in every arm are left out
};

struct ComparedRun {
    std::uint64_t seed = 0;
    bool diverged = false;
    std::string problem;              ///< of a diverged run: what stopped being finite, where
    double test_accuracy = 0;         ///< of a diverged run: chance (1/classes)
    std::optional<double> test_loss;  ///< none for a diverged run
    double seconds = 0;  ///< training, without validation, test and probe; of work shared with other arms, its share
    std::vector<EpochLog> epochs;
    std::optional<ProbeRecord> probe;  ///< where it was looked into
};

struct ArmResult {
    ComparedArm arm;
    std::vector<ComparedRun> runs;  ///< by seed
    ArmSummary test_accuracy;
    EpochsToTarget
        epochs_to_none;  ///< epochs to the mean final validation accuracy of arm "none" (of the first arm without one)
};

struct PairResult {
    std::string a, b;
    PairedComparison comparison;
    std::string sentence;  ///< what the verdict says, with metric, optimizer and learning rate
};

struct CompareResult {
    std::vector<ArmResult> arms;
    std::vector<PairResult> pairs;  ///< every later arm against every earlier one
    bool interrupted = false;
    double seconds = 0;
};

/// Trains every arm with every seed (the same initial Dense weights and the same batches in all arms of a seed) and
/// compares the arms' test accuracies, paired by seed. The test rows are read once a run, at its end. A run that stops
/// being finite scores chance and stays in. Throws Error{input} where data and arms do not fit or there are no classes.
EVENKEEL_API CompareResult compare(const Dataset& data, const std::vector<ComparedArm>& arms,
                                   const CompareOptions& options);

}  // namespace evenkeel
