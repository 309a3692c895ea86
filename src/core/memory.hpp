#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace evenkeel {

/// Refuses `floats` numbers that this machine's memory cannot hold, before anything is allocated: Error{input} naming the
/// amount. (The system would promise the memory and kill the process when it is used.)
void need_memory(std::string_view where, std::string_view what, std::int64_t floats);

/// Asks the system to put memory that nobody has touched yet on pages of 2 MiB, if it is at least two of them: half of the time of
/// reading the MNIST went into 12 000 page faults, and with large pages there are 24.
void prefer_large_pages(void* memory, std::size_t bytes);

/// values.resize(size), its new memory on large pages.
template <typename T>
void grow(std::vector<T>& values, std::size_t size) {
    values.reserve(size);
    prefer_large_pages(values.data() + values.size(), (values.capacity() - values.size()) * sizeof(T));
    values.resize(size);
}

}  // namespace evenkeel
