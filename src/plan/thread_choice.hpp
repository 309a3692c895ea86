#pragma once

#include <array>
#include <cstddef>

namespace evenkeel {

/// How many threads a training's next step should use. In small steps threads wait for one another, and for what another core
/// wrote, more than they help, and how much depends on the machine at that moment. So the numbers are tried: the one in use, half of
/// it, twice it, for a few steps each and again every thousand steps; the fastest stays, of equals the smallest. No result depends on it.
class ThreadChoice {
  public:
    /// Begins with `most` threads, which are also the most.
    explicit ThreadChoice(int most);

    int threads() const { return threads_; }
    /// What the step with threads() took, by row: a short last batch is an outlier, and of a few steps the median counts.
    void took(double seconds_a_row);

  private:
    static constexpr int steps_to_warm_up = 16, steps_between = 1000;
    static constexpr std::size_t steps_to_try = 8;

    enum class Trying { chosen, half, twice };
    void tried(double seconds);

    int most_, chosen_, threads_;
    double chosen_seconds_ = 0;
    Trying trying_ = Trying::chosen;
    int steps_left_ = steps_to_warm_up;  ///< until numbers are tried
    std::array<double, steps_to_try> times_{};
    std::size_t times_taken_ = 0;
};

}  // namespace evenkeel
