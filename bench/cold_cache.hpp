#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

#include "evenkeel/core/buffer.hpp"

namespace evenkeel::bench {

/// Pushes everything else out of the caches, by writing more than they hold.
inline void empty_caches() {
    static Buffer<std::uint64_t> junk((256 << 20) / sizeof(std::uint64_t));
    for (std::int64_t i = 0; i < junk.size(); i += 8) ++junk[i];
    benchmark::ClobberMemory();
}

}  // namespace evenkeel::bench
