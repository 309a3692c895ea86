#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "evenkeel/train/sequential.hpp"

// In the component evenkeel::interop: it writes Keras's archive.
namespace evenkeel {

/// Writes the model as a .keras archive that Keras 3 loads: whole, or not at all.
EVENKEEL_API void save_model(const Sequential& model, const std::filesystem::path& path);

/// Reads a .keras archive; compiled where the archive says how and Evenkeel knows it.
EVENKEEL_API Sequential load_model(const std::filesystem::path& path, SequentialOptions options = {});

/// A model together with where its training stood.
struct SavedTraining {
    Sequential model;
    TrainingPosition position;
    History history;
};

/// What a training was started with, so that only the same one resumes: the caller's own words, compared as
/// text.
struct CheckpointOptions {
    std::filesystem::path folder;  ///< checkpoint/, made where missing
    std::string fingerprint = {};  ///< data, arguments, seed: whatever must not change between start and resume
    std::int64_t every_steps = 0;  ///< > 0: also every so many steps; else at the end of each epoch
    int keep = 2;                  ///< newest that stay
};

/// Writes step-N.keras: weights, statistics, optimizer and position. Each is written aside, synced and
/// renamed; a killed process loses the work since the last one and nothing else.
class EVENKEEL_API Checkpoint : public Callback {
  public:
    explicit Checkpoint(CheckpointOptions options);
    void on_train_begin(Training& training) override;
    void on_batch_end(Training& training, double loss) override;
    void on_epoch_end(Training& training, const EpochLog& log) override;
    void on_train_end(Training& training) override;  ///< writes one where the training was asked to stop
    void save(const Training& training);             ///< writes one now

  private:
    CheckpointOptions options_;
};

/// The newest checkpoint in the folder that validates, or nothing where there is none. Throws Error{input}
/// where its fingerprint is another.
EVENKEEL_API std::optional<SavedTraining> load_checkpoint(const std::filesystem::path& folder,
                                                          const std::string& fingerprint,
                                                          const SequentialOptions& options = {});

}  // namespace evenkeel
