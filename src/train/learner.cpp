#include "train/learner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {

Learner::Learner(Trainee& trainee, const FitOptions& options, const PlanOptions& plan, std::int64_t rows,
                 std::int64_t batches)
    : trainee_(trainee),
      metrics_(trainee.compilation.metrics.size()),
      plan_(trainee.description, trainee.layout, &trainee.compilation, trainee.pool, plan),
      training_{trainee.description, trainee.layout,  trainee.compilation, trainee.values, trainee.optimizer,
                position_,           trainee.history, options.epochs,      batches,        rows,
                trainee.pool} {
    position_.metric_sums.assign(metrics_, 0.0);
    if (options.resume != nullptr) position_ = *options.resume;
    if (position_.metric_sums.size() != metrics_) {
        fail_input("fit.resume", fmt::format("sums of {} metrics", metrics_),
                   fmt::format("{}", position_.metric_sums.size()));
    }
    trainee.history = options.history;
    trainee.history.metric_names.clear();
    for (const Metric& m : trainee.compilation.metrics) trainee.history.metric_names.push_back(m.word());
}

template <typename Call>
void Learner::tell(const Call& call) {
    for (const auto& callback : trainee_.callbacks) call(*callback);
}

void Learner::begin() {
    tell([this](Callback& callback) { callback.on_train_begin(training_); });
}

bool Learner::step(const BatchView& batch, const StepsAround& around, double seconds) {
    const auto start = Clock::now();
    const BatchResult r = plan_.train_step(batch, trainee_.values, trainee_.optimizer, trainee_.seed, around);
    training_.seconds += seconds + seconds_since(start);
    ++position_.batch;
    if (!r.skipped) {
        position_.rows += r.rows;
        position_.loss_sum += r.loss * static_cast<double>(r.rows);
        for (std::size_t m = 0; m < metrics_; ++m) position_.metric_sums[m] += r.metric_sums[m];
    }
    tell([&](Callback& callback) { callback.on_batch_end(training_, r.loss); });
    seconds_ += seconds + seconds_since(start);
    return !r.skipped;
}

void Learner::end_epoch(const CheckedData* validation) {
    if (position_.batch < training_.batches) return;
    EpochLog log;
    log.epoch = position_.epoch + 1;
    log.seconds = std::exchange(seconds_, 0.0);
    log.train = means(static_cast<double>(position_.rows), position_.loss_sum, position_.metric_sums);
    log.learning_rate = learning_rate_at(learning_rate(trainee_.compilation.optimizer),
                                         std::max<std::int64_t>(0, trainee_.optimizer.iteration - 1));
    if (validation != nullptr) {
        log.validated = true;
        log.validation = evaluate_all(plan_, *validation, trainee_.values, metrics_);
    }
    ++position_.epoch;
    position_.batch = position_.rows = 0;
    position_.loss_sum = 0;
    std::fill(position_.metric_sums.begin(), position_.metric_sums.end(), 0.0);
    trainee_.history.epochs.push_back(log);
    tell([&](Callback& callback) { callback.on_epoch_end(training_, log); });
}

void Learner::end() {
    trainee_.history.stopped_early = training_.stop;
    tell([this](Callback& callback) { callback.on_train_end(training_); });
}

}  // namespace evenkeel
