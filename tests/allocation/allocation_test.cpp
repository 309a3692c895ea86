// No allocation while training or predicting: this program counts every use of operator new and delete.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "evenkeel/train/sequential.hpp"
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

/// step(i): the first two may make what is kept, fifty more allocate nothing.
template <typename Step>
void expect_none(const std::string& name, const Step& step) {
    step(0);
    step(4);
    const long allocated = allocations, released = releases;
    for (int i = 0; i < 50; ++i) step(i);
    EXPECT_EQ(allocations - allocated, 0) << name;
    EXPECT_EQ(releases - released, 0) << name;
}

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
            expect_none(fmt::format("{}, {} threads", s.name, threads), step);
        }
    }
}

constexpr std::int64_t pixels = 28 * 28;

/// Images four fifths of whose bytes are zero, which are left out of the first Dense.
Examples sparse_images(std::int64_t rows) {
    Examples images;
    images.shape = {28, 28};
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rows * pixels));
    for (std::size_t i = 0; i < bytes.size(); i += 5) bytes[i] = static_cast<std::uint8_t>(1 + i % 255);
    images.values = std::move(bytes);
    for (std::int64_t r = 0; r < rows; ++r) images.labels.push_back(static_cast<std::int32_t>(r % 10));
    return images;
}

std::vector<Layer> network_for_bytes() {
    return {Input({28, 28}),
            Flatten(),
            Rescaling(1.0 / 255),
            Dense(64),
            BatchNormalization(),
            ReLU(),
            Dense(10, {.activation = "softmax"})};
}

/// Counts from one step of a model to the next one's within an epoch, behind the first epoch.
struct CountBetweenSteps : Callback {
    void on_batch_end(Training& training, double) override {
        const long now = allocations + releases;
        if (training.position.epoch > 0 && training.position.batch > 1) {
            counted += now - last;
            ++steps;
        }
        last = now;
    }
    long counted = 0, last = 0;
    int steps = 0;
};

// Plain SGD takes a kernel's gradient from registers, Adam reads it from memory; batches of two groups of rows, and a short one.
TEST(Allocation, NoneInJointStepsOnSparseImages) {
    const Examples images = sparse_images(1420);
    for (const int threads : {1, 2}) {
        std::vector<Sequential> models;
        for (const Optimizer& optimizer : {Optimizer(SGD{}), Optimizer(Adam{})}) {
            Sequential& model = models.emplace_back(SequentialOptions{.threads = threads});
            for (Layer& layer : network_for_bytes()) model.add(std::move(layer));
            model.compile({.optimizer = optimizer, .metrics = {"accuracy"}});
        }
        const auto counter = std::make_shared<CountBetweenSteps>();
        std::vector<FitTogether> fits = {{models[0], {counter}}, {models[1], {counter}}};
        Sequential::fit_together(fits, images, {.batch_size = 200, .epochs = 4});
        EXPECT_EQ(counter->steps, 2 * 3 * 7);
        EXPECT_EQ(counter->counted, 0) << threads << " threads";
    }
}

// More rows than are computed at a time: of 1024 at once the last layer's W is copied into panels, of the rest not.
TEST(Allocation, NoneInPredictionsOfAnyNumberOfRows) {
    constexpr std::int64_t rows = 1500;
    const ModelDescription description = describe(network_for_bytes());
    const VariableLayout layout(description);
    const VariableValues values(description, layout, 1);
    const Examples images = sparse_images(rows);
    const auto& sparse = std::get<std::vector<std::uint8_t>>(images.values);
    const std::vector<std::uint8_t> dense(sparse.size(), 100);
    std::vector<float> out(static_cast<std::size_t>(rows * 10));
    for (const int threads : {1, 2}) {
        Predictor predictor(description, layout, values, 1024, threads);
        for (const auto* bytes : {&dense, &sparse}) {
            const auto predict = [&](int i) {
                const std::size_t count = i % 5 == 4 ? 1 : rows;
                predictor.predict(std::span(*bytes).first(count * pixels), std::span(out).first(count * 10));
            };
            expect_none(fmt::format("{}, {} threads", bytes == &dense ? "dense" : "sparse", threads), predict);
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
