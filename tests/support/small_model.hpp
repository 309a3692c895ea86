#pragma once

#include <functional>
#include <string>

#include "evenkeel/core/error.hpp"
#include "evenkeel/train/sequential.hpp"

namespace evenkeel::tests {

/// For three_classes().
inline Sequential small_model(std::uint64_t seed = 0, int threads = 1,
                              const Compilation& compilation = {.optimizer = Adam{.learning_rate = 0.01},
                                                                .metrics = {"accuracy"}}) {
    Sequential model({.seed = seed, .threads = threads});
    model.add(Input({8}));
    model.add(Dense(16));
    model.add(BatchNormalization());
    model.add(ReLU());
    model.add(Dense(3, {.activation = "softmax"}));
    model.compile(compilation);
    return model;
}

inline std::string message_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace evenkeel::tests
