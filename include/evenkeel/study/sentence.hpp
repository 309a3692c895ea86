#pragma once

#include <cstdint>
#include <string>

#include "evenkeel/core/export.hpp"
#include "evenkeel/study/statistics.hpp"

namespace evenkeel {

/// What a verdict is about. A sentence without it would claim more than was measured.
struct SentenceContext {
    std::string a = "before";              ///< the arm that the verdict speaks of
    std::string b = "none";                ///< the arm it is compared with
    std::string metric = "test accuracy";  ///< in words
    bool percentage_points = true;         ///< the metric is a share of 1: show it × 100, in points
    std::string optimizer = "sgd";         ///< as --optimizer spells it
    double learning_rate_a = 0;            ///< of arm a
    double learning_rate_b = 0;            ///< of arm b; the same as a's, if not each arm has its own
    std::string key = {};                  ///< what a sweep ran over, in words ("batch size"); empty: nothing
    std::string value_a = {};              ///< the key's value of arm a
    std::string value_b = {};              ///< of arm b
    std::int64_t tried = 0;                ///< > 0: each arm is at its own best of so many values; 0: both at the same
};

/// The sentence that goes with a verdict, e.g. "before is better than none: test accuracy +1.02 points (95 %
/// interval +0.85 to +1.20, p = 0.008, 8 paired seeds) with sgd at learning rate 0.1 — at this learning
/// rate only."
EVENKEEL_API std::string summarize_sentence(const PairedComparison& comparison, const SentenceContext& context);

}  // namespace evenkeel
