#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace evenkeel {

/// Means over rows: the loss, and the compiled metrics in their order.
struct Evaluation {
    std::int64_t rows = 0;
    double loss = 0;
    std::vector<double> metrics;
};

/// One epoch as it was trained.
struct EpochLog {
    int epoch = 0;     ///< from 1
    Evaluation train;  ///< over the epoch's batches as they were trained on, weights changing all the while
    bool validated = false;
    Evaluation validation;     ///< after the epoch, in inference mode
    double learning_rate = 0;  ///< of the epoch's last step
    double seconds = 0;        ///< training only, without validation
};

struct History {
    std::vector<std::string> metric_names;
    std::vector<EpochLog> epochs;
    bool stopped_early = false;  ///< a callback asked to stop
};

}  // namespace evenkeel
