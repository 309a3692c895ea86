#include "interrupt.hpp"

#include <csignal>

namespace evenkeel::cli {
namespace {

std::atomic<bool> wish{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch lock-free atomics only");

void note(int) {
    wish.store(true);
}

void handle(void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interruptible::Interruptible() {
    wish.store(false);
    handle(note, static_cast<int>(SA_RESETHAND) | SA_RESTART);
}

Interruptible::~Interruptible() {
    handle(SIG_DFL, 0);
}

const std::atomic<bool>& Interruptible::wished() {
    return wish;
}

}  // namespace evenkeel::cli
