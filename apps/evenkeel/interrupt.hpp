#pragma once

#include <atomic>
#include <csignal>
#include <thread>

#include "evenkeel/train/callback.hpp"

namespace evenkeel::cli {

/// While it lives, the first SIGINT or SIGTERM is a wish to stop after the step under way, and the second one
/// ends the process at once. One at a time; threads that compute are to be started after it.
///
/// The signals are blocked everywhere and taken by a thread that only waits for them: oneDNN's matrix products
/// move the stack pointer into memory of their own, where the frame of a signal handler would overwrite what
/// lies below (seen as a corrupted heap with oneDNN 2.6.3 on AVX-512). So no handler may ever run in a thread
/// that computes.
class Interruptible {
  public:
    Interruptible();
    ~Interruptible();
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;

    static const std::atomic<bool>& wished();

  private:
    void wait_for_signals(const std::stop_token& stop) const;
    sigset_t signals_{}, before_{};
    std::jthread waiter_;
};

/// Ends the training after the step under way, once that is wished for.
class StopWhenInterrupted : public Callback {
  public:
    void on_batch_end(Training& training, double) override {
        if (Interruptible::wished().load()) training.stop = true;
    }
};

}  // namespace evenkeel::cli
