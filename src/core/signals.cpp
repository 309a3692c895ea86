#include "core/signals.hpp"

#include <pthread.h>

#include <initializer_list>

namespace evenkeel {
namespace {

sigset_t signals_that_can_wait() {
    sigset_t set;
    sigfillset(&set);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&set, fault);
    return set;
}

thread_local int lives = 0;  // of this thread's SignalsDeferred, one within another

}  // namespace

SignalsDeferred::SignalsDeferred() {
    if (lives++ > 0) return;
    static const sigset_t deferred = signals_that_can_wait();
    pthread_sigmask(SIG_BLOCK, &deferred, &before_);
}

SignalsDeferred::~SignalsDeferred() {
    if (--lives == 0) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace evenkeel
