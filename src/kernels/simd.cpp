#include "kernels/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {
std::int64_t ThisTarget() {
    return HWY_TARGET;
}
}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <array>
#include <utility>

#include "evenkeel/core/error.hpp"

namespace evenkeel::kernels {
namespace {

HWY_EXPORT(ThisTarget);

// Highway compiles one of the two, by compiler.
constexpr std::int64_t portable = HWY_EMU128 | HWY_SCALAR;

constexpr std::array<std::pair<const char*, std::int64_t>, 4> targets = {
    {{"avx512", HWY_AVX3}, {"avx2", HWY_AVX2}, {"sse4", HWY_SSE4}, {"portable", portable}}};

}  // namespace

std::string simd_name() {
    const std::int64_t chosen = HWY_DYNAMIC_DISPATCH(ThisTarget)();
    for (const auto& [word, bit] : targets) {
        if ((chosen & bit) != 0) return word;
    }
    return hwy::TargetName(chosen);
}

void force_simd(std::string_view name) {
    hwy::SetSupportedTargetsForTest(0);
    const std::int64_t available = hwy::SupportedTargets() | portable;
    std::string words;
    for (const auto& [word, bit] : targets) {
        if ((available & bit) == 0) continue;
        if (name == word) {
            hwy::SetSupportedTargetsForTest(bit);
            break;
        }
        words += words.empty() ? word : std::string(", ") + word;
        if (bit == portable && !name.empty() && name != "auto") {
            fail_input("simd", "one of " + words, std::string(name));
        }
    }
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace evenkeel::kernels
#endif
