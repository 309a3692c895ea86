#pragma once

#include <vector>

#include "evenkeel/core/random.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel::tests {

/// Three noisy classes in `features` dimensions: learnable, not trivial, a pure function of its arguments.
inline Examples three_classes(std::int64_t rows, std::int64_t features = 8, std::uint64_t seed = 1) {
    const Random noise(seed, purpose_of("noise")), centres(7, purpose_of("centres"));
    Examples e;
    e.shape = {features};
    std::vector<float> values;
    for (std::int64_t r = 0; r < rows; ++r) {
        const auto label = static_cast<std::int32_t>(r % 3);
        e.labels.push_back(label);
        for (std::int64_t f = 0; f < features; ++f) {
            const double centre = centres.normal(static_cast<std::uint64_t>(label * features + f));
            values.push_back(
                static_cast<float>(centre + 1.5 * noise.normal(static_cast<std::uint64_t>(r * features + f))));
        }
    }
    e.values = std::move(values);
    return e;
}

/// 360 of them to train on, 90 to test.
inline Dataset small_data() {
    Dataset data;
    data.name = "three classes";
    data.train = three_classes(360);
    data.test = three_classes(90, 8, 2);
    data.classes = 3;
    return data;
}

}  // namespace evenkeel::tests
