#include "core/threads.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
#include <vector>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

TEST(ThreadPool, RunsEveryBlockOnce) {
    for (const int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        EXPECT_EQ(pool.threads(), threads);
        for (int repeat = 0; repeat < 200; ++repeat) {
            std::vector<int> seen(repeat, 0);
            pool.run(repeat, [&](std::int64_t block) { ++seen[block]; });
            EXPECT_EQ(std::accumulate(seen.begin(), seen.end(), 0), repeat);
        }
    }
}

TEST(ThreadPool, ThreadsBeginAtBothEnds) {
    ThreadPool pool(2);
    for (int repeat = 0; repeat < 200; ++repeat) {
        std::vector<std::int64_t> taken[2];
        pool.run(40, [&](std::int64_t block, int thread) { taken[thread].push_back(block); });
        ASSERT_EQ(taken[0].size() + taken[1].size(), 40U);
        for (std::size_t i = 0; i < taken[0].size(); ++i) ASSERT_EQ(taken[0][i], i);
        for (std::size_t i = 0; i < taken[1].size(); ++i) ASSERT_EQ(taken[1][i], 39 - i);
    }
}

TEST(ThreadPool, WakesAfterParking) {
    ThreadPool pool(3);
    for (int repeat = 0; repeat < 5; ++repeat) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::atomic<int> sum = 0;
        pool.run(100, [&](std::int64_t block) { sum += static_cast<int>(block); });
        EXPECT_EQ(sum, 4950);
    }
}

TEST(ThreadPool, UsesAsManyAsItIsTold) {
    ThreadPool pool(4);
    std::atomic<int> sum = 0;
    for (int repeat = 0; repeat < 400; ++repeat) {
        pool.use(repeat % 4 + 1);
        if (repeat % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // all park or rest
        pool.run(10, [&](std::int64_t) { ++sum; });
    }
    EXPECT_EQ(sum, 4000);
    pool.use(1);
    const auto caller = std::this_thread::get_id();
    pool.run(100, [&](std::int64_t) { sum += std::this_thread::get_id() == caller ? 1 : 0; });
    EXPECT_EQ(sum, 4100);
}

TEST(ThreadPool, PassesOnTheFirstException) {
    ThreadPool pool(4);
    EXPECT_THROW(pool.run(64,
                          [](std::int64_t block) {
                              if (block == 13) fail_work("block", "luck", "13");
                          }),
                 Error);
    std::atomic<int> after = 0;
    pool.run(8, [&](std::int64_t) { ++after; });
    EXPECT_EQ(after, 8);
}

TEST(ThreadPool, KeepsOpenMPSingleThreadedInsideARunOnly) {
    omp_set_num_threads(4);
    ThreadPool pool(2);
    std::atomic<int> wrong = 0;
    pool.run(16, [&](std::int64_t) { wrong += omp_get_max_threads() != 1; });
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(omp_get_max_threads(), 4);
    omp_set_num_threads(1);
}

TEST(ThreadPool, PoolsLiveSideBySide) {
    std::vector<std::jthread> hosts;
    std::atomic<int> sum = 0;
    for (int host = 0; host < 3; ++host) {
        hosts.emplace_back([&sum] {
            ThreadPool pool(2);
            for (int repeat = 0; repeat < 50; ++repeat) pool.run(10, [&](std::int64_t) { ++sum; });
        });
    }
    hosts.clear();
    EXPECT_EQ(sum, 1500);
}

TEST(ThreadPool, TellsWhoWatchesOfEveryBlock) {
    struct Counts : RunWatch {
        void run_begins() override { ++begun; }
        void block_ended(int thread, Clock::time_point began) override {
            EXPECT_LE(began, Clock::now());
            ++blocks[static_cast<std::size_t>(thread)];
        }
        void run_ends() override { ++ended; }
        int begun = 0, ended = 0;
        std::array<int, 3> blocks{};
    };
    for (const int threads : {1, 3}) {
        Counts counts;
        std::array<int, 3> called{};
        const auto body = [&](std::int64_t, int thread) { ++called[static_cast<std::size_t>(thread)]; };
        ThreadPool pool(threads);
        pool.watch(&counts);
        for (int repeat = 0; repeat < 20; ++repeat) pool.run(repeat, body);
        EXPECT_EQ(counts.begun, 20);
        EXPECT_EQ(counts.ended, 20);
        EXPECT_EQ(counts.blocks, called);
        pool.watch(nullptr);
        pool.run(5, body);
        EXPECT_EQ(counts.begun, 20);
        EXPECT_EQ(counts.ended, 20);
        EXPECT_EQ(counts.blocks[0] + counts.blocks[1] + counts.blocks[2], 190);
    }
}

TEST(ThreadPool, RefusesAbsurdSizes) {
    EXPECT_THROW(ThreadPool(0), Error);
    EXPECT_THROW(ThreadPool(5000), Error);
}

}  // namespace
}  // namespace evenkeel
