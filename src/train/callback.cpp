#include "evenkeel/train/callback.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/core/error.hpp"

namespace evenkeel {

Callback::~Callback() = default;

EarlyStopping::EarlyStopping(EarlyStoppingOptions options) : options_(std::move(options)) {
    if (options_.patience < 0)
        fail_input("EarlyStopping.patience", "a number of at least 0", fmt::format("{}", options_.patience));
    if (!(options_.min_delta >= 0))
        fail_input("EarlyStopping.min_delta", "a number of at least 0", fmt::format("{}", options_.min_delta));
}

// The monitored number with the sign that makes smaller better.
double EarlyStopping::monitored(const Training& training, const EpochLog& log) const {
    std::string_view word = options_.monitor;
    const bool on_validation = word.starts_with("validation_") || word.starts_with("val_");
    if (on_validation) word.remove_prefix(word.find('_') + 1);
    if (on_validation && !log.validated)
        fail_input("EarlyStopping.monitor", "validation data for " + options_.monitor, "none");
    const Evaluation& e = on_validation ? log.validation : log.train;
    if (word == "loss") return e.loss;
    const auto& names = training.history.metric_names;
    const auto it = std::find(names.begin(), names.end(), word);
    if (it == names.end()) {
        fail_input("EarlyStopping.monitor", fmt::format("loss or one of {}", fmt::join(names, ", ")), options_.monitor);
    }
    const double value = e.metrics[static_cast<std::size_t>(it - names.begin())];
    return word.find("error") != std::string_view::npos ? value : -value;
}

void EarlyStopping::on_train_begin(Training&) {
    best_ = std::numeric_limits<double>::infinity();
    best_epoch_ = 0;
}

void EarlyStopping::on_epoch_end(Training& training, const EpochLog& log) {
    const double now = monitored(training, log);
    // A first epoch whose number is none is still the best so far, and any number improves on it.
    if (now < best_ - options_.min_delta || best_epoch_ == 0 || (std::isnan(best_) && !std::isnan(now))) {
        best_ = now;
        best_epoch_ = log.epoch;
        if (options_.restore_best_weights) best_values_ = training.values;
    } else if (log.epoch - best_epoch_ >= options_.patience) {
        training.stop = true;
    }
}

void EarlyStopping::on_train_end(Training& training) {
    if (options_.restore_best_weights && best_epoch_ > 0) training.values = best_values_;
}

}  // namespace evenkeel
