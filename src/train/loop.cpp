#include "train/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/clock.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/batches.hpp"

namespace evenkeel {
namespace {

void check_options(const FitOptions& o) {
    if (o.batch_size < 1) fail_input("fit.batch_size", "a positive number", fmt::format("{}", o.batch_size));
    if (o.epochs < 0) fail_input("fit.epochs", "a number of at least 0", fmt::format("{}", o.epochs));
    if (!(o.validation_split >= 0 && o.validation_split < 1)) {
        fail_input("fit.validation_split", "a share in [0, 1)", fmt::format("{}", o.validation_split));
    }
}

/// Batches of rows that lie in memory.
class StoredBatches {
  public:
    static constexpr bool looks_ahead = true;
    explicit StoredBatches(const CheckedData& data) : data_(data) {}
    BatchView operator()(std::span<const std::uint32_t> rows) const {
        BatchView view = data_.all;
        view.x.rows = rows.data();
        view.rows = static_cast<std::int64_t>(rows.size());
        return view;
    }

  private:
    const CheckedData& data_;
};

/// Batches that a function fills, checked as they come.
class FilledBatches {
  public:
    static constexpr bool looks_ahead = false;  // there is one buffer, and it is in use
    FilledBatches(const GeneratedData& data, const Loss& loss, std::int64_t features, std::int64_t outputs,
                  std::int64_t largest)
        : data_(data),
          loss_(loss),
          features_(features),
          outputs_(outputs),
          x_(static_cast<std::size_t>(largest * features)) {
        if (loss.takes_labels()) {
            labels_.resize(static_cast<std::size_t>(largest));
        } else {
            targets_.resize(static_cast<std::size_t>(largest * outputs));
        }
    }
    BatchView operator()(std::span<const std::uint32_t> rows) {
        const std::size_t n = rows.size();
        const std::span<float> x(x_.data(), n * static_cast<std::size_t>(features_));
        const std::span<std::int32_t> labels(labels_.data(), labels_.empty() ? 0 : n);
        const std::span<float> targets(targets_.data(), targets_.empty() ? 0 : n * static_cast<std::size_t>(outputs_));
        data_.fill(rows, x, labels, targets);
        const DataView view{Features(x), loss_.takes_labels() ? Answers(labels) : Answers(targets)};
        BatchView batch = check_data(view, features_, outputs_, &loss_).all;
        batch.rows = static_cast<std::int64_t>(n);
        return batch;
    }

