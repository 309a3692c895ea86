#include "evenkeel/data/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/byte_source.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::uint64_t most_csv_bytes = std::uint64_t{4} << 30;

std::string stripped(std::string_view text) {
    constexpr std::string_view spaces = " \t";
    const std::size_t begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(spaces) - begin + 1));
}

class Parser {
  public:
    Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {
        if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
        const std::string_view header = text_.substr(0, text_.find('\n'));
        for (const char candidate : {',', ';', '\t'}) {
            if (header.find(candidate) == std::string_view::npos) continue;
            separator_ = candidate;
            break;
        }
    }

    /// Appends the cells of the next row that is not empty and returns its line; 0 at the end.
    std::int64_t next(std::vector<std::string>& cells) {
        while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) line_ += text_[at_++] == '\n';
        if (at_ == text_.size()) return 0;
        const std::int64_t line = line_;
        for (bool more = true; more;) {
            cells.push_back(quoted() ? quoted_cell() : plain_cell());
            more = at_ < text_.size() && text_[at_] == separator_;
            if (more) ++at_;
        }
        return line;
    }

  private:
    bool quoted() {
        const std::size_t first = std::min(text_.find_first_not_of(' ', at_), text_.size());
        if (first == text_.size() || text_[first] != '"') return false;
        at_ = first;
        return true;
    }
    bool ends_cell(char c) const { return c == separator_ || c == '\n' || c == '\r'; }

    std::string plain_cell() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && !ends_cell(text_[at_])) ++at_;
        return stripped(text_.substr(begin, at_ - begin));
    }
    std::string quoted_cell() {
        const std::int64_t line = line_;
        std::string cell;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') {
                if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
                ++at_;  // "" is one quote
            }
            line_ += text_[at_] == '\n';
            cell += text_[at_];
        }
        if (at_ == text_.size()) fail_input(name_, fmt::format("a closing quote for line {}", line), "the file's end");
        ++at_;
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
        if (at_ < text_.size() && !ends_cell(text_[at_])) {
            fail_input(name_, fmt::format("a separator behind the closing quote in line {}", line_), "other text");
        }
        return cell;
    }

    std::string_view text_;
    const std::string& name_;
    char separator_ = ',';
    std::size_t at_ = 0;
    std::int64_t line_ = 1;
};

// A finite number filling the whole cell, or not.
bool to_number(std::string_view cell, double& value) {
    if (cell.starts_with('+')) cell.remove_prefix(1);
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    return error == std::errc() && end == cell.data() + cell.size() && std::isfinite(value);
}

}  // namespace

Table read_table(const std::filesystem::path& path) {
    Table table;
    table.name = path.string();
    const std::string text = read_text(path, most_csv_bytes);
    if (text.find('\0') != std::string::npos) fail_input(table.name, "a text file", "one with zero bytes");
    Parser parser(text, table.name);
    const std::int64_t header_line = parser.next(table.columns);
    if (header_line == 0) fail_input(table.name, "a header row of column names", "an empty file");
    double ignored = 0;
    if (std::all_of(table.columns.begin(), table.columns.end(),
                    [&](const std::string& cell) { return to_number(cell, ignored); })) {
        table.cells = table.columns;
        table.lines.push_back(header_line);
        for (std::size_t i = 0; i < table.columns.size(); ++i) table.columns[i] = fmt::format("x{}", i + 1);
    }
    for (std::int64_t line = 0;;) {
        const std::size_t before = table.cells.size();
        line = parser.next(table.cells);
        if (line == 0) break;
        if (table.cells.size() - before != table.columns.size()) {
            fail_input(table.name, fmt::format("{} cells in line {}, as in the header", table.columns.size(), line),
                       fmt::format("{}", table.cells.size() - before));
        }
        table.lines.push_back(line);
    }
    if (table.rows() == 0) fail_input(table.name, "rows of data below the header", "none");
    return table;
}

double number_at(const Table& table, std::size_t row, std::size_t column) {
    const std::string& cell = table.cell(row, column);
    double value = 0;
    if (to_number(cell, value)) return value;
    fail_input(table.name,
               fmt::format("a finite number in line {}, column \"{}\"", table.lines[row], table.columns[column]),
               cell.empty() ? "an empty cell" : fmt::format("\"{:.40}\"", cell));
}

}  // namespace evenkeel
