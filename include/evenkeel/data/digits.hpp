#pragma once

#include <array>
#include <cstdint>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

struct DigitsOptions {
    std::int64_t train_rows = 12000;
    std::int64_t test_rows = 2000;
    std::uint64_t seed = 0;
};

/// 28×28 bytes, 0 the paper and 255 the ink, and which of the ten digits they show.
struct DigitImage {
    std::array<std::uint8_t, 28 * 28> pixels{};
    std::int32_t label = 0;
};

/// Image `index` of a stream of drawn digits: strokes of a pen, slanted, wobbling, thick or thin, with specks
/// and gaps. A pure function of (seed, index).
EVENKEEL_API DigitImage draw_digit(std::uint64_t seed, std::uint64_t index);

/// A data set that needs no file and no network: the first images of the stream train, the next ones test.
/// Throws Error{input} for fewer than one row of either or more than 2^31 together.
EVENKEEL_API Dataset make_digits(const DigitsOptions& options = {});

}  // namespace evenkeel
