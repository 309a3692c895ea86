#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace evenkeel::hdf5 {

// Bytes that grow, with little-endian numbers.
class Bytes {
  public:
    std::size_t size() const { return data_.size(); }
    std::span<const std::byte> view() const { return data_; }
    std::vector<std::byte> take() { return std::move(data_); }

    void number(std::uint64_t value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) data_.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
    void numbers(std::uint64_t value, std::size_t width, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) number(value, width);
    }
    void bytes(std::span<const std::byte> values) { data_.insert(data_.end(), values.begin(), values.end()); }
    void octets(std::span<const std::uint8_t> values) { bytes(std::as_bytes(values)); }
    void text(std::string_view values) { bytes(std::as_bytes(std::span(values))); }
    void zeros(std::size_t count) { data_.resize(data_.size() + count); }
    void align() { zeros((8 - data_.size() % 8) % 8); }
    void patch(std::size_t at, std::uint64_t value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) data_[at + i] = static_cast<std::byte>(value >> (8 * i));
    }

  private:
    std::vector<std::byte> data_;
};

}  // namespace evenkeel::hdf5
