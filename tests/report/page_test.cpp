#include "report/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/support.hpp"

namespace evenkeel {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

/// What a page carries where its place for numbers is.
std::string carried(const ordered_json& runs) {
    const std::string page = fill_page("before[__EVENKEEL_RUNS__]after", runs);
    EXPECT_TRUE(page.starts_with("before[") && page.ends_with("]after"));
    return page.substr(7, page.size() - 7 - 6);
}

// In a build without npm there is no page, and asking for one says so.
TEST(Page, IsMadeOrRefused) {
    if (page_template().empty()) {
        expect_error(Fault::work, {"[report]", "npm"}, [] { report_page(ordered_json::array()); });
    } else {
        EXPECT_THAT(report_page(ordered_json::array()), HasSubstr("<!doctype html>"));
    }
}

TEST(Page, CarriesTheNumbersUnchangedAndUnableToEndTheirElement) {
    const ordered_json runs = {{{"zeta", 0.1},
                                {"alpha", nullptr},
                                {"</script><script>alert(1)</script>", "<!--<script>"},
                                {"lines", "a\u2028b\u2029c & d > e"},
                                {"words", "ẑ = γ…"}}};
    const std::string json = carried(runs);
    for (const char* raw : {"<", ">", "&", "\u2028", "\u2029"}) EXPECT_THAT(json, Not(HasSubstr(raw)));
    const ordered_json read = ordered_json::parse(json);
    EXPECT_EQ(read["runs"], runs);
    EXPECT_EQ(read["runs"][0].begin().key(), "zeta") << "the order of the keys is kept";
}

TEST(Page, NeedsAPlaceForThem) {
    expect_error(Fault::work, {"a place for the numbers"}, [] { fill_page("none", ordered_json::array()); });
}

TEST(Page, BytesThatAreNotUtf8DoNotBreakIt) {
    EXPECT_TRUE(ordered_json::accept(carried({{{"name", "\xFF\xFE"}}})));
}

}  // namespace
}  // namespace evenkeel
