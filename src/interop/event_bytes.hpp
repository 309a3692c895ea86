#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/core/export.hpp"

// What TensorBoard reads: a file of records (TensorFlow's TFRecord framing), each an Event message of protocol buffers
// (tensorflow/core/util/event.proto and framework/summary.proto). Only the fields that we write; each is named with its
// number where it is written. `wall_time` is in seconds since 1970.
// Not part of the public API; marked EVENKEEL_API because the other components of the library link to it.
namespace evenkeel {

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
EVENKEEL_API std::uint32_t crc32c(std::string_view bytes);

/// length (8 bytes), masked CRC of the length (4), data, masked CRC of the data (4); little-endian.
EVENKEEL_API std::string record_bytes(std::string_view data);

/// The first event of each file.
EVENKEEL_API std::string version_event(double wall_time);
/// Says that a training starts at this step: readers forget what an earlier file has from there on.
EVENKEEL_API std::string start_event(double wall_time, std::int64_t step);
/// A number, as the plugin "scalars" shows it.
EVENKEEL_API std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, float value);

/// Of a histogram: from, to (excluded but for the last), how many.
using HistogramBucket = std::array<double, 3>;
/// `buckets` of equal width from the smallest to the largest value; one around the value where all are equal, none for
/// no values. What is not finite is left out.
EVENKEEL_API std::vector<HistogramBucket> histogram_of(std::span<const float> values, std::size_t buckets = 30);
/// A distribution, as the plugin "histograms" shows it.
EVENKEEL_API std::string histogram_event(double wall_time, std::int64_t step, std::string_view tag,
                                         std::span<const HistogramBucket> buckets);

}  // namespace evenkeel
