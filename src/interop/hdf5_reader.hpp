#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "interop/hdf5_tree.hpp"

namespace evenkeel::hdf5 {

/// Reads the part of HDF5 that h5py writes by default (superblock version 0, symbol tables, contiguous or
/// compact numbers, texts as attributes) out of bytes of unknown origin. Everything that the file claims is
/// checked against its real size; time and memory are bounded by that size. The arrays of the tree are views
/// of `bytes`, which must outlive it; extents may still be inconsistent with what a model wants. Throws
/// Error{input} naming `where` and the path for damaged bytes, and for what is outside of the part above, by
/// name: links, chunked, compressed, virtual or external data, other types, newer superblocks.
Group read(std::span<const std::byte> bytes, std::string_view where);

}  // namespace evenkeel::hdf5
