#include "data/array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/memory.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

template <class T>
T value_at(const Array& array, std::size_t index) {
    std::array<std::uint8_t, sizeof(T)> bytes;
    std::memcpy(bytes.data(), array.bytes.data() + index * sizeof(T), sizeof(T));
    if (array.order != std::endian::native) std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
}

// Calls visit(index, value) with the values in their own type, in order.
template <class T, class Visit>
void each(const Array& array, const Visit& visit) {
    const std::size_t count = array.bytes.size() / sizeof(T);
    for (std::size_t i = 0; i < count; ++i) visit(i, value_at<T>(array, i));
}

template <class Visit>
void each_value(const Array& array, const Visit& visit) {
    switch (array.type) {
        case ElementType::boolean:
        case ElementType::u8:
            return each<std::uint8_t>(array, visit);
        case ElementType::i8:
            return each<std::int8_t>(array, visit);
        case ElementType::u16:
            return each<std::uint16_t>(array, visit);
        case ElementType::i16:
            return each<std::int16_t>(array, visit);
        case ElementType::u32:
            return each<std::uint32_t>(array, visit);
        case ElementType::i32:
            return each<std::int32_t>(array, visit);
        case ElementType::u64:
            return each<std::uint64_t>(array, visit);
        case ElementType::i64:
            return each<std::int64_t>(array, visit);
        case ElementType::f32:
            return each<float>(array, visit);
        case ElementType::f64:
            return each<double>(array, visit);
    }
}

std::string place(const Array& array, std::size_t index) {
    const auto rows = static_cast<std::size_t>(array.shape.empty() ? 1 : array.shape[0]);
    const std::size_t per_row = array.bytes.size() / width_of(array.type) / rows;
    return fmt::format("row {}, element {}", index / per_row, index % per_row);
}

}  // namespace

std::size_t width_of(ElementType type) {
    switch (type) {
        case ElementType::boolean:
        case ElementType::u8:
        case ElementType::i8:
            return 1;
        case ElementType::u16:
        case ElementType::i16:
            return 2;
        case ElementType::u32:
        case ElementType::i32:
        case ElementType::f32:
            return 4;
        case ElementType::u64:
        case ElementType::i64:
        case ElementType::f64:
            return 8;
    }
    return 1;
}

bool is_float(ElementType type) {
    return type == ElementType::f32 || type == ElementType::f64;
}

std::vector<float> floats_of(const Array& array) {
    std::vector<float> floats;
    grow(floats, array.bytes.size() / width_of(array.type));
    each_value(array, [&](std::size_t i, auto value) {
        const auto narrow = static_cast<float>(value);
        if (!std::isfinite(narrow)) {
            fail_input(array.name, "finite float32 values", fmt::format("{} at {}", value, place(array, i)));
        }
        floats[i] = narrow;
    });
    return floats;
}

std::variant<std::vector<std::uint8_t>, std::vector<float>> features_of(Array&& array) {
    if (array.type == ElementType::u8 || array.type == ElementType::boolean) return std::move(array.bytes);
    return floats_of(array);
}

std::vector<std::int32_t> labels_of(const Array& array) {
    std::vector<std::int32_t> labels(array.bytes.size() / width_of(array.type));
    each_value(array, [&](std::size_t i, auto value) {
        // Every type's values below 2^53 are exact in double, and larger ones are out of range anyway.
        const auto number = static_cast<double>(value);
        if (!(number >= 0 && number < static_cast<double>(max_classes) && number == std::floor(number))) {
            fail_input(array.name, fmt::format("integer labels in [0, {})", max_classes),
                       fmt::format("{} in row {}", value, i));
        }
        labels[i] = static_cast<std::int32_t>(number);
    });
    return labels;
}

}  // namespace evenkeel
