#include "architecture/source_file.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <regex>
#include <sstream>

namespace evenkeel::architecture {
namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// One past the literal or comment that begins at `at`, or `at` where neither does.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
    if (text.substr(at, 2) == "//") return std::min(text.find('\n', at), text.size());
    if (text.substr(at, 2) == "/*") {
        const std::size_t end = text.find("*/", at + 2);
        return end == std::string_view::npos ? text.size() : end + 2;
    }
    return at;
}

std::size_t end_of_literal(std::string_view text, std::size_t at) {
    if (text.substr(at, 2) == "R\"" && (at == 0 || !is_word(text[at - 1]))) {
        const std::size_t open = text.find('(', at);
        if (open == std::string_view::npos) return text.size();
        const std::string close = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
        const std::size_t end = text.find(close, open);
        return end == std::string_view::npos ? text.size() : end + close.size();
    }
    const char quote = text[at];
    if (quote != '"' && quote != '\'') return at;
    if (quote == '\'' && at > 0 && is_word(text[at - 1])) return at;  // 1'000'000
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == quote || text[i] == '\n') {
            return i + 1;
        }
    }
    return text.size();
}

}  // namespace

std::string blank(std::string_view text, bool literals) {
    std::string out(text);
    const auto wipe = [&out](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < std::min(end, out.size()); ++i) {
            if (out[i] != '\n') out[i] = ' ';
        }
    };
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t end = end_of_comment(text, at); end != at) {
            wipe(at, end);
            at = end;
        } else if (const std::size_t after = end_of_literal(text, at); after != at) {
            if (literals) wipe(at, after);
            at = after;
        } else {
            ++at;
        }
    }
    return out;
}

SourceFile parse(std::string path, std::string_view text) {
    SourceFile file;
    file.path = std::move(path);
    file.code = blank(text, true);
    static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    static const std::regex pragma(R"(^\s*#\s*pragma\s+once\b)");
    std::istringstream lines(blank(text, false));
    std::smatch match;
    for (std::string line; std::getline(lines, line);) {
        ++file.lines;
        if (std::regex_search(line, match, include)) file.includes.push_back({match[2], match[1] == "<", file.lines});
        if (std::regex_search(line, pragma)) file.pragma_once = true;
    }
    return file;
}

std::vector<SourceFile> read_house(const std::filesystem::path& root, const std::vector<std::string>& folders) {
    std::vector<SourceFile> files;
    for (const std::string& folder : folders) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            const std::string extension = entry.path().extension().string();
            if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".hpp" && extension != ".h")) continue;
            std::ifstream in(entry.path(), std::ios::binary);
            const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
            files.push_back(parse(entry.path().lexically_relative(root).generic_string(), text));
        }
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return files;
}

}  // namespace evenkeel::architecture
