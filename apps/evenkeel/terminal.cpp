#include "terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <system_error>

#include "evenkeel/core/error.hpp"

namespace evenkeel::cli {
namespace {

std::string styled(const char* code, std::string_view text) {
    static const bool colour = colour_on_stdout();
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string padded(const std::string& text, std::size_t width, bool right) {
    const std::string space(width - std::min(width, display_width(text)), ' ');
    return right ? space + text : text + space;
}

}  // namespace

bool is_terminal(int descriptor) {
    const char* term = std::getenv("TERM");
    return ::isatty(descriptor) == 1 && (term == nullptr || std::string_view(term) != "dumb");
}

bool colour_on_stdout() {
    const char* no_colour = std::getenv("NO_COLOR");
    return is_terminal(STDOUT_FILENO) && (no_colour == nullptr || *no_colour == '\0');
}

int columns(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

std::string bold(std::string_view text) {
    return styled("1", text);
}
std::string dim(std::string_view text) {
    return styled("2", text);
}

std::size_t display_width(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TextTable::TextTable(std::vector<std::string> header, std::string alignment) : alignment_(std::move(alignment)) {
    rows_.push_back(std::move(header));
}

void TextTable::add(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
        for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
    }
    std::string out;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        std::string line;
        for (std::size_t c = 0; c < rows_[r].size(); ++c) {
            line += "  " + padded(rows_[r][c], widths[c], alignment_[c] == 'r');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += (r == 0 ? bold(line) : line) + '\n';
        if (r > 0) continue;
        std::string rule;
        for (const std::size_t w : widths) {
            rule += "  ";
            for (std::size_t i = 0; i < w; ++i) rule += "─";
        }
        rule.erase(rule.find_last_not_of(' ') + 1);
        out += dim(rule) + '\n';
    }
    return out;
}

int text_width() {
    return is_terminal(STDOUT_FILENO) ? std::min(columns(STDOUT_FILENO), 120) : 96;
}

std::vector<std::string> lines_of(const std::string& text, int width) {
    std::vector<std::string> lines(1);
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = text.find(' ', begin);
        while (end != std::string::npos && (text.compare(end, 3, " = ") == 0 || (end > 0 && text[end - 1] == '=')))
            end = text.find(' ', end + 1);
        end = std::min(end, text.size());
        const std::string word = text.substr(begin, end - begin);
        const bool fits = static_cast<int>(display_width(lines.back()) + 1 + display_width(word)) <= width;
        if (!fits && !lines.back().empty()) lines.emplace_back();
        if (begin > 0 && !lines.back().empty()) lines.back() += ' ';
        lines.back() += word;
        begin = end + 1;
    }
    return lines;
}

std::string paragraph(const std::string& text, int width) {
    std::string out;
    for (const std::string& line : lines_of(text, width - 4)) out += (out.empty() ? "  • " : "    ") + line + '\n';
    return out;
}

std::string grouped(long long number) {
    std::string digits = fmt::format("{}", number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t i = digits.size(); i > first + 3;) digits.insert(i -= 3, 1, ' ');
    return digits;
}

std::string duration(double seconds) {
    if (seconds < 0.9995) return fmt::format("{:.2f} s", seconds);
    if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<long long>(std::min(seconds + 0.5, 1e15));
    if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string rate(double per_second) {
    if (per_second < 1000) return fmt::format("{:.0f}", per_second);
    if (per_second < 999500)
        return per_second < 99950 ? fmt::format("{:.1f} k", per_second / 1e3)
                                  : fmt::format("{:.0f} k", per_second / 1e3);
    return fmt::format("{:.2f} M", per_second / 1e6);
}

std::string percent(double share) {
    return fmt::format("{:.2f} %", 100 * share);
}

void print(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EPIPE) return;
        if (count < 0) fail_work("stdout", "to write the result", std::generic_category().message(errno));
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

void notice(std::string_view text) {
    std::string line(text);
    line += '\n';
    // Where not even stderr can be written there is nobody to tell.
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    return line;
}

}  // namespace evenkeel::cli
