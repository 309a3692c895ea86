#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "evenkeel/study/compare.hpp"
#include "evenkeel/study/sweep.hpp"
#include "evenkeel/train/progress.hpp"

namespace evenkeel::cli {

/// How progress is shown on stderr: a live bar on a terminal, else a line now and then, or nothing.
enum class ProgressMode { none, lines, bar };
ProgressMode progress_mode(bool quiet);

/// One line of a terminal that is written over and over; gone when it is destroyed.
class LiveLine {
  public:
    ~LiveLine() { clear(); }
    /// `head` and `tail` around a bar that takes what room there is; share in [0, 1].
    void show(const std::string& head, double share, const std::string& tail);
    void clear();
    /// Whether it is time to write again: not more than ten times a second.
    bool due();

  private:
    std::chrono::steady_clock::time_point last_{};
    bool shown_ = false;
};

/// The progress of one training: epoch, loss, accuracy, rows a second, time left.
class TrainProgress : public Progress {
  public:
    /// `rows_word`: what a row is ("images", "rows").
    TrainProgress(ProgressMode mode, std::string rows_word)
        : Progress([this](const TrainingProgress& progress) { draw(progress); }),
          mode_(mode),
          rows_word_(std::move(rows_word)) {}
    void on_train_begin(Training& training) override;
    void on_epoch_end(Training& training, const EpochLog& log) override;
    void on_train_end(Training&) override { line_.clear(); }

  private:
    void draw(const TrainingProgress& progress);
    ProgressMode mode_;
    std::string rows_word_;
    std::string metric_;  ///< the first one's name, or none
    LiveLine line_;
};

/// The progress of a comparison: runs and epochs over all seeds and arms.
class CompareProgressLine {
  public:
    CompareProgressLine(ProgressMode mode, std::int64_t rows_an_epoch, std::string rows_word)
        : mode_(mode), rows_(rows_an_epoch), rows_word_(std::move(rows_word)) {}
    void show(const CompareProgress& progress);
    void clear() { line_.clear(); }

  private:
    ProgressMode mode_;
    std::int64_t rows_;
    std::string rows_word_;
    std::int64_t tenths_told_ = 0;
    LiveLine line_;
};

/// The progress of a sweep: its cells.
class SweepProgressLine {
  public:
    explicit SweepProgressLine(ProgressMode mode) : mode_(mode) {}
    void show(const SweepProgress& progress);
    void clear() { line_.clear(); }

  private:
    ProgressMode mode_;
    std::int64_t tenths_told_ = 0;
    LiveLine line_;
};

}  // namespace evenkeel::cli
