#include <gtest/gtest.h>
#include <sys/time.h>

#include <atomic>
#include <csignal>

#include "evenkeel/train/sequential.hpp"
#include "support/small_data.hpp"

namespace evenkeel {
namespace {

std::atomic<int> alarms = 0;

// Leaves a mark on a good part of the stack it is given, so that a stack that is none would be noticed.
void on_alarm(int) {
    volatile char frame[4096];
    for (char volatile& byte : frame) byte = 0x55;
    ++alarms;
}

std::vector<std::vector<float>> trained() {
    Sequential model({.seed = 1, .threads = 2});
    model.add(Input({64}));
    for (const int units : {256, 128}) {
        model.add(Dense(units));
        model.add(BatchNormalization());
        model.add(ReLU());
    }
    model.add(Dense(3, {.activation = "softmax"}));
    model.compile({.optimizer = SGD{.learning_rate = 0.1}});
    model.fit(tests::three_classes(1500, 64), {.batch_size = 128, .epochs = 8});
    return model.get_weights();
}

TEST(Signals, AHostProgramsTimerDoesNotDisturbATraining) {
    const auto expected = trained();
    struct sigaction action = {}, before = {};
    action.sa_handler = on_alarm;
    ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
    itimerval often = {{0, 500}, {0, 500}}, never = {};
    ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
    const auto disturbed = trained();
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before, nullptr);
    EXPECT_EQ(disturbed, expected);
    EXPECT_GT(alarms, 0) << "no alarm came: the test showed nothing";
}

}  // namespace
}  // namespace evenkeel
