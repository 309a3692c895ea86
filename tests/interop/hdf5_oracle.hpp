#pragma once

#include <hdf5.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "interop/hdf5_tree.hpp"

// libhdf5 as a second opinion on our reader and writer. Both trees and files are described as lines of text
// ("path type shape hexadecimal bytes"), which are compared.
namespace evenkeel::hdf5::oracle {

enum class Texts { variable, fixed_zeros, fixed_spaces };

std::vector<std::string> describe(const Group& root);                 ///< a tree of ours, sorted lines
std::vector<std::string> describe(std::span<const std::byte> bytes);  ///< a file, as libhdf5 reads it, sorted lines

/// The bytes of a file that `fill` makes through libhdf5; `newest` asks for the newest format of everything.
std::vector<std::byte> make_file(const std::function<void(hid_t file)>& fill, bool newest = false);

/// The tree, written by libhdf5.
std::vector<std::byte> write(const Group& root, Texts texts, bool compact);

hid_t type_of(Type type);

}  // namespace evenkeel::hdf5::oracle
