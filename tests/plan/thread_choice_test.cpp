#include "plan/thread_choice.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel {
namespace {

// Steps with each number of threads.
std::map<int, int> run(ThreadChoice& choice, int steps, const std::function<double(int)>& seconds_with) {
    std::map<int, int> used;
    for (int step = 0; step < steps; ++step) {
        const int threads = choice.threads();
        ++used[threads];
        choice.took(seconds_with(threads));
    }
    return used;
}

double perfect(int threads) {
    return 1.0 / threads;
}

double hopeless(int threads) {
    return 1.0 * threads;
}

TEST(ThreadChoice, OneIsNoChoice) {
    ThreadChoice choice(1);
    EXPECT_EQ(run(choice, 3000, perfect), (std::map<int, int>{{1, 3000}}));
}

TEST(ThreadChoice, AllWhereTheyHelp) {
    ThreadChoice choice(8);
    const auto used = run(choice, 10000, perfect);
    EXPECT_GT(used.at(8), 9900) << "trying others takes less than 1 %";
    EXPECT_EQ(choice.threads(), 8);
}

TEST(ThreadChoice, OneWhereTheyHinder) {
    ThreadChoice choice(8);
    const auto used = run(choice, 10000, hopeless);
    EXPECT_GT(used.at(1), 9800);
}

TEST(ThreadChoice, TheFastestInBetween) {
    for (const int best : {1, 2, 3, 6, 12}) {
        ThreadChoice choice(12);
        const auto used =
            run(choice, 10000, [&](int threads) { return threads <= best ? 1.0 / threads : 1.0 * threads / best; });
        EXPECT_GT(used.at(best), 8500) << best;
    }
}

TEST(ThreadChoice, FollowsTheMachine) {
    ThreadChoice choice(2);
    run(choice, 2000, hopeless);
    run(choice, 1100, perfect);
    EXPECT_GT(run(choice, 2000, perfect).at(2), 1950);
    run(choice, 1100, hopeless);
    EXPECT_GT(run(choice, 2000, hopeless).at(1), 1950);
}

TEST(ThreadChoice, ASlowStepNowAndThenSaysNothing) {
    ThreadChoice choice(2);
    int step = 0;
    const auto used = run(choice, 10000, [&](int threads) { return ++step % 5 == 0 ? 50.0 : perfect(threads); });
    EXPECT_GT(used.at(2), 9900);
}

TEST(ThreadChoice, OfEqualNumbersTheSmallest) {
    ThreadChoice choice(8);
    EXPECT_GT(run(choice, 10000, [](int) { return 1.0; }).at(1), 9800);
}

// A fit's plan has room for the larger batches of its validation, and its last batch is a short one.
TEST(ThreadChoice, IsMadeWithBatchesOfAnySize) {
    testing::Net net({Input{{12}}, Dense{8}, BatchNormalization{}, Dense{3, {.activation = "softmax"}}},
                     {.optimizer = SGD{.learning_rate = 0.1}}, {.largest_batch = 256}, 1, 4);
    const std::vector<float> x = testing::normal_values<float>(32 * 12, 1);
    const std::vector<std::int32_t> labels(32, 1);
    BatchView batch;
    batch.x.floats = x.data();
    batch.x.features = 12;
    batch.labels = labels.data();
    std::set<int> used;
    for (int step = 0; step < 60; ++step) {
        batch.rows = step % 5 == 4 ? 20 : 32;
        net.plan.train_step(batch, net.values, net.optimizer, 1);
        if (step < 16) {
            EXPECT_EQ(net.pool.used(), 4) << "while it warms up";
        }
        used.insert(net.pool.used());
    }
    EXPECT_TRUE(used.contains(4));
    EXPECT_TRUE(used.contains(2)) << "half of them are tried";
}

}  // namespace
}  // namespace evenkeel
