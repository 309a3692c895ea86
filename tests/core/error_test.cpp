#include "evenkeel/core/error.hpp"

#include <gtest/gtest.h>

namespace evenkeel {
namespace {

TEST(Error, ReadsWhereExpectedGot) {
    try {
        fail_input("Dense.units", "a positive number", "-3");
        FAIL() << "fail_input returned";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "[Dense.units] expected a positive number, got -3");
        EXPECT_EQ(error.fault(), Fault::input);
    }
    EXPECT_THROW(fail_work("x", "y", "z"), Error);
}

}  // namespace
}  // namespace evenkeel
