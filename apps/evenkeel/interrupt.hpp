#pragma once

#include <atomic>

#include "evenkeel/train/callback.hpp"

namespace evenkeel::cli {

/// While it lives, the first SIGINT or SIGTERM is a wish to stop after the step under way, and the second one
/// ends the process at once. One at a time.
class Interruptible {
  public:
    Interruptible();
    ~Interruptible();
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;

    static const std::atomic<bool>& wished();
};

/// Ends the training after the step under way, once that is wished for.
class StopWhenInterrupted : public Callback {
  public:
    void on_batch_end(Training& training, double) override {
        if (Interruptible::wished().load()) training.stop = true;
    }
};

}  // namespace evenkeel::cli
