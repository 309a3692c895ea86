#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/model/zoo.hpp"
#include "evenkeel/study/compare.hpp"
#include "evenkeel/study/useful_range.hpp"
#include "evenkeel/train/input_scaling.hpp"

namespace evenkeel {

/// What a sweep runs over.
enum class SweepKey { learning_rate, batch_size, optimizer, initializer_scale, depth, activation, input_scaling };

/// "learning_rate", …; throws Error{input} naming them.
EVENKEEL_API SweepKey sweep_key_from_word(std::string_view word);
EVENKEEL_API const char* to_word(SweepKey key);
EVENKEEL_API std::span<const char* const> sweep_key_words();
EVENKEEL_API bool is_numeric(SweepKey key);

/// One value of the key: every arm as it is trained there.
struct SweepPoint {
    std::string value;                                         ///< as a user writes it
    double number = std::numeric_limits<double>::quiet_NaN();  ///< of a numeric key
    std::vector<ComparedArm> arms;                             ///< with the same names, in the same order, everywhere
    std::string optimizer_word = "sgd";
    Compilation compilation;
    std::int64_t batch_size = 128;
};

/// What stays as it is at every value, but for the key.
struct SweepBase {
    ModelDescription model;  ///< before with_arm and with_input
    std::vector<Arm> arms = {Arm::none, Arm::before, Arm::after};
    InputScaling scaling = InputScaling::automatic;
    std::string optimizer_word = "sgd";
    Compilation compilation;
    std::int64_t batch_size = 128;
    /// The learning rate of each optimizer of a sweep over optimizers; empty: the compilation's for all.
    std::function<double(const std::string& optimizer)> usual_rate = {};
    /// > 0, in a sweep over batch sizes: the learning rate is for batches of so many rows and more, and smaller ones
    /// take it in proportion (Goyal et al. 2017).
    std::int64_t full_rate_batch = 0;
};

/// The points of a sweep, numbers in ascending order. Throws Error{input} naming the value that is out of its range or
/// there twice, or for which the model cannot be made.
EVENKEEL_API std::vector<SweepPoint> sweep_points(const Dataset& data, SweepKey key,
                                                  const std::vector<std::string>& values, const SweepBase& base);

/// A cell is one value, one arm, one seed.
struct SweepProgress {
    std::int64_t done = 0;  ///< cells, the kept ones included
    std::int64_t kept = 0;  ///< of an earlier, interrupted sweep
    std::int64_t cells = 0;
    double share = 0;    ///< of this call's work that is done, by an estimate of each cell's length
    double seconds = 0;  ///< of this call
};

struct SweepOptions {
    int epochs = 1;   ///< ≥ 1
    int seeds = 8;    ///< seeds 0 … seeds−1; unit of pairing
    int threads = 0;  ///< cells side by side, one a core; 0: all cores
    /// The last training rows, on which each arm's best value is chosen; −1: 10 000, or a sixth of fewer than 60 000.
    std::int64_t validation_rows = -1;
    std::int64_t train_rows = 0;  ///< only the first of the other rows; 0, or more than there are: all
    double useful_accuracy = 0.9;
    /// Finished cells are kept here, each in a file of its own that appears whole, and are not computed again. Empty:
    /// nothing is kept. The folder is made.
    std::filesystem::path cells = {};
    /// What determines a cell besides its model, compilation, rows and seed: the data, the program's version.
    std::string fingerprint = {};
    std::function<void(const SweepProgress&)> progress = {};  ///< called from the cells' threads, one at a time
    const std::atomic<bool>* interrupted = nullptr;           ///< set it to end: only cells under way are lost
};

/// All arms at one value.
struct SweptValue {
    SweepPoint point;
    std::vector<ArmResult> arms;
    std::vector<PairResult> pairs;  ///< every later arm against every earlier one, at this value
};

/// An arm's best value: that of the highest mean accuracy on the held-out training rows at the end of training, where
/// a diverged run scores chance. Of equal ones the first.
struct BestValue {
    std::string arm;
    std::size_t index = 0;  ///< into SweepResult::values
    double held_out_accuracy = 0;
};

/// Whether arm a is useful over a wider range than arm b.
struct RangePair {
    std::string a, b;
    double more_decades = 0;      ///< of the mean accuracies' ranges
    PairedComparison comparison;  ///< of the decades of each seed's own range
    std::string sentence;
};

struct SweepResult {
    SweepKey key = SweepKey::learning_rate;
    std::vector<SweptValue> values;
    std::vector<UsefulRange> useful;     ///< one an arm; empty where the key is no number
    std::vector<RangePair> range_pairs;  ///< every later arm against every earlier one
    std::vector<BestValue> best;         ///< one an arm
    std::vector<ArmResult> arms;         ///< each at its own best value …
    std::vector<PairResult> pairs;       ///< … and compared there
    std::int64_t validation_rows = 0, train_rows = 0;
    std::int64_t cells = 0, cells_done = 0, cells_kept = 0;
    bool interrupted = false;  ///< then there is nothing but the counts
    double seconds = 0;
};

/// Trains every arm at every value with every seed: the same initial Dense weights and the same batches in all arms of
/// a seed. The test rows are read once a cell, at its end, and choose nothing. A run that stops being finite scores
/// chance and stays in. Bits do not depend on threads, order, or on how often a sweep was interrupted. Everything is
/// checked before the first cell; throws Error{input}.
EVENKEEL_API SweepResult sweep(const Dataset& data, SweepKey key, const std::vector<SweepPoint>& points,
                               const SweepOptions& options);

}  // namespace evenkeel