  private:
    const GeneratedData& data_;
    const Loss& loss_;
    std::int64_t features_, outputs_;
    std::vector<float> x_, targets_;
    std::vector<std::int32_t> labels_;
};

Evaluation means(double rows, double loss_sum, std::span<const double> metric_sums) {
    Evaluation e;
    e.rows = static_cast<std::int64_t>(rows);
    e.loss = rows > 0 ? loss_sum / rows : 0;
    for (const double sum : metric_sums) e.metrics.push_back(rows > 0 ? sum / rows : 0);
    return e;
}

/// make_batch(first, rows): the rows [first, first + rows) as a batch.
template <typename MakeBatch>
Evaluation evaluate_batches(Plan& plan, std::int64_t rows, const VariableValues& values, std::size_t metrics,
                            const MakeBatch& make_batch) {
    double loss = 0;
    std::array<double, most_metrics> sums = {};
    for (std::int64_t done = 0; done < rows;) {
        const BatchView batch = make_batch(done, std::min(plan.largest_batch(), rows - done));
        const BatchResult r = plan.forward(batch, false, values);
        loss += r.loss * static_cast<double>(r.rows);
        for (std::size_t m = 0; m < metrics; ++m) sums[m] += r.metric_sums[m];
        done += batch.rows;
    }
    return means(static_cast<double>(rows), loss, {sums.data(), metrics});
}

template <typename MakeBatch>
void train_epoch(Training& t, Plan& plan, const BatchOrder& order, std::uint64_t seed, MakeBatch& make_batch,
                 const std::vector<std::shared_ptr<Callback>>& callbacks) {
    TrainingPosition& at = t.position;
    while (at.batch < order.count() && !t.stop) {
        const BatchView batch = make_batch(order.batch(at.batch));
        BatchView next;
        bool has_next = false;
        if constexpr (MakeBatch::looks_ahead) {
            has_next = at.batch + 1 < order.count();
            if (has_next) next = make_batch(order.batch(at.batch + 1));
        }
        const BatchResult r = plan.train_step(batch, t.values, t.optimizer, seed, has_next ? &next : nullptr);
        ++at.batch;
        if (!r.skipped) {
            at.rows += r.rows;
            at.loss_sum += r.loss * static_cast<double>(r.rows);
            for (std::size_t m = 0; m < at.metric_sums.size(); ++m) at.metric_sums[m] += r.metric_sums[m];
        }
        for (const auto& callback : callbacks) callback->on_batch_end(t, r.loss);
    }
}

template <typename MakeBatch>
History run(Trainee trainee, Plan& plan, BatchOrder& order, std::int64_t rows, MakeBatch make_batch,
            const FitOptions& options, const CheckedData* validation) {
    const std::size_t metrics = trainee.compilation.metrics.size();
    TrainingPosition position;
    position.metric_sums.assign(metrics, 0.0);
    History history = options.history;
    if (options.resume != nullptr) position = *options.resume;
    if (position.metric_sums.size() != metrics) {
        fail_input("fit.resume", fmt::format("sums of {} metrics", metrics),
                   fmt::format("{}", position.metric_sums.size()));
    }
    history.metric_names.clear();
    for (const Metric& m : trainee.compilation.metrics) history.metric_names.push_back(m.word());

    Training t{trainee.description,
               trainee.layout,
               trainee.compilation,
               trainee.values,
               trainee.optimizer,
               position,
               history,
               options.epochs,
               order.count(),
               rows,
               trainee.pool};
    for (const auto& callback : options.callbacks) callback->on_train_begin(t);
    while (position.epoch < options.epochs && !t.stop) {
        order.epoch(position.epoch);
        const auto start = Clock::now();
        train_epoch(t, plan, order, trainee.seed, make_batch, options.callbacks);
        if (position.batch < order.count()) break;  // asked to stop within the epoch
        EpochLog log;
        log.epoch = position.epoch + 1;
        log.seconds = seconds_since(start);
        log.train = means(static_cast<double>(position.rows), position.loss_sum, position.metric_sums);
        log.learning_rate = learning_rate_at(learning_rate(trainee.compilation.optimizer),
                                             std::max<std::int64_t>(0, trainee.optimizer.iteration - 1));
        if (validation != nullptr) {
            log.validated = true;
            log.validation = evaluate_all(plan, *validation, trainee.values, metrics);
        }
        ++position.epoch;
        position.batch = position.rows = 0;
        position.loss_sum = 0;
        std::fill(position.metric_sums.begin(), position.metric_sums.end(), 0.0);
        history.epochs.push_back(log);
        for (const auto& callback : options.callbacks) callback->on_epoch_end(t, log);
    }
    history.stopped_early = t.stop;
    for (const auto& callback : options.callbacks) callback->on_train_end(t);
    return history;
}

}  // namespace

Evaluation evaluate_all(Plan& plan, const CheckedData& data, const VariableValues& values, std::size_t metrics) {
    return evaluate_batches(plan, data.rows, values, metrics, [&](std::int64_t first, std::int64_t rows) {
        BatchView batch = data.all;
        batch.rows = rows;
        batch.x.first_row = data.first_row + first;
        return batch;
    });
}

Evaluation evaluate_all(Plan& plan, const GeneratedData& data, const ModelDescription& description,
                        const Compilation& compilation, const VariableValues& values) {
    FilledBatches fill(data, compilation.loss, elements(description.input_shape(), "input"),
                       elements(description.output_shape(), "output"), plan.largest_batch());
    std::vector<std::uint32_t> numbers(static_cast<std::size_t>(plan.largest_batch()));
    return evaluate_batches(plan, data.rows, values, compilation.metrics.size(),
                            [&](std::int64_t first, std::int64_t rows) {
                                const std::span<std::uint32_t> wanted(numbers.data(), static_cast<std::size_t>(rows));
                                std::iota(wanted.begin(), wanted.end(), static_cast<std::uint32_t>(first));
                                return fill(wanted);
                            });
}

History train(Trainee trainee, const DataView& data, const FitOptions& options) {
    check_options(options);
    const Shape input = trainee.description.input_shape(), output = trainee.description.output_shape();
    const std::int64_t features = elements(input, "input"), outputs = elements(output, "output");
    const Loss& loss = trainee.compilation.loss;
    CheckedData rows = check_data(data, features, outputs, &loss);
    CheckedData validation;
    const bool validates = options.validation_data != nullptr || options.validation_split > 0;
    if (options.validation_data != nullptr) {
        validation = check_data(*options.validation_data, features, outputs, &loss);
    } else if (options.validation_split > 0) {
        validation = rows;
        // As Keras: the rows that train are rounded down.
        validation.rows =
            rows.rows - static_cast<std::int64_t>(static_cast<double>(rows.rows) * (1.0 - options.validation_split));
        validation.first_row = rows.first_row + rows.rows - validation.rows;
        rows.rows -= validation.rows;
    }
    if (rows.rows < 1) fail_input("fit", "at least one row to train on", fmt::format("{}", rows.rows));
    // The order counts from 0; the rows begin at first_row.
    if (rows.first_row > 0) {
        auto& x = rows.all.x;
        if (x.bytes != nullptr) x.bytes += rows.first_row * features;
        if (x.floats != nullptr) x.floats += rows.first_row * features;
        if (rows.all.labels != nullptr) rows.all.labels += rows.first_row;
        if (rows.all.targets != nullptr) rows.all.targets += rows.first_row * outputs;
        if (rows.all.weights != nullptr) rows.all.weights += rows.first_row;
    }
    BatchOrder order(rows.rows, options.batch_size, trainee.seed, options.shuffle, options.merge_lone_last_row);
    const std::int64_t largest = std::max(order.largest(), validates ? std::min(evaluation_batch, validation.rows) : 1);
    Plan plan(trainee.description, trainee.layout, &trainee.compilation, trainee.pool, {.largest_batch = largest});
    return run(trainee, plan, order, rows.rows, StoredBatches(rows), options, validates ? &validation : nullptr);
}

History train(Trainee trainee, const GeneratedData& data, const FitOptions& options) {
    check_options(options);
    if (data.rows < 1 || !data.fill)
        fail_input("fit", "a function and at least one row", fmt::format("{} rows", data.rows));
    if (options.validation_split > 0)
        fail_input("fit.validation_split", "0 where a function fills the batches",
                   fmt::format("{}", options.validation_split));
    const std::int64_t features = elements(trainee.description.input_shape(), "input");
    const std::int64_t outputs = elements(trainee.description.output_shape(), "output");
    CheckedData validation;
    if (options.validation_data != nullptr) {
        validation = check_data(*options.validation_data, features, outputs, &trainee.compilation.loss);
    }
    BatchOrder order(data.rows, options.batch_size, trainee.seed, options.shuffle, options.merge_lone_last_row);
    const std::int64_t largest = std::max(order.largest(), std::min(evaluation_batch, validation.rows));
    Plan plan(trainee.description, trainee.layout, &trainee.compilation, trainee.pool, {.largest_batch = largest});
    return run(trainee, plan, order, data.rows,
               FilledBatches(data, trainee.compilation.loss, features, outputs, order.largest()), options,
               options.validation_data != nullptr ? &validation : nullptr);
}

}  // namespace evenkeel
