#include "core/memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

TEST(Memory, WhatNoMachineHasIsRefusedWithTheAmount) {
    need_memory("model", "weights", 1000);
    try {
        need_memory("model", "weights", std::int64_t{1} << 50);
        FAIL() << "accepted";
    } catch (const Error& e) {
        EXPECT_EQ(e.fault(), Fault::input);
        EXPECT_THAT(e.what(), ::testing::MatchesRegex("\\[model\\] expected weights that fit .*, got 4503599.6 GB"));
    }
}

}  // namespace
}  // namespace evenkeel
