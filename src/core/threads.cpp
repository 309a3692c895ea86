#include "core/threads.hpp"

#include <omp.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <string>

#include "core/signals.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

// Long enough to bridge the gap between two layers, short enough to give an idle core back.
constexpr int spins_before_parking = 4000;

// Blocks [first, end), which fit into one atomic number.
struct Blocks {
    explicit Blocks(std::uint64_t n) : first(static_cast<std::uint32_t>(n >> 32)), end(static_cast<std::uint32_t>(n)) {}
    std::uint64_t number() const { return std::uint64_t{first} << 32 | end; }
    std::uint32_t count() const { return end - first; }

    std::uint32_t first, end;
};

void pause_briefly() {
#if defined(__x86_64__)
    _mm_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) : used_(threads) {
    if (threads < 1 || threads > 1024) fail_input("threads", "a number from 1 to 1024", std::to_string(threads));
    for (int i = 1; i < threads; ++i) {
        workers_.emplace_back([this, i](const std::stop_token& stop) { work(stop, i); });
    }
}

ThreadPool::~ThreadPool() {
    for (auto& worker : workers_) worker.request_stop();
    const std::lock_guard lock(park_mutex_);
    park_.notify_all();
    rest_.notify_all();
}

void ThreadPool::use(int threads) {
    if (used_.exchange(threads, std::memory_order_seq_cst) >= threads) return;
    const std::lock_guard lock(park_mutex_);
    rest_.notify_all();
}

void ThreadPool::run_erased(std::int64_t blocks, Call call, const void* body) {
    const SingleThreadedOpenMP alone;
    if (watch_ != nullptr) watch_->run_begins();
    if (!is_used(1) || blocks <= 1) {
        for (std::int64_t block = 0; block < blocks; ++block) call_block(call, body, block, 0);
    } else {
        share_out(blocks, call, body);
    }
    if (watch_ != nullptr) watch_->run_ends();
}

void ThreadPool::share_out(std::int64_t blocks, Call call, const void* body) {
    call_ = call;
    body_ = body;
    failure_ = nullptr;
    done_.store(0, std::memory_order_relaxed);
    left_.store(Blocks(static_cast<std::uint64_t>(blocks)).number(), std::memory_order_seq_cst);
    if (parked_.load(std::memory_order_seq_cst) > 0) {
        const std::lock_guard lock(park_mutex_);
        park_.notify_all();
    }
    while (take_block(0)) {
    }
    for (int spins = 0; done_.load(std::memory_order_acquire) < blocks; ++spins) {
        pause_briefly();
        if (spins > spins_before_parking) std::this_thread::yield();
    }
    if (failure_) std::rethrow_exception(failure_);
}

void ThreadPool::call_block(Call call, const void* body, std::int64_t block, int thread) {
    if (watch_ == nullptr) return call(body, block, thread);
    const auto began = Clock::now();
    call(body, block, thread);
    watch_->block_ended(thread, began);
}

bool ThreadPool::take_block(int thread) {
    const bool from_front = thread % 2 == 0;
    std::uint64_t before = left_.load(std::memory_order_acquire), after = 0;
    std::uint32_t block = 0;
    do {
        Blocks left(before);
        if (left.count() == 0) return false;
        block = from_front ? left.first++ : --left.end;
        after = left.number();
    } while (!left_.compare_exchange_weak(before, after, std::memory_order_acq_rel, std::memory_order_acquire));
    try {
        call_block(call_, body_, block, thread);
    } catch (...) {
        drop_blocks_left();
        const std::lock_guard lock(failure_mutex_);
        if (!failure_) failure_ = std::current_exception();
    }
    done_.fetch_add(1, std::memory_order_release);
    return true;
}

// After a failure nobody needs the rest; those blocks count as done.
void ThreadPool::drop_blocks_left() {
    const Blocks dropped(left_.exchange(0, std::memory_order_acq_rel));
    done_.fetch_add(dropped.count(), std::memory_order_release);
}

void ThreadPool::rest_while_unused(const std::stop_token& stop, int thread) {
    if (is_used(thread)) return;
    std::unique_lock lock(park_mutex_);
    rest_.wait(lock, [&] { return is_used(thread) || stop.stop_requested(); });
}

// Ends when there are blocks, and when the thread is used no longer.
void ThreadPool::wait_for_blocks(const std::stop_token& stop, int thread) {
    const auto something_to_do = [&] {
        return Blocks(left_.load(std::memory_order_seq_cst)).count() > 0 || stop.stop_requested() || !is_used(thread);
    };
    for (int spins = 0; spins < spins_before_parking; ++spins) {
        if (something_to_do()) return;
        pause_briefly();
    }
    std::unique_lock lock(park_mutex_);
    parked_.fetch_add(1, std::memory_order_seq_cst);
    park_.wait(lock, something_to_do);
    parked_.fetch_sub(1, std::memory_order_relaxed);
}

void ThreadPool::work(const std::stop_token& stop, int thread) {
    const SignalsDeferred quiet;
    const SingleThreadedOpenMP alone;
    while (!stop.stop_requested()) {
        rest_while_unused(stop, thread);
        wait_for_blocks(stop, thread);
        while (is_used(thread) && take_block(thread)) {
        }
    }
}

SingleThreadedOpenMP::SingleThreadedOpenMP() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
}

SingleThreadedOpenMP::~SingleThreadedOpenMP() {
    if (before_ != 1) omp_set_num_threads(before_);
}

}  // namespace evenkeel
