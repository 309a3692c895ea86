#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evenkeel::cli {

/// Whether stdout / stderr are a terminal that takes escape sequences (NO_COLOR and TERM=dumb are respected
/// by `colour`).
bool is_terminal(int descriptor);
bool colour_on_stdout();
/// Columns of the terminal behind the descriptor, 80 where it does not say.
int columns(int descriptor);

/// Emphasis, or the text as it is where stdout is no terminal.
std::string bold(std::string_view text);
std::string dim(std::string_view text);

/// Columns that a UTF-8 text without escapes fills (all our signs are one column wide).
std::size_t display_width(std::string_view text);

/// A plain table: a header, a thin line, rows; columns two spaces apart. Texts to the left, numbers to the
/// right, as `right` says ('r' or 'l' a column).
class TextTable {
  public:
    TextTable(std::vector<std::string> header, std::string alignment);
    void add(std::vector<std::string> cells);
    std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
    std::string alignment_;
};

/// Columns for text on stdout: the terminal's, at most 120; 96 where there is none.
int text_width();
/// Words in lines of at most `width` columns. An equation ("p = 0.031") is not torn.
std::vector<std::string> lines_of(const std::string& text, int width);
/// Such lines behind "  • ", with a line break behind each.
std::string paragraph(const std::string& text, int width);

/// 12345678 → "12 345 678", with thin grouping by spaces.
std::string grouped(long long number);
/// 0.52 s, 12.3 s, 4 min 05 s, 2 h 03 min.
std::string duration(double seconds);
/// A rate in few digits: 950, 12.4 k, 1.2 M.
std::string rate(double per_second);
/// A share of 1 as "97.31 %".
std::string percent(double share);

/// Writes to stdout, at once. A reader that has gone away (`| head`) is no failure: the rest is dropped.
/// Throws Error{work} for anything else, such as a full disk.
void print(std::string_view text);
/// One line for a person, to stderr.
void notice(std::string_view text);
/// The text on one line: line breaks and other control characters as spaces.
std::string one_line(std::string_view text);

}  // namespace evenkeel::cli
