#pragma once

#include <filesystem>
#include <memory>

#include "evenkeel/core/export.hpp"
#include "evenkeel/probe/probe.hpp"
#include "evenkeel/train/callback.hpp"

namespace evenkeel {

/// Writes a training into a folder as TensorBoard reads it, while it runs. After each epoch, at its last step: loss and
/// metrics ("loss/train", "loss/validation", "accuracy/train", …) and "learning_rate". Where a probe looks in, at each
/// look: histograms of every trainable variable ("dense/kernel", "batch_normalization/gamma", …) and of what enters a
/// hidden layer's g and what the next Dense is given ("dense/entering", "dense/next_input").
/// A training into a folder that has one already takes its place from its first step on.
class EVENKEEL_API TensorBoard : public Callback {
  public:
    /// Takes the probe's listener where one is given; fit must be given the probe too. The folder is made when the
    /// training begins. Throws Error{input} where it cannot be written, then or later.
    explicit TensorBoard(std::filesystem::path folder, const std::shared_ptr<Probe>& probe = nullptr);
    ~TensorBoard() override;

    void on_train_begin(Training& training) override;
    void on_epoch_end(Training& training, const EpochLog& log) override;
    void on_train_end(Training& training) override;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  ///< the probe's listener has it too
};

}  // namespace evenkeel
