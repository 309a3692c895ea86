#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/clock.hpp"

namespace evenkeel {

/// Whom a pool's threads tell what they do, for a profile. Of a block that throws, and of the end of its run, nobody tells.
class RunWatch {
  public:
    virtual ~RunWatch() = default;
    virtual void run_begins() = 0;  ///< by the caller, before there are blocks to take
    virtual void block_ended(int thread, Clock::time_point began) = 0;  ///< by the thread, behind each of its blocks
    virtual void run_ends() = 0;                                        ///< by the caller, when all blocks are done
};

/// A team of threads that takes numbered blocks of work. Which thread takes which block is left to chance; blocks must
/// not depend on it, so their number and size never come from the number of threads. Half of the threads begin with the
/// first blocks and half with the last: so two cores mostly get, run after run, the blocks that lie in their caches.
///
/// Between runs the workers spin for a few microseconds (the next layer comes at once while training) and then park. A
/// run waits for blocks, not for workers: one that the system keeps from running costs nothing but its help.
/// A pool is owned, never global; several may live side by side. `run` is to be called from one thread at a time.
class ThreadPool {
  public:
    /// `threads` ≥ 1 counts the caller: a pool of one starts no thread.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    /// Of the threads, the first `threads` (1 to threads(), the caller among them) take blocks in the runs that follow; the
    /// others sleep. For runs so short that threads would wait for one another more than they work.
    void use(int threads);
    int used() const { return used_.load(std::memory_order_relaxed); }

    /// Calls body(block), or body(block, thread) with thread in [0, threads()), once for every block in [0, blocks), on
    /// all threads, and returns when all are done. The thread's number is for scratch memory, never for results.
    /// The first exception a block throws is thrown again here, after all threads have stopped.
    template <typename Body>
    void run(std::int64_t blocks, const Body& body) {
        run_erased(
            blocks,
            [](const void* b, std::int64_t block, int thread) {
                if constexpr (std::is_invocable_v<const Body&, std::int64_t, int>) {
                    (*static_cast<const Body*>(b))(block, thread);
                } else {
                    (*static_cast<const Body*>(b))(block);
                }
            },
            &body);
    }

    /// Who is told about the runs that follow, and outlives them; null for nobody.
    void watch(RunWatch* watch) { watch_ = watch; }

  private:
    using Call = void (*)(const void* body, std::int64_t block, int thread);

    void run_erased(std::int64_t blocks, Call call, const void* body);
    void share_out(std::int64_t blocks, Call call, const void* body);
    void call_block(Call call, const void* body, std::int64_t block, int thread);
    void work(const std::stop_token& stop, int thread);
    bool take_block(int thread);
    void rest_while_unused(const std::stop_token& stop, int thread);
    void wait_for_blocks(const std::stop_token& stop, int thread);
    bool is_used(int thread) const { return thread < used(); }
    void drop_blocks_left();

    // The job. A thread reads it only after it has claimed a block of it, and run() returns only when all claimed blocks
    // are done: so a late thread can never see half of an old job and half of a new one.
    Call call_ = nullptr;
    const void* body_ = nullptr;
    RunWatch* watch_ = nullptr;
    std::exception_ptr failure_;
    std::mutex failure_mutex_;

    alignas(64) std::atomic<std::uint64_t> left_{0};  ///< blocks that nobody has claimed yet: first and end
    alignas(64) std::atomic<std::int64_t> done_{0};
    alignas(64) std::atomic<int> parked_{0};
    std::atomic<int> used_;
    std::mutex park_mutex_;
    std::condition_variable park_;  ///< between two runs
    std::condition_variable rest_;  ///< of unused threads
    std::vector<std::jthread> workers_;
};

/// While it lives, OpenMP in this thread opens no team: oneDNN must compute each block alone, or bits would depend on the
/// number of threads. The old setting comes back afterwards.
class SingleThreadedOpenMP {
  public:
    SingleThreadedOpenMP();
    ~SingleThreadedOpenMP();
    SingleThreadedOpenMP(const SingleThreadedOpenMP&) = delete;
    SingleThreadedOpenMP& operator=(const SingleThreadedOpenMP&) = delete;

  private:
    int before_;
};

}  // namespace evenkeel
