#include "interrupt.hpp"

#include <pthread.h>
#include <unistd.h>

#include "command.hpp"

namespace evenkeel::cli {
namespace {

std::atomic<bool> wish{false};

constexpr int wake_up = SIGUSR1;  // from the destructor to the thread that waits

}  // namespace

Interruptible::Interruptible() {
    wish.store(false);
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, wake_up}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    waiter_ = std::jthread([this](const std::stop_token& stop) { wait_for_signals(stop); });
}

Interruptible::~Interruptible() {
    waiter_.request_stop();
    pthread_kill(waiter_.native_handle(), wake_up);
    waiter_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interruptible::wait_for_signals(const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
        int signal = 0;
        if (sigwait(&signals_, &signal) != 0 || signal == wake_up) continue;
        if (wish.exchange(true)) ::_exit(interrupted);
    }
}

const std::atomic<bool>& Interruptible::wished() {
    return wish;
}

}  // namespace evenkeel::cli
