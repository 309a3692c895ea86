#pragma once

#include <cstdint>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011): draw `index` of stream (seed, purpose)
/// is a pure function of the three, so nothing is drawn "in sequence" and two networks that share a layer
/// share its weights.
class EVENKEEL_API Random {
  public:
    Random(std::uint64_t seed, std::uint64_t purpose) noexcept : seed_(seed), purpose_(purpose) {}

    std::uint32_t bits(std::uint64_t index) const noexcept;  ///< 32 uniform bits
    double uniform(std::uint64_t index) const noexcept;      ///< in (0, 1), 53 bits
    double normal(std::uint64_t index) const noexcept;       ///< mean 0, standard deviation 1 (Box and Muller 1958)
    std::uint64_t below(std::uint64_t index,
                        std::uint64_t bound) const noexcept;  ///< in [0, bound), bound > 0

  private:
    std::uint64_t seed_;
    std::uint64_t purpose_;
};

/// A stable 64-bit purpose from words, e.g. purpose_of("kernel", "dense_1") (FNV-1a).
EVENKEEL_API std::uint64_t purpose_of(const char* what, const char* whose = "") noexcept;

/// Writes a uniformly random permutation of 0…n−1 for (seed, purpose) into `out` (Fisher and Yates).
EVENKEEL_API void permutation(const Random& random, std::vector<std::uint32_t>& out);

}  // namespace evenkeel
