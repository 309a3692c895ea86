#include "data/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

void check_labels(const std::string& where, const Examples& examples, std::int64_t classes) {
    for (std::size_t row = 0; row < examples.labels.size(); ++row) {
        const std::int32_t label = examples.labels[row];
        if (label >= 0 && label < classes) continue;
        fail_input(where, fmt::format("labels in [0, {})", classes), fmt::format("{} in row {}", label, row));
    }
}

}  // namespace

Examples assemble(Array&& x, Array&& y, TargetKind kind) {
    if (x.shape.size() < 2) {
        fail_input(x.name, "an array of shape (rows, features…)", "shape " + to_string(x.shape));
    }
    const bool column = y.shape.size() == 2 && y.shape[1] == 1;
    if (y.shape.size() != 1 && !column && (kind == TargetKind::labels || y.shape.size() != 2)) {
        fail_input(y.name, kind == TargetKind::labels ? "labels of shape (rows,)" : "targets of shape (rows, width)",
                   "shape " + to_string(y.shape));
    }
    if (x.shape[0] != y.shape[0]) {
        fail_input(y.name, fmt::format("{} rows, as many as in {}", x.shape[0], x.name), fmt::format("{}", y.shape[0]));
    }
    if (x.shape[0] > 0xffffffffLL) fail_input(x.name, "fewer than 2^32 rows", fmt::format("{}", x.shape[0]));
    Examples examples;
    examples.shape.assign(x.shape.begin() + 1, x.shape.end());
    if (kind == TargetKind::labels) {
        examples.labels = labels_of(y);
    } else {
        examples.targets = floats_of(y);
        examples.target_width = y.shape.size() == 2 ? y.shape[1] : 1;
    }
    examples.values = features_of(std::move(x));
    return examples;
}

void settle(Dataset& data, std::int64_t classes) {
    const Examples &train = data.train, &test = data.test;
    if (train.rows() < 1 || test.rows() < 1) {
        fail_input(data.name, "rows to train on and rows to test on",
                   fmt::format("{} and {}", train.rows(), test.rows()));
    }
    if (train.shape != test.shape) {
        fail_input(data.name, "test rows of the training rows' shape " + to_string(train.shape), to_string(test.shape));
    }
    if (train.values.index() != test.values.index()) {
        fail_input(data.name, "train and test features of one type", "bytes in one and numbers in the other");
    }
    if (train.target_width != test.target_width) {
        fail_input(data.name, "train and test targets of one kind and width",
                   fmt::format("widths {} and {} (0: labels)", train.target_width, test.target_width));
    }
    if (train.labels.empty()) return;
    data.classes = classes > 0 ? classes : 1 + *std::max_element(train.labels.begin(), train.labels.end());
    check_labels(data.name + ": training labels", train, data.classes);
    check_labels(data.name + ": test labels", test, data.classes);
}

}  // namespace evenkeel
