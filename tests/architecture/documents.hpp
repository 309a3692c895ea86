#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// What the documents say about the sources, held against the sources.
namespace evenkeel::architecture {

/// A block of code that a document quotes: `<!-- quote: PATH -->`, then a fenced block.
struct Quote {
    std::string path;
    std::string code;
    int line = 0;  ///< of the mark, in the document
};

std::vector<Quote> quotes_in(std::string_view document);

/// True where the source has the quoted text; spaces and line breaks do not count.
bool holds(std::string_view source, std::string_view quoted);

/// Relative targets of [text](target), without #fragments and web addresses.
std::vector<std::string> links_in(std::string_view document);

std::string read_text(const std::filesystem::path& path);

}  // namespace evenkeel::architecture
