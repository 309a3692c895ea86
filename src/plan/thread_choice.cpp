#include "plan/thread_choice.hpp"

#include <algorithm>

namespace evenkeel {
namespace {

constexpr double clearly = 0.98;  // of the time: what more threads must be below; fewer need only not be slower

}  // namespace

ThreadChoice::ThreadChoice(int most) : most_(most), chosen_(most), threads_(most) {}

void ThreadChoice::took(double seconds_a_row) {
    if (most_ == 1) return;
    if (steps_left_ > 0) {
        --steps_left_;
        return;
    }
    times_[times_taken_++] = seconds_a_row;
    if (times_taken_ < times_.size()) return;
    times_taken_ = 0;
    std::nth_element(times_.begin(), times_.begin() + times_.size() / 2, times_.end());
    tried(times_[times_.size() / 2]);
}

// The chosen number first; then half of it, and half of that, as long as it is no slower; and twice, where half was.
void ThreadChoice::tried(double seconds) {
    const bool better = (trying_ == Trying::half && seconds <= chosen_seconds_) ||
                        (trying_ == Trying::twice && seconds < clearly * chosen_seconds_);
    if (trying_ == Trying::chosen || better) {
        chosen_ = threads_;
        chosen_seconds_ = seconds;
    }
    if (chosen_ > 1 && (trying_ == Trying::chosen || (trying_ == Trying::half && better))) {
        trying_ = Trying::half;
        threads_ = chosen_ / 2;
    } else if (chosen_ < most_ && trying_ != Trying::twice && !better) {
        trying_ = Trying::twice;
        threads_ = std::min(2 * chosen_, most_);
    } else {
        trying_ = Trying::chosen;
        threads_ = chosen_;
        steps_left_ = steps_between;
    }
}

}  // namespace evenkeel
