#include "core/signals.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

namespace evenkeel {
namespace {

bool alarms_wait() {
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, nullptr, &now);
    return sigismember(&now, SIGALRM) == 1;
}

TEST(SignalsDeferred, WaitUntilTheOutermostEnds) {
    EXPECT_FALSE(alarms_wait());
    {
        const SignalsDeferred pass;
        { const SignalsDeferred product; }
        EXPECT_TRUE(alarms_wait());
    }
    EXPECT_FALSE(alarms_wait());
}

TEST(SignalsDeferred, LeaveTheCallersOwnMaskAsItWas) {
    sigset_t alarm, before;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, &before);
    { const SignalsDeferred pass; }
    EXPECT_TRUE(alarms_wait());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace evenkeel
