#include "architecture/documents.hpp"

#include <cctype>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace evenkeel::architecture {
namespace {

std::string without_spaces(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::isspace(static_cast<unsigned char>(c)) == 0) out += c;
    }
    return out;
}

}  // namespace

std::vector<Quote> quotes_in(std::string_view document) {
    static const std::regex mark(R"(^<!-- quote: (\S+) -->$)");
    std::vector<Quote> quotes;
    std::istringstream lines{std::string(document)};
    std::smatch match;
    bool marked = false, inside = false;
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (inside) {
            inside = !line.starts_with("```");
            if (inside) quotes.back().code += line + "\n";
        } else if (std::regex_match(line, match, mark)) {
            quotes.push_back({match[1], "", number});
            marked = true;
        } else if (marked && line.starts_with("```")) {
            inside = true;
            marked = false;
        }
    }
    return quotes;
}

bool holds(std::string_view source, std::string_view quoted) {
    const std::string needle = without_spaces(quoted);
    return !needle.empty() && without_spaces(source).find(needle) != std::string::npos;
}

std::vector<std::string> links_in(std::string_view document) {
    static const std::regex link(R"(\]\(([^)#\s]+)[^)]*\))");
    const std::string text(document);
    std::vector<std::string> targets;
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
        const std::string target = (*it)[1];
        if (target.find("://") == std::string::npos) targets.push_back(target);
    }
    return targets;
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace evenkeel::architecture
