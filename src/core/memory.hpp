#pragma once

#include <cstdint>
#include <string_view>

namespace evenkeel {

/// Refuses `floats` numbers that this machine's memory cannot hold, before anything is allocated: Error{input} naming the
/// amount. (The system would promise the memory and kill the process when it is used.)
void need_memory(std::string_view where, std::string_view what, std::int64_t floats);

}  // namespace evenkeel
