#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel::architecture {

/// One `#include` as it is written.
struct Include {
    std::string target;   ///< what stands between the quotes or the angle brackets
    bool angled = false;  ///< <…> rather than "…"
    int line = 0;
};

/// A file of ours as the rules see it.
struct SourceFile {
    std::string path;  ///< from the root of the project, with '/'
    int lines = 0;
    std::vector<Include> includes;
    std::string code;  ///< the text with comments blanked and literals emptied, line by line as before
    bool pragma_once = false;

    bool is_header() const { return path.ends_with(".hpp") || path.ends_with(".h"); }
};

/// Blanks comments; where `literals` is set, also what string and character literals hold. Line breaks stay.
std::string blank(std::string_view text, bool literals);

SourceFile parse(std::string path, std::string_view text);

/// Every C++ file under these folders of the root, in the order of their paths.
std::vector<SourceFile> read_house(const std::filesystem::path& root, const std::vector<std::string>& folders);

}  // namespace evenkeel::architecture
