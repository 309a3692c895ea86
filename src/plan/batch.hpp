#pragma once

#include <array>
#include <cstdint>

#include "kernels/gather.hpp"

namespace evenkeel {

/// A batch to run: which rows of which source. Labels, targets and weights belong to the source's rows, like
/// x; nothing is copied before the plan gathers. All pointers outlive the run, and the backward that follows it.
struct BatchView {
    kernels::GatherSource x;               ///< bytes or floats; rows (or first_row) choose the batch
    std::int64_t rows = 0;                 ///< ≥ 1, at most the plan's largest batch
    const std::int32_t* labels = nullptr;  ///< [source rows]
    const float* targets = nullptr;        ///< [source rows, width of the output]
    const float* weights = nullptr;        ///< [source rows]: sample weights, or null for 1

    std::int64_t source_row(std::int64_t r) const { return x.rows != nullptr ? x.rows[r] : x.first_row + r; }
};

/// Metrics that one compilation may have: a fixed number, so that a step allocates nothing.
inline constexpr std::size_t most_metrics = 8;

/// What one batch gave. Sums, so that batches of different sizes add up.
struct BatchResult {
    bool skipped = false;  ///< a lone value per channel, and the layer's policy is to skip
    std::int64_t rows = 0;
    double loss = 0;  ///< mean over rows of weight·loss, plus the regularizers
    std::array<double, most_metrics> metric_sums =
        {};  ///< one a metric: Σ over rows (correct rows, absolute errors, …)
};

}  // namespace evenkeel
