#include "evenkeel/core/shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "evenkeel/core/error.hpp"

namespace evenkeel {

std::int64_t elements(const Shape& shape, std::string_view where) {
    std::int64_t product = 1;
    for (const std::int64_t extent : shape) {
        if (extent < 1) fail_input(where, "extents of at least 1", to_string(shape));
        if (extent > max_elements / product) {
            fail_input(where, fmt::format("a shape of at most {} elements", max_elements), to_string(shape));
        }
        product *= extent;
    }
    return product;
}

std::string to_string(const Shape& shape) {
    return shape.size() == 1 ? fmt::format("({},)", shape[0]) : fmt::format("({})", fmt::join(shape, ", "));
}

std::string to_string_with_batch(const Shape& shape) {
    return shape.empty() ? "(None,)" : fmt::format("(None, {})", fmt::join(shape, ", "));
}

}  // namespace evenkeel
