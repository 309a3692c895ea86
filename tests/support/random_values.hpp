#pragma once

#include <cstdint>
#include <vector>

#include "evenkeel/core/random.hpp"

namespace evenkeel::testing {

/// n normal draws; the same for one seed on every machine.
template <typename T>
std::vector<T> normal_values(std::int64_t n, std::uint64_t seed, double mean = 0.0, double deviation = 1.0) {
    const Random random(seed, purpose_of("test values"));
    std::vector<T> values(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<T>(mean + deviation * random.normal(i));
    }
    return values;
}

/// The same floats, as doubles.
inline std::vector<double> as_double(const std::vector<float>& x) {
    return {x.begin(), x.end()};
}

}  // namespace evenkeel::testing
