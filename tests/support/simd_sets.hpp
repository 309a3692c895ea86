#pragma once

#include <string>
#include <vector>

#include "evenkeel/core/error.hpp"
#include "kernels/simd.hpp"

namespace evenkeel::testing {

/// Instruction sets that this machine can run.
inline std::vector<std::string> available_simd() {
    std::vector<std::string> sets;
    for (const char* name : {"avx512", "avx2", "sse4", "portable"}) {
        try {
            kernels::force_simd(name);
            sets.emplace_back(name);
        } catch (const Error&) {  // not on this machine
        }
    }
    kernels::force_simd("");
    return sets;
}

/// Kernels use this instruction set while it lives.
class ForcedSimd {
  public:
    explicit ForcedSimd(const std::string& name) { kernels::force_simd(name); }
    ~ForcedSimd() { kernels::force_simd(""); }
    ForcedSimd(const ForcedSimd&) = delete;
    ForcedSimd& operator=(const ForcedSimd&) = delete;
};

}  // namespace evenkeel::testing
