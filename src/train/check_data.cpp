#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"
#include "kernels/columns.hpp"
#include "train/loop.hpp"

namespace evenkeel {
namespace {

void check_finite(std::span<const float> values, const char* where, std::int64_t width) {
    if (kernels::all_finite(static_cast<std::int64_t>(values.size()), values.data())) return;
    const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    const auto at = bad - values.begin();
    fail_input(where, "finite numbers", fmt::format("{} in row {}, column {}", *bad, at / width, at % width));
}

}  // namespace

CheckedData check_data(const DataView& data, std::int64_t features, std::int64_t outputs, const Loss* loss) {
    if (!data.x.bytes.empty() && !data.x.floats.empty()) fail_input("x", "bytes or floats", "both");
    if (data.x.size() % features != 0) {
        fail_input("x", fmt::format("whole rows of {} features", features), fmt::format("{} values", data.x.size()));
    }
    const std::int64_t total = data.x.size() / features;
    CheckedData checked;
    checked.first_row = data.first_row;
    checked.rows = data.rows < 0 ? total - data.first_row : data.rows;
    if (data.first_row < 0 || checked.rows < 0 || data.first_row + checked.rows > total) {
        fail_input("x", fmt::format("rows {} to {}", data.first_row, data.first_row + checked.rows),
                   fmt::format("{} rows", total));
    }
    checked.all.x.bytes = data.x.bytes.empty() ? nullptr : data.x.bytes.data();
    checked.all.x.floats = data.x.floats.empty() ? nullptr : data.x.floats.data();
    checked.all.x.features = features;
    check_finite(data.x.floats.subspan(
                     std::min<std::size_t>(data.x.floats.size(), static_cast<std::size_t>(data.first_row * features))),
                 "x", features);
    if (loss == nullptr) return checked;

    if (loss->takes_labels()) {
        if (static_cast<std::int64_t>(data.y.labels.size()) != total) {
            fail_input("y", fmt::format("{} labels, one a row of x", total),
                       data.y.labels.empty() ? std::string("none") : fmt::format("{}", data.y.labels.size()));
        }
        const auto bad = std::find_if(data.y.labels.begin(), data.y.labels.end(),
                                      [&](std::int32_t label) { return label < 0 || label >= outputs; });
        if (bad != data.y.labels.end()) {
            fail_input("y", fmt::format("labels in [0, {})", outputs),
                       fmt::format("{} in row {}", *bad, bad - data.y.labels.begin()));
        }
        checked.all.labels = data.y.labels.data();
    } else {
        if (static_cast<std::int64_t>(data.y.targets.size()) != total * outputs) {
            fail_input("y", fmt::format("{} × {} targets", total, outputs),
                       data.y.targets.empty() && !data.y.labels.empty()
                           ? fmt::format("labels (which loss {} does not take)", to_word(loss->kind))
                           : fmt::format("{} numbers", data.y.targets.size()));
        }
        check_finite(data.y.targets, "y", outputs);
        checked.all.targets = data.y.targets.data();
    }
    if (!data.sample_weight.empty()) {
        if (static_cast<std::int64_t>(data.sample_weight.size()) != total) {
            fail_input("sample_weight", fmt::format("{} weights, one a row of x", total),
                       fmt::format("{}", data.sample_weight.size()));
        }
        check_finite(data.sample_weight, "sample_weight", 1);
        checked.all.weights = data.sample_weight.data();
    }
    return checked;
}

}  // namespace evenkeel
