#pragma once

#include <string_view>

#include "data/array.hpp"
#include "data/byte_source.hpp"

namespace evenkeel {

struct NpyHeader {
    ElementType type = ElementType::u8;
    std::endian order = std::endian::little;
    bool fortran_order = false;
    Shape shape;
};

/// The Python dict literal of an NPY header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } with
/// each of the three keys once, in any order, and nothing else but spaces and a newline behind it.
NpyHeader parse_npy_header(std::string_view text, std::string_view where);

/// One NPY array (numpy/lib/format.py, versions 1 to 3): \x93NUMPY, major, minor, header length (u16, from
/// version 2 on u32, little-endian), header, values. Booleans, integers, f4 and f8 of either byte order, in C
/// order.
Array read_npy(ByteSource& source);

}  // namespace evenkeel
