#pragma once

#include "evenkeel/study/compare.hpp"
#include "evenkeel/study/sentence.hpp"

namespace evenkeel {

/// Test accuracies by seed.
std::vector<double> accuracies(const ArmResult& arm);

/// Fills in what the runs of each arm say: the mean, and the epochs to the accuracy that arm "none" (the first arm,
/// where there is no such) ends with. epochs: how many a run has, or 0 where none was watched.
void summarize_arms(std::vector<ArmResult>& arms, int epochs);

/// Every later arm against every earlier one, paired by seed. `context_of(a, b)` gives the rest of a verdict's
/// sentence for arms number a and b.
template <typename ContextOf>
std::vector<PairResult> pairs_of(const std::vector<ArmResult>& arms, const ContextOf& context_of) {
    std::vector<PairResult> pairs;
    for (std::size_t b = 0; b < arms.size(); ++b) {
        for (std::size_t a = b + 1; a < arms.size(); ++a) {
            PairResult pair{arms[a].arm.name, arms[b].arm.name, {}, {}};
            pair.comparison = compare_arms(accuracies(arms[a]), accuracies(arms[b]));
            SentenceContext context = context_of(a, b);
            context.a = pair.a;
            context.b = pair.b;
            pair.sentence = summarize_sentence(pair.comparison, context);
            pairs.push_back(std::move(pair));
        }
    }
    return pairs;
}

}  // namespace evenkeel
