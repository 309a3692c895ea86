#include "evenkeel/study/useful_range.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

void check(std::span<const double> values, std::span<const double> accuracies) {
    if (values.size() != accuracies.size()) {
        fail_input("useful_range", fmt::format("{} accuracies, one a value", values.size()),
                   fmt::format("{}", accuracies.size()));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i]) || !std::isfinite(accuracies[i]) || !(values[i] > (i > 0 ? values[i - 1] : 0.0)))
            fail_input("useful_range", "ascending values above 0 and finite accuracies",
                       fmt::format("{} with accuracy {}", values[i], accuracies[i]));
    }
}

}  // namespace

UsefulRange useful_range(std::span<const double> values, std::span<const double> accuracies, double threshold) {
    check(values, accuracies);
    UsefulRange best;
    best.threshold = threshold;
    int useful = 0;
    for (std::size_t begin = 0; begin < values.size();) {
        std::size_t end = begin;
        while (end < values.size() && accuracies[end] >= threshold) ++end;
        const int count = static_cast<int>(end - begin);
        useful += count;
        if (count > 0) {
            const double decades = std::log10(values[end - 1] / values[begin]);
            const bool wider = decades > best.decades + 1e-9;
            if (!best.low || wider || (decades > best.decades - 1e-9 && count > best.values)) {
                best.low = values[begin];
                best.high = values[end - 1];
                best.decades = decades;
                best.cut_low = begin == 0;
                best.cut_high = end == values.size();
                best.values = count;
            }
        }
        begin = end + 1;
    }
    best.elsewhere = useful - best.values;
    return best;
}

std::string to_text(const UsefulRange& range) {
    if (!range.low) return "none of the values tried";
    std::string text = range.values == 1
                           ? fmt::format("{} alone", *range.low)
                           : fmt::format("{} … {}, {:.2f} decades", *range.low, *range.high, range.decades);
    if (range.cut_low && range.cut_high) {
        text += "; the whole grid, so it may be wider";
    } else if (range.cut_low || range.cut_high) {
        text +=
            fmt::format("; cut off by the grid's {} value, so it may be wider", range.cut_low ? "lowest" : "highest");
    }
    if (range.elsewhere > 0)
        text += fmt::format("; and, behind a gap, {} more value{}", range.elsewhere, range.elsewhere == 1 ? "" : "s");
    return text;
}

}  // namespace evenkeel
