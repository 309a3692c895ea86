#include "evenkeel/core/buffer.hpp"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace evenkeel::detail {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

std::align_val_t boundary_for(std::size_t bytes) {
    return std::align_val_t{bytes >= 2 * huge_page ? huge_page : 64};
}

}  // namespace

void* allocate(std::size_t bytes) {
    void* memory = ::operator new(bytes, boundary_for(bytes));
#if defined(__linux__)
    // Whole pages only: the rest of the last one belongs to others.
    if (bytes >= 2 * huge_page) madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
    return memory;
}

void release(void* memory, std::size_t bytes) noexcept {
    ::operator delete(memory, boundary_for(bytes));
}

}  // namespace evenkeel::detail
