#pragma once

#include "evenkeel/study/sweep.hpp"

namespace evenkeel {

/// "learning rate": the key in a sentence.
std::string in_words(SweepKey key);

/// From the runs of every value to what they say: means and pairs at each value, the range over which each arm is
/// useful, each arm's best value and the comparison there. `classes`: what chance is.
void judge(SweepResult& result, const SweepOptions& options, std::int64_t classes);

}  // namespace evenkeel
