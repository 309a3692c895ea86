#pragma once

#include <filesystem>

#include "data/array.hpp"
#include "data/byte_source.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

/// One IDX array: bytes 0, 0, type (08 u8, 09 i8, 0B i16, 0C i32, 0D f32, 0E f64), rank; the extents as
/// big-endian u32; then the values, big-endian, in C order. Throws Error{input} for anything else: a wrong
/// magic, a truncated, over-long or empty file, extents that the file cannot hold.
Array read_idx(ByteSource& source);

/// A folder with the MNIST's four names (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…; a dot for
/// the second dash and a .gz behind are fine), whatever their element types. `classes` = 0: as the training
/// labels say.
Dataset read_idx_folder(const std::filesystem::path& folder, std::int64_t classes);

}  // namespace evenkeel
