#include "core/threads.hpp"

#include <omp.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <string>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

// Long enough to bridge the gap between two layers, short enough to give an idle core back.
constexpr int spins_before_parking = 4000;

void pause_briefly() {
#if defined(__x86_64__)
    _mm_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
    if (threads < 1 || threads > 1024) fail_input("threads", "a number from 1 to 1024", std::to_string(threads));
    for (int i = 1; i < threads; ++i) {
        workers_.emplace_back([this](std::stop_token stop) { work(stop); });
    }
}

ThreadPool::~ThreadPool() {
    for (auto& worker : workers_) worker.request_stop();
    const std::lock_guard lock(park_mutex_);
    park_.notify_all();
}

void ThreadPool::run_erased(std::int64_t blocks, Call call, const void* body) {
    const SingleThreadedOpenMP alone;
    if (workers_.empty() || blocks <= 1) {
        for (std::int64_t block = 0; block < blocks; ++block) call(body, block);
        return;
    }
    call_ = call;
    body_ = body;
    blocks_ = blocks;
    failure_ = nullptr;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    if (parked_.load(std::memory_order_seq_cst) > 0) {
        const std::lock_guard lock(park_mutex_);
        park_.notify_all();
    }
    take_blocks();
    for (int spins = 0; busy_.load(std::memory_order_acquire) > 0; ++spins) {
        pause_briefly();
        if (spins > spins_before_parking) std::this_thread::yield();
    }
    if (failure_) std::rethrow_exception(failure_);
}

void ThreadPool::take_blocks() {
    try {
        for (std::int64_t block; (block = next_.fetch_add(1, std::memory_order_relaxed)) < blocks_;) call_(body_, block);
    } catch (...) {
        next_.store(blocks_, std::memory_order_relaxed);  // the others stop at their next block
        const std::lock_guard lock(failure_mutex_);
        if (!failure_) failure_ = std::current_exception();
    }
}

std::uint32_t ThreadPool::wait_for_job(std::uint32_t last, const std::stop_token& stop) {
    for (int spins = 0; spins < spins_before_parking; ++spins) {
        const std::uint32_t now = epoch_.load(std::memory_order_acquire);
        if (now != last || stop.stop_requested()) return now;
        pause_briefly();
    }
    std::unique_lock lock(park_mutex_);
    parked_.fetch_add(1, std::memory_order_seq_cst);
    park_.wait(lock, [&] { return epoch_.load(std::memory_order_seq_cst) != last || stop.stop_requested(); });
    parked_.fetch_sub(1, std::memory_order_relaxed);
    return epoch_.load(std::memory_order_acquire);
}

void ThreadPool::work(std::stop_token stop) {
    const SingleThreadedOpenMP alone;
    for (std::uint32_t last = 0;;) {
        const std::uint32_t now = wait_for_job(last, stop);
        if (now == last) return;  // asked to stop while idle
        last = now;
        take_blocks();
        busy_.fetch_sub(1, std::memory_order_release);
    }
}

SingleThreadedOpenMP::SingleThreadedOpenMP() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
}

SingleThreadedOpenMP::~SingleThreadedOpenMP() {
    if (before_ != 1) omp_set_num_threads(before_);
}

}  // namespace evenkeel
