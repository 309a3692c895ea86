#include "evenkeel/train/progress.hpp"

#include <algorithm>
#include <utility>

namespace evenkeel {
namespace {

/// Since the first epoch, those before a resumed training included.
double rows_done(const Training& t) {
    return static_cast<double>(t.position.epoch) * static_cast<double>(t.rows) + static_cast<double>(t.position.rows);
}

}  // namespace

Progress::Progress(std::function<void(const TrainingProgress&)> show, double seconds_between)
    : show_(std::move(show)), seconds_between_(seconds_between) {}

void Progress::on_train_begin(Training& t) {
    start_ = last_ = Clock::now();
    rows_at_start_ = rows_done(t);
    metrics_.assign(t.position.metric_sums.size(), 0.0);
}

void Progress::on_batch_end(Training& t, double loss) {
    const auto now = Clock::now();
    if (std::chrono::duration<double>(now - last_).count() < seconds_between_) return;
    last_ = now;
    const double all = static_cast<double>(t.epochs) * static_cast<double>(t.rows), done = rows_done(t);
    const double seconds = std::chrono::duration<double>(now - start_).count(), new_rows = done - rows_at_start_;
    const auto epoch_rows = static_cast<double>(t.position.rows);
    TrainingProgress p{
        .epoch = t.position.epoch + 1, .epochs = t.epochs, .batch = t.position.batch, .batches = t.batches};
    p.share = all > 0 ? std::min(1.0, done / all) : 1.0;
    p.loss = epoch_rows > 0 ? t.position.loss_sum / epoch_rows : loss;
    for (std::size_t m = 0; m < metrics_.size(); ++m)
        metrics_[m] = epoch_rows > 0 ? t.position.metric_sums[m] / epoch_rows : 0;
    p.metrics = metrics_;
    if (new_rows > 0 && seconds > 0) {
        p.rows_per_second = new_rows / seconds;
        p.seconds_left = std::max(0.0, all - done) / p.rows_per_second;
    }
    show_(p);
}

}  // namespace evenkeel
