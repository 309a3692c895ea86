#include "kernels/gemm.hpp"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <vector>

#include "core/threads.hpp"

namespace evenkeel::kernels {
namespace {

std::atomic<int> alarms = 0;

void on_alarm(int) {
    ++alarms;
}

// A product of some 30 ms and a timer of one: the alarms that come meanwhile wait, and are one.
TEST(Gemm, NoSignalHandlerRunsWithinIt) {
    constexpr std::int64_t size = 1152;
    const SingleThreadedOpenMP alone;
    const std::vector<float> a(size * size, 1.0F);
    std::vector<float> c(size * size);
    const auto multiply = [&] {
        gemm(Transpose::no, Transpose::no, size, size, size, 1.0F, a.data(), size, a.data(), size, 0.0F, c.data(),
             size);
    };
    multiply();  // oneDNN generates its code
    struct sigaction action = {}, before = {};
    action.sa_handler = on_alarm;
    ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
    const itimerval often = {{0, 1000}, {0, 1000}}, never = {};
    ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
    multiply();
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before, nullptr);
    EXPECT_EQ(c.front(), static_cast<float>(size));
    EXPECT_GE(alarms, 1) << "no alarm came: the test showed nothing";
    EXPECT_LE(alarms, 4);
}

}  // namespace
}  // namespace evenkeel::kernels
