#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "evenkeel/study/compare.hpp"
#include "evenkeel/study/sweep.hpp"

namespace evenkeel {

/// What determines a cell, bit for bit, but for its seed: model, compilation, batches, rows, and the caller's fingerprint.
std::string cell_identity(const SweepPoint& point, const ComparedArm& arm, const SweepOptions& options);

/// Finished cells, each in a file of its own that is there whole or not at all. A file's name and content carry the
/// hash of what determines the cell, so another command's cells lie beside them and are not taken for them. A file
/// that does not read as it was written counts as missing. For any number of threads and processes.
class CellStore {
  public:
    /// Makes the folder; with an empty name nothing is kept.
    explicit CellStore(std::filesystem::path folder);
    std::optional<ComparedRun> load(const std::string& identity, std::uint64_t seed) const;
    void save(const std::string& identity, const SweepPoint& point, const ComparedArm& arm,
              const ComparedRun& run) const;

  private:
    std::filesystem::path folder_;
};

/// The run as it reads back from its file: what is not finite has become NaN. Every cell goes through this, kept or
/// fresh, so that a resumed sweep ends with the same numbers.
ComparedRun as_kept(const ComparedRun& run);

}  // namespace evenkeel
