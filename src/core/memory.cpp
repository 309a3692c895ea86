#include "core/memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

std::string gigabytes(double bytes) {
    return fmt::format("{:.1f} GB", bytes / 1e9);
}

}  // namespace

void need_memory(std::string_view where, std::string_view what, std::int64_t floats) {
    const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    const double needed = static_cast<double>(floats) * sizeof(float);
    if (needed > memory) {
        fail_input(where, fmt::format("{} that fit into this machine's {} of memory", what, gigabytes(memory)),
                   gigabytes(needed));
    }
}

void prefer_large_pages(void* memory, std::size_t bytes) {
    constexpr std::uintptr_t page = 4096, least = std::uintptr_t{4} << 20;
    if (bytes < least) return;
    const std::uintptr_t to_page = (page - reinterpret_cast<std::uintptr_t>(memory) % page) % page;
    madvise(static_cast<char*>(memory) + to_page, (bytes - to_page) / page * page, MADV_HUGEPAGE);
}

}  // namespace evenkeel
