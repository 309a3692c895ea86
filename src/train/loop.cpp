#include "train/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <numeric>

#include "core/clock.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/batches.hpp"
#include "train/learner.hpp"

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

/// Models that go through the same batches in turns; mostly one.
class JointTraining {
  public:
    /// rows: of an epoch; validation: null where there is none.
    JointTraining(std::span<Trainee> trainees, const FitOptions& options, std::int64_t rows,
                  const CheckedData* validation)
        : trainees_(trainees),
          validation_(validation),
          order_(rows, options.batch_size, trainees.front().seed, options.shuffle, options.merge_lone_last_row) {
        const std::int64_t validated = validation != nullptr ? validation->rows : 0;
        const std::int64_t largest = std::max(order_.largest(), std::min(evaluation_batch, validated));
        for (Trainee& trainee : trainees) {
            const Plan* beside = learners_.empty() ? nullptr : &learners_.front().plan();
            learners_.emplace_back(trainee, options, PlanOptions{.largest_batch = largest, .beside = beside}, rows,
                                   order_.count());
        }
        turns_.reserve(trainees.size());
    }

    std::int64_t largest_batch() const { return order_.largest(); }

    /// make_batch(rows): those rows as a batch.
    template <typename MakeBatch>
    void run(MakeBatch make_batch) {
        each([](Learner& learner) { learner.begin(); });
        const auto wants_epoch = [](const Learner& learner) { return learner.wants_epoch(); };
        for (;;) {
            const auto any = std::find_if(learners_.begin(), learners_.end(), wants_epoch);
            if (any == learners_.end()) break;
            order_.epoch(any->position().epoch);
            for (std::int64_t batch = any->position().batch; batch < order_.count(); ++batch) step(batch, make_batch);
            each([&](Learner& learner) { learner.end_epoch(validation_); });
        }
        each([](Learner& learner) { learner.end(); });
    }

  private:
    // Who comes first finds out about the batch, who comes last asks for the next one: everybody in turns, so that the models'
    // times can be compared.
    template <typename MakeBatch>
    void step(std::int64_t number, MakeBatch& make_batch) {
        const auto start = Clock::now();
        turns_.clear();
        for (std::size_t i = 0; i < learners_.size(); ++i) {
            if (learners_[i].wants_batch()) turns_.push_back(i);
        }
        if (turns_.empty()) return;
        const BatchView batch = make_batch(order_.batch(number));
        BatchView next;
        bool has_next = false;
        if constexpr (MakeBatch::looks_ahead) {
            has_next = number + 1 < order_.count();
            if (has_next) next = make_batch(order_.batch(number + 1));
        }
        const std::size_t count = turns_.size();
        const double seconds = seconds_since(start) / static_cast<double>(count);
        StepsAround around;
        for (std::size_t turn = 0; turn < count; ++turn) {
            const std::size_t at = turns_[(static_cast<std::size_t>(number) + turn) % count];
            if (turn + 1 == count && has_next) around.next = &next;
            attempt(at, [&] {
                if (learners_[at].step(batch, around, seconds)) around.same_batch = &learners_[at].plan();
            });
        }
    }

    template <typename Work>
    void each(const Work& work) {
        for (std::size_t i = 0; i < learners_.size(); ++i) {
            if (!trainees_[i].failure) attempt(i, [&] { work(learners_[i]); });
        }
    }

    // A model that fails drops out, and the others go on.
    template <typename Work>
    void attempt(std::size_t i, const Work& work) {
        try {
            work();
        } catch (const Error& error) {
            if (error.fault() != Fault::work) throw;
            trainees_[i].failure = error;
        }
    }

    std::span<Trainee> trainees_;
    const CheckedData* validation_;
    BatchOrder order_;
    std::deque<Learner> learners_;
    std::vector<std::size_t> turns_;  ///< who takes the batch under way
};

std::int64_t features_of(const Trainee& trainee) {
    return elements(trainee.description.input_shape(), "input");
}
std::int64_t outputs_of(const Trainee& trainee) {
    return elements(trainee.description.output_shape(), "output");
}
CheckedData check(const Trainee& trainee, const DataView& data) {
    return check_data(data, features_of(trainee), outputs_of(trainee), &trainee.compilation.loss);
}

}  // namespace

Evaluation means(double rows, double loss_sum, std::span<const double> metric_sums) {
    Evaluation e;
    e.rows = static_cast<std::int64_t>(rows);
    e.loss = rows > 0 ? loss_sum / rows : 0;
    for (const double sum : metric_sums) e.metrics.push_back(rows > 0 ? sum / rows : 0);
    return e;
}

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

void train(std::span<Trainee> trainees, const DataView& data, const FitOptions& options) {
    check_options(options);
    CheckedData rows, validation;
    for (const Trainee& trainee : trainees) {
        rows = check(trainee, data);
        if (options.validation_data != nullptr) validation = check(trainee, *options.validation_data);
    }
    if (options.validation_data == nullptr && options.validation_split > 0) {
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
        if (x.bytes != nullptr) x.bytes += rows.first_row * x.features;
        if (x.floats != nullptr) x.floats += rows.first_row * x.features;
        if (rows.all.labels != nullptr) rows.all.labels += rows.first_row;
        if (rows.all.targets != nullptr) rows.all.targets += rows.first_row * outputs_of(trainees.front());
        if (rows.all.weights != nullptr) rows.all.weights += rows.first_row;
    }
    const bool validates = options.validation_data != nullptr || options.validation_split > 0;
    JointTraining(trainees, options, rows.rows, validates ? &validation : nullptr).run(StoredBatches(rows));
}

void train(Trainee& trainee, const GeneratedData& data, const FitOptions& options) {
    check_options(options);
    if (data.rows < 1 || !data.fill)
        fail_input("fit", "a function and at least one row", fmt::format("{} rows", data.rows));
    if (options.validation_split > 0)
        fail_input("fit.validation_split", "0 where a function fills the batches",
                   fmt::format("{}", options.validation_split));
    CheckedData validation;
    if (options.validation_data != nullptr) validation = check(trainee, *options.validation_data);
    JointTraining training({&trainee, 1}, options, data.rows,
                           options.validation_data != nullptr ? &validation : nullptr);
    training.run(FilledBatches(data, trainee.compilation.loss, features_of(trainee), outputs_of(trainee),
                               training.largest_batch()));
}

}  // namespace evenkeel
