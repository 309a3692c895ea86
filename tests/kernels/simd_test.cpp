#include "kernels/simd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// simd_name() asks a dispatched kernel which code it is, so it tells what ran and not what was wished for.
TEST(Simd, TheForcedInstructionSetIsTheOneThatRuns) {
    const auto sets = available_simd();
    EXPECT_THAT(sets, Contains("portable"));
    EXPECT_THAT(sets, Contains("sse4"));
    for (const std::string& name : sets) {
        const ForcedSimd forced(name);
        EXPECT_EQ(kernels::simd_name(), name);
    }
    EXPECT_EQ(kernels::simd_name(), sets.front()) << "without force, the best there is";
}

TEST(Simd, AnUnknownNameIsRefusedAndChangesNothing) {
    const std::string before = kernels::simd_name();
    try {
        kernels::force_simd("avx1024");
        FAIL() << "accepted";
    } catch (const Error& e) {
        EXPECT_EQ(e.fault(), Fault::input);
        EXPECT_THAT(e.what(), HasSubstr("portable"));
        EXPECT_THAT(e.what(), HasSubstr("avx1024"));
    }
    EXPECT_EQ(kernels::simd_name(), before);
}

}  // namespace
}  // namespace evenkeel::testing
