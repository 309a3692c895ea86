#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

/// Rows of features that the caller owns: rows × elements(row shape) bytes or floats, row-major. Not copied;
/// it must outlive the call.
struct Features {
    std::span<const std::uint8_t> bytes;
    std::span<const float> floats;

    Features() = default;
    Features(std::span<const float> values) : floats(values) {}        // NOLINT(google-explicit-constructor)
    Features(std::span<const std::uint8_t> values) : bytes(values) {}  // NOLINT(google-explicit-constructor)
    Features(const std::vector<float>& values) : floats(values) {}     // NOLINT(google-explicit-constructor)
    // NOLINTNEXTLINE(google-explicit-constructor)
    Features(const std::vector<std::uint8_t>& values) : bytes(values) {}

    std::int64_t size() const { return static_cast<std::int64_t>(bytes.empty() ? floats.size() : bytes.size()); }
};

/// What the rows should give: one class a row, or rows × outputs numbers.
struct Answers {
    std::span<const std::int32_t> labels;
    std::span<const float> targets;

    Answers() = default;
    Answers(std::span<const std::int32_t> values) : labels(values) {}  // NOLINT(google-explicit-constructor)
    Answers(std::span<const float> values) : targets(values) {}        // NOLINT(google-explicit-constructor)
    // NOLINTNEXTLINE(google-explicit-constructor)
    Answers(const std::vector<std::int32_t>& values) : labels(values) {}
    Answers(const std::vector<float>& values) : targets(values) {}  // NOLINT(google-explicit-constructor)
};

/// Features, answers and (optionally) one sample weight a row.
struct DataView {
    Features x;
    Answers y;
    std::span<const float> sample_weight = {};
    std::int64_t first_row = 0;  ///< the view begins at this row of x, y and sample_weight …
    std::int64_t rows = -1;      ///< … and has this many; −1: all that follow

    DataView() = default;
    DataView(Features features, Answers answers, std::span<const float> weights = {})
        : x(features), y(answers), sample_weight(weights) {}
    DataView(const Examples& examples)  // NOLINT(google-explicit-constructor)
        : y(examples.labels.empty() ? Answers(examples.targets) : Answers(examples.labels)) {
        std::visit([this](const auto& values) { x = Features(values); }, examples.values);
    }
};

/// Data made on the fly: `fill` gets the numbers of the rows wanted and writes their features [rows,
/// features] and their labels [rows] or targets [rows, outputs] (the one the loss does not want is empty).
/// Called from one thread.
struct GeneratedData {
    std::int64_t rows = 0;  ///< in an epoch
    std::function<void(std::span<const std::uint32_t> rows, std::span<float> x, std::span<std::int32_t> labels,
                       std::span<float> targets)>
        fill;
};

}  // namespace evenkeel
