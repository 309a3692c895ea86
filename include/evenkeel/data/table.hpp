#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

/// The cells of a CSV file (RFC 4180: commas or, where the header has none, semicolons or tabs; quotes; LF or
/// CRLF; a byte order mark and empty lines are skipped), as text.
struct Table {
    std::string name;                  ///< the file's path, for messages
    std::vector<std::string> columns;  ///< the header, stripped of spaces
    std::vector<std::string> cells;    ///< rows × columns, row-major, stripped of spaces
    std::vector<std::int64_t> lines;   ///< the line in the file on which each row begins, from 1

    std::size_t rows() const { return lines.size(); }
    const std::string& cell(std::size_t row, std::size_t column) const { return cells[row * columns.size() + column]; }
};

/// Reads a CSV file. A first row of nothing but numbers is data, and the columns are then named x1, x2, ….
/// Throws Error{input} naming the line for a row of another length or an open quote, and for a file without
/// rows.
EVENKEEL_API Table read_table(const std::filesystem::path& path);

/// The number in a cell. Throws Error{input} naming line and column for an empty cell, a text, a NaN or an
/// infinity.
EVENKEEL_API double number_at(const Table& table, std::size_t row, std::size_t column);

/// Makes a data set of a table: column `target` is learned from the others, which must be numbers.
/// A target of texts only gives classes (class_names, sorted), and so does one whose values are the integers
/// 0…k−1, each present; other numbers are regressed on, and numbers mixed with texts refused. The last fifth
/// of the rows (rounded down, at least one) of the permutation of Random(split_seed, "csv split") is the test
/// set; both parts keep the permuted order. `classes` > 0 says how many classes integer targets have. Throws
/// Error{input} naming line and column.
EVENKEEL_API Dataset dataset_of(const Table& table, std::string_view target, std::int64_t classes = 0,
                                std::uint64_t split_seed = 0);

}  // namespace evenkeel
