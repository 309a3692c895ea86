#include "interop/hdf5_types.hpp"

namespace evenkeel::hdf5 {
namespace {

// An IEEE 754 number: where exponent and fraction lie (in bits), and the bias of the exponent.
struct Real {
    std::uint8_t exponent_at;
    std::uint8_t exponent_bits;
    std::uint16_t bias;
};

std::vector<std::uint8_t> real_message(std::uint8_t size, Real real) {
    const auto bits = static_cast<std::uint8_t>(8 * size);
    return {0x11,                                 // version 1, class 1
            0x20,                                 // little-endian, no padding, the fraction's leading 1 implied
            static_cast<std::uint8_t>(bits - 1),  // the sign's bit
            0,
            size,
            0,
            0,
            0,
            0,
            0,  // bit offset
            bits,
            0,  // precision
            real.exponent_at,
            real.exponent_bits,
            0,
            real.exponent_at,  // the fraction: from bit 0 up to the exponent
            static_cast<std::uint8_t>(real.bias),
            static_cast<std::uint8_t>(real.bias >> 8),
            0,
            0};
}

std::vector<std::uint8_t> integer_message(std::uint8_t size, bool with_sign) {
    const auto sign = static_cast<std::uint8_t>(with_sign ? 0x08 : 0);
    return {0x10, sign, 0, 0, size, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(8 * size), 0};
}

}  // namespace

std::vector<std::uint8_t> datatype_message(Type type) {
    switch (type) {
        case Type::float16:
            return real_message(2, {10, 5, 15});
        case Type::float32:
            return real_message(4, {23, 8, 127});
        case Type::float64:
            return real_message(8, {52, 11, 1023});
        case Type::int8:
        case Type::int16:
        case Type::int32:
        case Type::int64:
            return integer_message(static_cast<std::uint8_t>(size_of(type)), true);
        case Type::uint8:
        case Type::uint16:
        case Type::uint32:
        case Type::uint64:
            return integer_message(static_cast<std::uint8_t>(size_of(type)), false);
    }
    return {};
}

std::vector<std::uint8_t> text_datatype_message() {
    // Version 1, class 9; a text, ended by zero, UTF-8; made of unsigned bytes.
    std::vector<std::uint8_t> message = {0x19, 0x01, 0x01, 0, text_reference_size, 0, 0, 0};
    const std::vector<std::uint8_t> base = datatype_message(Type::uint8);
    message.insert(message.end(), base.begin(), base.end());
    return message;
}

}  // namespace evenkeel::hdf5
