#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "evenkeel/core/shape.hpp"

namespace evenkeel {

enum class ElementType { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };

std::size_t width_of(ElementType type);  ///< in bytes
bool is_float(ElementType type);

/// An array as it lay in its file (IDX or NPY), C order: `bytes` holds elements(shape) elements.
struct Array {
    std::string name;  ///< for messages
    Shape shape;       ///< the first extent counts rows
    ElementType type = ElementType::u8;
    std::endian order = std::endian::little;
    std::vector<std::uint8_t> bytes;
};

/// No data set of ours has more classes; a larger label is a mistake, not a wish for a network of that width.
inline constexpr std::int64_t max_classes = 65536;

/// u8 and booleans stay bytes, all else becomes float32. Throws Error{input} naming row and element for a
/// value that is NaN, infinite or beyond float32's range.
std::variant<std::vector<std::uint8_t>, std::vector<float>> features_of(Array&& array);
std::vector<float> floats_of(const Array& array);

/// Throws Error{input} naming the row for a label that is not an integer in [0, max_classes).
std::vector<std::int32_t> labels_of(const Array& array);

}  // namespace evenkeel
