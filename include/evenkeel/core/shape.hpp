#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// The extents of one row (example), without the batch axis: {28, 28} for an image of MNIST.
using Shape = std::vector<std::int64_t>;

/// Largest number of elements that any shape of ours may have; larger claims are refused before anything is
/// allocated.
inline constexpr std::int64_t max_elements = std::int64_t{1} << 40;

/// Product of the extents (1 for rank 0). Throws Error{input} naming `where` for an extent < 1 or a product
/// above max_elements.
EVENKEEL_API std::int64_t elements(const Shape& shape, std::string_view where);

/// "(28, 28)", and "(None, 28, 28)" with the batch axis.
EVENKEEL_API std::string to_string(const Shape& shape);
EVENKEEL_API std::string to_string_with_batch(const Shape& shape);

}  // namespace evenkeel
