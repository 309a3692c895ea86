#include "evenkeel/data/batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"

namespace evenkeel {

BatchOrder::BatchOrder(std::int64_t rows, std::int64_t batch_size, std::uint64_t seed, bool shuffle,
                       bool merge_lone_last_row)
    : batch_size_(batch_size), count_(0), largest_(0), seed_(seed), shuffle_(shuffle) {
    if (rows < 1 || rows > 0xffffffffLL) fail_input("batches", "1 to 2^32 - 1 rows", fmt::format("{}", rows));
    if (batch_size < 1) fail_input("batches", "a batch size of at least 1", fmt::format("{}", batch_size));
    batch_size_ = std::min(batch_size, rows);
    count_ = (rows + batch_size_ - 1) / batch_size_;
    const bool merge = merge_lone_last_row && batch_size_ > 1 && rows % batch_size_ == 1;
    count_ -= merge ? 1 : 0;
    largest_ = batch_size_ + (merge ? 1 : 0);
    order_.resize(static_cast<std::size_t>(rows));
    std::iota(order_.begin(), order_.end(), 0u);
    epoch(0);
}

void BatchOrder::epoch(std::int64_t e) {
    if (shuffle_) permutation(Random(seed_, purpose_of("batch order") + static_cast<std::uint64_t>(e)), order_);
}

std::span<const std::uint32_t> BatchOrder::batch(std::int64_t i) const {
    const auto begin = static_cast<std::size_t>(i * batch_size_);
    const std::size_t end = i + 1 == count_ ? order_.size() : begin + static_cast<std::size_t>(batch_size_);
    return std::span(order_).subspan(begin, end - begin);
}

}  // namespace evenkeel
