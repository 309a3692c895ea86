#pragma once

#include <cstdint>

#include "evenkeel/train/callback.hpp"
#include "evenkeel/train/sequential.hpp"
#include "plan/plan.hpp"
#include "train/loop.hpp"

namespace evenkeel {

/// A model on its way through the epochs: its plan, where it stands, and its callbacks. Not for use after something threw.
class Learner {
  public:
    /// rows and batches: of an epoch. The trainee outlives it.
    Learner(Trainee& trainee, const FitOptions& options, const PlanOptions& plan, std::int64_t rows,
            std::int64_t batches);
    Learner(const Learner&) = delete;
    Learner& operator=(const Learner&) = delete;

    const Plan& plan() const { return plan_; }
    const TrainingPosition& position() const { return position_; }
    /// Whether it wants another batch of this epoch, …
    bool wants_batch() const { return wants_more() && position_.batch < training_.batches; }
    /// … and another epoch.
    bool wants_epoch() const { return wants_more() && position_.epoch < training_.epochs; }

    void begin();
    /// False: the batch was skipped. seconds: that it took to make the batch.
    bool step(const BatchView& batch, const StepsAround& around, double seconds);
    /// Validates, where there is something to; nothing where it stopped before the epoch's last batch.
    void end_epoch(const CheckedData* validation);
    void end();

  private:
    bool wants_more() const { return !training_.stop && !trainee_.failure; }
    template <typename Call>
    void tell(const Call& call);

    Trainee& trainee_;
    std::size_t metrics_;
    Plan plan_;
    TrainingPosition position_;
    Training training_;
    double seconds_ = 0;  ///< of the epoch under way: its batches, steps and callbacks
};

}  // namespace evenkeel
