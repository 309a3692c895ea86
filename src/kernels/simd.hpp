#pragma once

#include <string>
#include <string_view>

#include "evenkeel/core/export.hpp"

namespace evenkeel::kernels {

/// The instruction set the kernels run with: "avx512", "avx2", "sse4" or "portable".
EVENKEEL_API std::string simd_name();

/// Makes kernels use this instruction set from now on ("" or "auto": the best there is). For tests and
/// comparisons; call it while nothing computes. Throws Error{input} naming those this machine has.
EVENKEEL_API void force_simd(std::string_view name);

}  // namespace evenkeel::kernels
