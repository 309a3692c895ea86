#include "evenkeel/core/buffer.hpp"

#include <new>

#include "core/memory.hpp"

namespace evenkeel::detail {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

std::align_val_t boundary_for(std::size_t bytes) {
    return std::align_val_t{bytes >= 2 * huge_page ? huge_page : 64};
}

}  // namespace

void* allocate(std::size_t bytes) {
    void* memory = ::operator new(bytes, boundary_for(bytes));
    prefer_large_pages(memory, bytes);
    return memory;
}

void release(void* memory, std::size_t bytes) noexcept {
    ::operator delete(memory, boundary_for(bytes));
}

}  // namespace evenkeel::detail
