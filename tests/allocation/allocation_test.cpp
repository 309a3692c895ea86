// No allocation while training or predicting: this program counts every use of operator new and delete.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "support/net.hpp"
#include "support/random_values.hpp"

namespace {

std::atomic<long> allocations{0}, releases{0};

void* counted(std::size_t size, std::size_t alignment) {
    ++allocations;
    void* p = nullptr;
    if (posix_memalign(&p, alignment < sizeof(void*) ? sizeof(void*) : alignment, size == 0 ? 1 : size) != 0)
        throw std::bad_alloc();
    return p;
}
void release(void* p) {
    if (p != nullptr) ++releases;
    std::free(p);
}

}  // namespace

void* operator new(std::size_t n) {
    return counted(n, alignof(std::max_align_t));
}
void* operator new[](std::size_t n) {
    return counted(n, alignof(std::max_align_t));
}
void* operator new(std::size_t n, std::align_val_t a) {
    return counted(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
    return counted(n, static_cast<std::size_t>(a));
}
// A sanitizer's own nothrow forms would not meet our delete.
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
    return counted(n, alignof(std::max_align_t));
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
    return counted(n, alignof(std::max_align_t));
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
    return counted(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
    return counted(n, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept {
    release(p);
}
void operator delete[](void* p) noexcept {
    release(p);
}
void operator delete(void* p, std::size_t) noexcept {
    release(p);
}
void operator delete[](void* p, std::size_t) noexcept {
    release(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
    release(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
    release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    release(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
    release(p);
}

namespace evenkeel::testing {
namespace {

struct Subject {
    const char* name;
    std::vector<Layer> layers;
    Compilation compilation;
    std::int64_t features, width;
};

std::vector<Subject> subjects() {
    const std::vector<Layer> lecture = {Input({28, 28}), Flatten(),
                                        Dense(64),       BatchNormalization(),
                                        ReLU(),          Dense(32),
                                        ReLU(),          BatchNormalization(),
                                        Dropout(0.2),    Dense(10, {.activation = "softmax"})};
    std::vector<Subject> all = {
        {"sgd", lecture, {.optimizer = SGD{}}, 784, 10},
        {"with metrics", lecture, {.optimizer = Adam{}, .metrics = {"accuracy", "top_3_accuracy", "mae"}}, 784, 10},
        {"clipped, scheduled",
         lecture,
         {.optimizer = AdamW{.learning_rate = PiecewiseConstantDecay{{3, 9}, {0.1, 0.01, 0.001}}, .clipnorm = 0.1}},
         784,
         10},
        {"global norm",
         lecture,
         {.optimizer = RMSprop{.momentum = 0.9, .centered = true, .global_clipnorm = 0.1}},
         784,
         10},
        {"custom loss",
         {Input({20}), Dense(8), BatchNormalization(), Dense(4)},
         {.loss = given_gradient(std::vector<float>(4 * 64, 0.01F))},
         20,
         4},
    };
    // Outputs wider than any stack buffer, for every loss that takes them.
    for (const char* loss : {"mse", "huber", "binary_crossentropy", "categorical_crossentropy"}) {
        all.push_back({loss, {Input({20}), Dense(300, {.activation = "sigmoid"})}, {.loss = loss}, 20, 300});
    }
    Loss logits;
    logits.from_logits = true;
    all.push_back({"logits", {Input({20}), Dense(300)}, {.loss = logits}, 20, 300});
    all.push_back({"axis 1",
                   {Input({4, 5}), BatchNormalization({.axis = 1}), ReLU(), Flatten(), Dense(4)},
                   {.loss = "mse"},
                   20,
                   4});
    return all;
}

TEST(Allocation, TheCountersCount) {
    const long before = allocations;
    const std::vector<int> v(100);
    EXPECT_EQ(allocations - before, 1);
    const Buffer<float> b(10);
    EXPECT_EQ(allocations - before, 2);
}

TEST(Allocation, NoneInFiftyStepsOfTrainingOrPredicting) {
    for (const Subject& s : subjects()) {
        for (const int threads : {1, 2}) {
            Net net(s.layers, s.compilation, {.largest_batch = 64}, 1, threads);
            Rows rows;
            rows.features = s.features;
            rows.x = normal_values<float>(64 * s.features, 3);
            for (int i = 0; i < 64; ++i) rows.labels.push_back(i % 10);
            rows.targets.resize(static_cast<std::size_t>(64 * s.width), 0.1F);
            std::vector<float> out(static_cast<std::size_t>(64 * s.width)),
                short_out(static_cast<std::size_t>(10 * s.width));
            const auto step = [&](int i) {
                net.plan.train_step(i % 5 == 4 ? rows.batch(0, 10) : rows.all(), net.values, net.optimizer, 0);
                net.plan.predict(rows.all(), net.values, out);
                net.plan.predict(rows.batch(0, 10), net.values, short_out);
            };
            step(0);
            step(4);
            const long allocated = allocations, released = releases;
            for (int i = 0; i < 50; ++i) step(i);
            EXPECT_EQ(allocations - allocated, 0) << s.name << ", " << threads << " threads";
            EXPECT_EQ(releases - released, 0) << s.name << ", " << threads << " threads";
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
