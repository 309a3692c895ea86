#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "evenkeel/core/export.hpp"

namespace evenkeel {
namespace detail {

/// Memory for a Buffer, on a 64-byte boundary; where it is large, on pages of 2 MiB if the system has them, which saves
/// most misses of the address cache. Throws std::bad_alloc.
EVENKEEL_API void* allocate(std::size_t bytes);
EVENKEEL_API void release(void* memory, std::size_t bytes) noexcept;

}  // namespace detail

/// A fixed number of values of a plain type, zero at first, on a 64-byte boundary (a cache line, a 512-bit
/// vector).
template <typename T>
class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::int64_t size) : size_(size) {
        if (size > 0) {
            data_ = static_cast<T*>(detail::allocate(bytes()));
            std::memset(static_cast<void*>(data_), 0, bytes());
        }
    }
    Buffer(const Buffer& other) : Buffer(other.size_) {
        if (size_ > 0) std::memcpy(static_cast<void*>(data_), other.data_, bytes());
    }
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer other) noexcept {
        swap(other);
        return *this;
    }
    ~Buffer() {
        if (data_ != nullptr) detail::release(data_, bytes());
    }

    T* data() noexcept { return data_; }
    const T* data() const noexcept { return data_; }
    std::int64_t size() const noexcept { return size_; }
    T& operator[](std::int64_t i) noexcept { return data_[i]; }
    const T& operator[](std::int64_t i) const noexcept { return data_[i]; }
    std::span<T> span() noexcept { return {data_, static_cast<std::size_t>(size_)}; }
    std::span<const T> span() const noexcept { return {data_, static_cast<std::size_t>(size_)}; }

  private:
    std::size_t bytes() const noexcept { return static_cast<std::size_t>(size_) * sizeof(T); }
    void swap(Buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }

    T* data_ = nullptr;
    std::int64_t size_ = 0;
};

}  // namespace evenkeel
