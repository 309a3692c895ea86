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
};

/// Gathers batch rows [begin, end) into out [end − begin, features], asking memory for rows a little ahead
/// (rows of a shuffled batch are far apart, and no prefetcher guesses them).
void gather(const GatherSource& source, std::int64_t begin, std::int64_t end, float* out);

/// Vectors of gather_active may write this many floats past a row's end.
inline constexpr std::int64_t gather_margin = 16;

/// Gathers the features whose bit is set in `bits` (one a feature, the lowest of each byte first), packed: row r begins at
/// out + (r − begin)·stride. Scales only: `subtract` and `offset` are not read.
void gather_active(const GatherSource& source, std::int64_t begin, std::int64_t end, const std::uint8_t* bits,
                   std::int64_t stride, float* out);

/// Sets the bits of the features that are not zero in one of the batch rows [begin, end).
void mark_active(const GatherSource& source, std::int64_t begin, std::int64_t end, std::uint8_t* bits);

/// Only asks memory for those rows, for a later gather.
void prefetch_rows(const GatherSource& source, std::int64_t begin, std::int64_t end);

}  // namespace evenkeel::kernels
