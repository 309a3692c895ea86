#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "interop/hdf5_tree.hpp"

namespace evenkeel::hdf5 {

/// The bytes of an HDF5 file (superblock version 0, as h5py writes by default) that holds `root`. Texts
/// become variable-length UTF-8, as h5py writes them. No times, no addresses of memory: equal trees give
/// equal bytes. Throws Error{input} naming `where` and the path for a name that is empty, "." or holds '/' or
/// a zero byte; two equal names in a group; an array whose bytes do not match its type and shape; and an
/// attribute above 64512 bytes, HDF5's limit (a text counts 16 bytes, whatever its length).
std::vector<std::byte> write(const Group& root, std::string_view where);

}  // namespace evenkeel::hdf5
