#include "architecture/documents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::architecture {
namespace {

using testing::ElementsAre;
namespace fs = std::filesystem;

std::vector<fs::path> documents() {
    const fs::path root = EVENKEEL_SOURCE_DIR;
    std::vector<fs::path> paths;
    for (const char* folder : {"", "docs"}) {
        for (const auto& entry : fs::directory_iterator(root / folder)) {
            if (entry.path().extension() == ".md") paths.push_back(entry.path());
        }
    }
    return paths;
}

TEST(Documents, QuoteTheSources) {
    const fs::path root = EVENKEEL_SOURCE_DIR;
    int quotes = 0;
    for (const fs::path& path : documents()) {
        for (const Quote& quote : quotes_in(read_text(path))) {
            ++quotes;
            EXPECT_TRUE(holds(read_text(root / quote.path), quote.code))
                << path.filename() << ":" << quote.line << ": " << quote.path << " does not hold\n"
                << quote.code;
        }
    }
    EXPECT_GE(quotes, 10);
}

TEST(Documents, LinkToWhatExists) {
    int links = 0;
    for (const fs::path& path : documents()) {
        for (const std::string& target : links_in(read_text(path))) {
            ++links;
            EXPECT_TRUE(fs::exists(path.parent_path() / target)) << path.filename() << " links to " << target;
        }
    }
    EXPECT_GE(links, 5);
}

TEST(Documents, ReaderFindsMarkedBlocks) {
    const auto quotes = quotes_in("text\n<!-- quote: src/a.cpp -->\n```cpp\nint a;\nint b;\n```\n```cpp\nother\n```\n");
    ASSERT_EQ(quotes.size(), 1U);
    EXPECT_EQ(quotes[0].path, "src/a.cpp");
    EXPECT_EQ(quotes[0].code, "int a;\nint b;\n");
    EXPECT_EQ(quotes[0].line, 2);
}

TEST(Documents, ReaderSeesAChange) {
    EXPECT_TRUE(holds("void f() {\n    a  = b;\n}", "a = b;\n"));
    EXPECT_FALSE(holds("void f() {\n    a = c;\n}", "a = b;\n"));
    EXPECT_FALSE(holds("", "a = b;\n"));
    EXPECT_FALSE(holds("anything", "\n"));  // an empty quote says nothing
    EXPECT_THAT(links_in("[a](docs/a.md) [b](https://b.org/c) [d](e.md#f) [g](#h)"), ElementsAre("docs/a.md", "e.md"));
}

}  // namespace
}  // namespace evenkeel::architecture
