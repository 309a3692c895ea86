// Trains a small network from spans, with the engine only: which of two overlapping clouds does a point belong to?
#include <cstdio>
#include <exception>
#include <vector>

#include "evenkeel/core/random.hpp"
#include "evenkeel/evenkeel.hpp"

int main() {
    using namespace evenkeel;
    try {
        const Random random(7, purpose_of("clouds"));
        std::vector<float> x;
        std::vector<std::int32_t> labels;
        for (std::uint64_t i = 0; i < 2000; ++i) {
            const auto label = static_cast<std::int32_t>(i % 2);
            const double centre = label == 0 ? -1.5 : 1.5;
            x.push_back(static_cast<float>(centre + random.normal(2 * i)));
            x.push_back(static_cast<float>(centre + random.normal(2 * i + 1)));
            labels.push_back(label);
        }

        Sequential model;
        model.add(Input({2}));
        model.add(Dense(8));
        model.add(BatchNormalization());
        model.add(ReLU());
        model.add(Dense(2, {.activation = "softmax"}));
        model.compile({.optimizer = SGD{.learning_rate = 0.1}, .metrics = {"accuracy"}});
        model.fit(DataView(x, labels), {.batch_size = 50, .epochs = 5});
        const double accuracy = model.evaluate(DataView(x, labels)).metrics[0];
        std::printf("accuracy %.4f\n", accuracy);
        return accuracy > 0.95 ? 0 : 1;  // the best possible is Φ(1.5·√2) = 0.983
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
