#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "data/array.hpp"
#include "data/assemble.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"
#include "evenkeel/data/table.hpp"

namespace evenkeel {
namespace {

std::size_t column_of(const Table& table, std::string_view target) {
    const auto found = std::find(table.columns.begin(), table.columns.end(), target);
    const std::size_t shown = std::min<std::size_t>(table.columns.size(), 12);
    const std::string names = fmt::format(
        "{}{}", fmt::join(table.columns.begin(), table.columns.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
        shown < table.columns.size() ? ", …" : "");
    if (found == table.columns.end()) {
        fail_input(table.name, "a target column, one of: " + names,
                   target.empty() ? "none named" : fmt::format("\"{}\"", target));
    }
    if (std::count(table.columns.begin(), table.columns.end(), target) > 1) {
        fail_input(table.name, "one target column", fmt::format("several named \"{}\"", target));
    }
    return static_cast<std::size_t>(found - table.columns.begin());
}

float narrow_at(const Table& table, std::size_t row, std::size_t column) {
    const auto value = static_cast<float>(number_at(table, row, column));
    if (std::isfinite(value)) return value;
    fail_input(
        table.name,
        fmt::format("a number in float32's range in line {}, column \"{}\"", table.lines[row], table.columns[column]),
        table.cell(row, column));
}

// What the target column holds, for all rows; exactly one of labels and numbers is filled.
struct Target {
    std::vector<std::int32_t> labels;
    std::vector<float> numbers;
    std::vector<std::string> class_names;
};

// Texts (class names) or numbers? A column of both is more likely a mistake in the file than a set of
// classes.
bool is_text(const Table& table, std::size_t column) {
    const auto texts = [&](std::size_t row) {
        const std::string& cell = table.cell(row, column);
        double ignored = 0;
        const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), ignored);
        return end != cell.data() + cell.size();  // "nan" is a number here, and refused as one later
    };
    const bool first = texts(0);
    for (std::size_t row = 0; row < table.rows(); ++row) {
        if (table.cell(row, column).empty()) number_at(table, row, column);  // throws: missing
        if (texts(row) == first) continue;
        fail_input(table.name,
                   fmt::format("{} in line {}, column \"{}\", as in the lines before", first ? "a text" : "a number",
                               table.lines[row], table.columns[column]),
                   fmt::format("\"{:.40}\"", table.cell(row, column)));
    }
    return first;
}

Target text_target(const Table& table, std::size_t column) {
    std::map<std::string, std::int32_t> classes;
    for (std::size_t row = 0; row < table.rows(); ++row) classes[table.cell(row, column)];
    if (classes.size() > static_cast<std::size_t>(max_classes)) {
        fail_input(table.name, fmt::format("at most {} classes in column \"{}\"", max_classes, table.columns[column]),
                   fmt::format("{} different texts", classes.size()));
    }
    Target target;
    for (auto& [name, label] : classes) {
        label = static_cast<std::int32_t>(target.class_names.size());
        target.class_names.push_back(name);
    }
    for (std::size_t row = 0; row < table.rows(); ++row) target.labels.push_back(classes[table.cell(row, column)]);
    return target;
}

Target read_target(const Table& table, std::size_t column, std::int64_t classes) {
    if (is_text(table, column)) return text_target(table, column);
    Target target;
    std::set<std::int32_t> distinct;
    bool integers = true;
    for (std::size_t row = 0; row < table.rows(); ++row) {
        const float value = narrow_at(table, row, column);
        target.numbers.push_back(value);
        integers = integers && value >= 0 && value < static_cast<float>(max_classes) && value == std::floor(value);
        if (integers) distinct.insert(static_cast<std::int32_t>(value));
    }
    const bool dense = integers && *distinct.rbegin() + 1 == static_cast<std::int64_t>(distinct.size());
    if (dense || (integers && classes > 0)) {
        for (const float value : target.numbers) target.labels.push_back(static_cast<std::int32_t>(value));
        target.numbers.clear();
    }
    return target;
}

Examples gather(const Table& table, std::size_t target_column, const Target& target,
                std::span<const std::uint32_t> rows) {
    const std::size_t features = table.columns.size() - 1;
    Examples examples;
    examples.shape = {static_cast<std::int64_t>(features)};
    std::vector<float> values;
    values.reserve(rows.size() * features);
    for (const std::uint32_t row : rows) {
        for (std::size_t column = 0; column < table.columns.size(); ++column) {
            if (column != target_column) values.push_back(narrow_at(table, row, column));
        }
        if (target.labels.empty()) {
            examples.targets.push_back(target.numbers[row]);
        } else {
            examples.labels.push_back(target.labels[row]);
        }
    }
    examples.target_width = target.labels.empty() ? 1 : 0;
    examples.values = std::move(values);
    return examples;
}

}  // namespace

Dataset dataset_of(const Table& table, std::string_view target_name, std::int64_t classes, std::uint64_t split_seed) {
    const std::size_t target_column = column_of(table, target_name);
    if (table.columns.size() < 2) fail_input(table.name, "feature columns beside the target", "none");
    if (table.rows() < 2) fail_input(table.name, "at least 2 rows, to train on and to test on", "1");
    // In the file's order first, so that the error names the first bad cell and not the first of the
    // permutation.
    for (std::size_t row = 0; row < table.rows(); ++row) {
        for (std::size_t column = 0; column < table.columns.size(); ++column) {
            if (column != target_column) narrow_at(table, row, column);
        }
    }
    const Target target = read_target(table, target_column, classes);
    std::vector<std::uint32_t> order(table.rows());
    permutation(Random(split_seed, purpose_of("csv split")), order);
    const std::size_t test_rows = std::max<std::size_t>(1, order.size() / 5);
    const auto rows = std::span<const std::uint32_t>(order);

    Dataset data;
    data.name = table.name;
    data.train = gather(table, target_column, target, rows.first(rows.size() - test_rows));
    data.test = gather(table, target_column, target, rows.last(test_rows));
    data.feature_names = table.columns;
    data.feature_names.erase(data.feature_names.begin() + static_cast<std::ptrdiff_t>(target_column));
    data.class_names = target.class_names;
    if (!target.labels.empty() && classes == 0) {
        classes = 1 + *std::max_element(target.labels.begin(),
                                        target.labels.end());  // of all rows, not of train only
    }
    settle(data, classes);
    return data;
}

}  // namespace evenkeel
