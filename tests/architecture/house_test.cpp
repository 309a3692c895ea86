#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "architecture/rules.hpp"

namespace evenkeel::architecture {
namespace {

using testing::IsEmpty;

class House : public testing::Test {
  protected:
    static const std::vector<SourceFile>& product() {
        static const auto files = read_house(EVENKEEL_SOURCE_DIR, {"src", "include", "apps"});
        return files;
    }
    static std::vector<std::string> violations(const std::vector<SourceFile>& files,
                                               const std::function<std::vector<std::string>(const SourceFile&)>& rule) {
        std::vector<std::string> all;
        for (const SourceFile& file : files) {
            for (std::string& line : rule(file)) all.push_back(std::move(line));
        }
        return all;
    }
};

TEST_F(House, IsReadWhole) {
    int headers = 0, includes = 0;
    std::vector<std::string> seen;
    for (const SourceFile& file : product()) {
        headers += file.is_header() ? 1 : 0;
        includes += static_cast<int>(file.includes.size());
        seen.push_back(room_of_path(file.path));
    }
    EXPECT_GT(product().size(), 50U);
    EXPECT_GT(headers, 30);
    EXPECT_GT(includes, 200);
    for (const char* room : {"core", "kernels", "model", "data", "plan", "interop", "train", "study", "apps"}) {
        EXPECT_THAT(seen, testing::Contains(room));
    }
}

TEST_F(House, ArrowsPointDown) {
    EXPECT_THAT(violations(product(), check_arrows), IsEmpty());
}

TEST_F(House, PublicHeadersNeedOnlyWhatIsInstalled) {
    EXPECT_THAT(violations(product(), check_public_header), IsEmpty());
}

TEST_F(House, BorrowedLibrariesStayBehindTheirWrappers) {
    EXPECT_THAT(violations(product(), check_borrowed), IsEmpty());
}

TEST_F(House, TheLibraryNeitherPrintsNorExits) {
    EXPECT_THAT(violations(product(), check_silence), IsEmpty());
}

TEST_F(House, FilesAreShortAndGuarded) {
    EXPECT_THAT(violations(product(), check_form), IsEmpty());
    const auto others = read_house(EVENKEEL_SOURCE_DIR, {"tests", "examples"});
    EXPECT_GT(others.size(), 20U);
    EXPECT_THAT(violations(others, check_form), IsEmpty());
}

}  // namespace
}  // namespace evenkeel::architecture
