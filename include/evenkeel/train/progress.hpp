#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>

#include "evenkeel/train/callback.hpp"

namespace evenkeel {

/// How far a training has come, between two steps.
struct TrainingProgress {
    int epoch = 0, epochs = 0;             ///< the one under way, from 1; how many were asked for
    std::int64_t batch = 0, batches = 0;   ///< done in this epoch; in an epoch
    double share = 0;                      ///< of the whole training, in [0, 1]
    double loss = 0;                       ///< mean over the epoch's rows so far
    std::span<const double> metrics = {};  ///< the same, in the order of History::metric_names
    double rows_per_second = 0;            ///< since this call of fit began; 0 before its first step
    double seconds_left = 0;               ///< at that speed
};

/// Calls `show` now and then while training, and not more often than every `seconds_between` seconds: the library itself
/// prints nothing.
class EVENKEEL_API Progress : public Callback {
  public:
    explicit Progress(std::function<void(const TrainingProgress&)> show, double seconds_between = 0.1);
    void on_train_begin(Training& training) override;
    void on_batch_end(Training& training, double loss) override;

  private:
    using Clock = std::chrono::steady_clock;

    std::function<void(const TrainingProgress&)> show_;
    double seconds_between_;
    double rows_at_start_ = 0;
    Clock::time_point start_{}, last_{};
    std::vector<double> metrics_;
};

}  // namespace evenkeel
