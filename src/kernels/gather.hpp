#pragma once

#include <cstdint>

namespace evenkeel::kernels {

/// Where a batch's rows come from and how they become floats: out[r, f] = (value − subtract[f])·scale[f] +
/// offset[f]. Exactly one of bytes and floats is set. rows: indices into the source, or null for first_row,
/// first_row + 1, ….
struct GatherSource {
    const std::uint8_t* bytes = nullptr;  ///< [any, features]
    const float* floats = nullptr;        ///< [any, features]
    const std::uint32_t* rows = nullptr;  ///< [count]
    std::int64_t first_row = 0;
    std::int64_t features = 0;
    const float* subtract = nullptr;  ///< [features], or null for 0
    const float* scale = nullptr;     ///< [features], or null for 1
    const float* offset = nullptr;    ///< [features], or null for 0

    /// Where batch row r stands in the source.
    std::int64_t row(std::int64_t r) const { return rows != nullptr ? rows[r] : first_row + r; }
};

/// Gathers batch rows [begin, end) into out [end − begin, features], asking memory for rows a little ahead
/// (rows of a shuffled batch are far apart, and no prefetcher guesses them).
void gather(const GatherSource& source, std::int64_t begin, std::int64_t end, float* out);

/// Rows are asked for so far ahead: enough to hide the latency of main memory behind the work on the rows between.
inline constexpr std::int64_t rows_ahead = 6;

/// Only asks memory for those rows, for a later gather.
void prefetch_rows(const GatherSource& source, std::int64_t begin, std::int64_t end);

}  // namespace evenkeel::kernels
