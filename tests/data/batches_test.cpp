#include "evenkeel/data/batches.hpp"

#include <algorithm>

#include "support.hpp"

namespace evenkeel {
namespace {

std::vector<std::size_t> sizes(const BatchOrder& order) {
    std::vector<std::size_t> all;
    for (std::int64_t i = 0; i < order.count(); ++i) all.push_back(order.batch(i).size());
    return all;
}

std::vector<std::uint32_t> rows(const BatchOrder& order) {
    std::vector<std::uint32_t> all;
    for (std::int64_t i = 0; i < order.count(); ++i) {
        const auto batch = order.batch(i);
        all.insert(all.end(), batch.begin(), batch.end());
    }
    return all;
}

TEST(BatchOrder, HoldsTheShortLastBatch) {
    EXPECT_EQ(sizes({10, 4, 0, false}), (std::vector<std::size_t>{4, 4, 2}));
    EXPECT_EQ(sizes({8, 4, 0, false}), (std::vector<std::size_t>{4, 4}));
    EXPECT_EQ(sizes({3, 128, 0, false}), (std::vector<std::size_t>{3}));
    EXPECT_EQ(rows({5, 2, 0, false}), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
}

TEST(BatchOrder, MergesALoneLastRow) {
    EXPECT_EQ(sizes({9, 4, 0, true, false}), (std::vector<std::size_t>{4, 4, 1}));
    const BatchOrder merged(9, 4, 0, true, true);
    EXPECT_EQ(sizes(merged), (std::vector<std::size_t>{4, 5}));
    EXPECT_EQ(merged.largest(), 5);
    EXPECT_EQ(BatchOrder(10, 4, 0, true, true).largest(), 4);
    EXPECT_EQ(sizes({10, 4, 0, true, true}), (std::vector<std::size_t>{4, 4, 2}));
    EXPECT_EQ(sizes({1, 4, 0, true, true}), (std::vector<std::size_t>{1}));  // nothing to join
    EXPECT_EQ(sizes({3, 1, 0, true, true}), (std::vector<std::size_t>{1, 1, 1}));
}

TEST(BatchOrder, IsAPureFunctionOfSeedAndEpoch) {
    BatchOrder a(1000, 32, 7, true), b(1000, 32, 7, true), c(1000, 32, 8, true);
    EXPECT_EQ(rows(a), rows(b));
    EXPECT_NE(rows(a), rows(c));
    const auto first = rows(a);
    for (const std::int64_t e : {1, 2, 5}) a.epoch(e);
    b.epoch(5);
    EXPECT_EQ(rows(a), rows(b));
    EXPECT_NE(rows(a), first);
    auto sorted = rows(a);
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, rows({1000, 32, 0, false}));
    a.epoch(0);
    EXPECT_EQ(rows(a), first);
}

TEST(BatchOrder, RefusesNothingAndLessThanNothing) {
    expect_error(Fault::input, {"rows", "got 0"}, [] { BatchOrder(0, 4, 0, true); });
    expect_error(Fault::input, {"batch size", "got 0"}, [] { BatchOrder(4, 0, 0, true); });
    expect_error(Fault::input, {"rows"}, [] { BatchOrder(std::int64_t{1} << 40, 4, 0, true); });
}

}  // namespace
}  // namespace evenkeel
