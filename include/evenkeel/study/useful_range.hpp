#pragma once

#include <optional>
#include <span>
#include <string>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// Over which values of a grid an arm is useful: the widest unbroken stretch on which its accuracy stays at or above
/// a threshold.
struct UsefulRange {
    double threshold = 0.9;
    std::optional<double> low, high;  ///< values of the grid; none where no value is useful
    double decades = 0;               ///< log10(high / low); 0 for a single value, and for none
    bool cut_low = false;             ///< begins at the grid's first value: it may be wider than the grid shows …
    bool cut_high = false;            ///< … or ends at its last
    int values = 0;                   ///< of the grid, in the stretch
    int elsewhere = 0;                ///< useful values outside of it, behind a gap
};

/// `values` ascending and above 0, `accuracies` one each. Of stretches of equal width the one with more values counts,
/// then the lower. Throws Error{input} where they do not fit or a number is not finite.
EVENKEEL_API UsefulRange useful_range(std::span<const double> values, std::span<const double> accuracies,
                                      double threshold);

/// "0.03 … 3, 2.00 decades", or "none of the values tried".
EVENKEEL_API std::string to_text(const UsefulRange& range);

}  // namespace evenkeel
