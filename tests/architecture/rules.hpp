#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "architecture/source_file.hpp"

// The rules of the house (CONTRIBUTING.md draws it). Each gives one line per violation: "path:line: what is wrong".
namespace evenkeel::architecture {

/// The room a path or a quoted include belongs to: "kernels" for src/kernels/gemm.cpp, include/evenkeel/kernels/x.hpp,
/// "kernels/gemm.hpp" and "evenkeel/kernels/x.hpp". Empty where it belongs to none.
std::string room_of_path(std::string_view path);
std::string room_of_include(std::string_view target);

/// The floor of a room, 0 where there is no such room.
int floor_of(std::string_view room);

/// A room includes from lower floors and from itself only.
std::vector<std::string> check_arrows(const SourceFile& file);
/// Public headers stand on the standard library and on each other: what is installed must be enough.
std::vector<std::string> check_public_header(const SourceFile& file);
/// Each borrowed library is known to the rooms that wrap it, and to no other.
std::vector<std::string> check_borrowed(const SourceFile& file);
/// The library never prints and never ends the process.
std::vector<std::string> check_silence(const SourceFile& file);
/// At most 400 lines, and each header guarded by #pragma once.
std::vector<std::string> check_form(const SourceFile& file);

}  // namespace evenkeel::architecture
