#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "interop/hdf5_tree.hpp"

// How HDF5 writes things down, shared by the reader and the writer (HDF5 File Format Specification 2.0
// / 3.0).
namespace evenkeel::hdf5 {

inline constexpr std::array<std::uint8_t, 8> signature = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
inline constexpr int max_depth = 64;  ///< of groups in groups, ours: Keras stays below ten
inline constexpr std::uint64_t undefined_address = ~std::uint64_t{0};

/// Types of the messages in an object header that we read or write (section IV.A.2 of the specification).
namespace message {
inline constexpr std::uint16_t dataspace = 0x01, datatype = 0x03, link_info = 0x02, fill_value = 0x05, link = 0x06,
                               external = 0x07, layout = 0x08, filters = 0x0b, attribute = 0x0c, continuation = 0x10,
                               symbol_table = 0x11, attribute_info = 0x15, last_known = 0x18;
}  // namespace message

/// Classes of datatypes: the low four bits of a datatype message.
namespace type_class {
inline constexpr unsigned integer = 0, real = 1, text = 3, variable_length = 9;
}  // namespace type_class

inline constexpr std::array all_types = {Type::float16, Type::float32, Type::float64, Type::int8,
                                         Type::int16,   Type::int32,   Type::int64,   Type::uint8,
                                         Type::uint16,  Type::uint32,  Type::uint64};

/// The datatype message (version 1) of a number.
std::vector<std::uint8_t> datatype_message(Type type);

/// The datatype message (version 1) of a variable-length UTF-8 text, and the bytes one takes where it is
/// stored: length (4), address of a global heap collection (8), index in it (4).
std::vector<std::uint8_t> text_datatype_message();
inline constexpr std::size_t text_reference_size = 16;

}  // namespace evenkeel::hdf5
