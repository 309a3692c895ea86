#include "evenkeel/study/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <thread>

#include "evenkeel/core/error.hpp"
#include "evenkeel/study/sentence.hpp"
#include "evenkeel/train/sequential.hpp"

namespace evenkeel {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Counts what has been done, and tells the caller, one thread at a time.
class Progress {
  public:
    Progress(const CompareOptions& options, std::int64_t runs) : options_(options) {
        now_.runs = runs;
        now_.epochs = runs * options.epochs;
    }
    void epoch_done() {
        tell([this] { ++now_.epochs_done; });
    }
    /// A run that diverged leaves epochs undone that nobody will do.
    void run_done(int epochs_left) {
        tell([this, epochs_left] {
            ++now_.runs_done;
            now_.epochs_done += epochs_left;
        });
    }

  private:
    template <typename Change>
    void tell(const Change& change) {
        const std::lock_guard lock(mutex_);
        change();
        now_.seconds = seconds_since(start_);
        if (options_.progress) options_.progress(now_);
    }
    const CompareOptions& options_;
    CompareProgress now_;
    Clock::time_point start_ = Clock::now();
    std::mutex mutex_;
};

class Watcher : public Callback {
  public:
    /// `probe` may be null; its time does not count as training.
    Watcher(Progress& progress, const std::atomic<bool>* interrupted, std::vector<EpochLog>& epochs,
            std::shared_ptr<const Probe> probe)
        : progress_(progress), interrupted_(interrupted), epochs_(epochs), probe_(std::move(probe)) {}
    void on_train_begin(Training&) override { probed_ = probe_seconds(); }
    void on_batch_end(Training& t, double) override { t.stop = interrupted_ != nullptr && interrupted_->load(); }
    void on_epoch_end(Training&, const EpochLog& log) override {
        epochs_.push_back(log);
        epochs_.back().seconds -= probe_seconds() - probed_;
        probed_ = probe_seconds();
        progress_.epoch_done();
    }

  private:
    double probe_seconds() const { return probe_ ? probe_->record().seconds : 0.0; }
    Progress& progress_;
    const std::atomic<bool>* interrupted_;
    std::vector<EpochLog>& epochs_;  ///< kept here, so that a run that diverges leaves what it had
    std::shared_ptr<const Probe> probe_;
    double probed_ = 0;  ///< the probe's seconds up to the epoch's begin
};

std::int64_t held_out(std::int64_t rows, std::int64_t wanted) {
    return wanted >= 0 ? wanted : (rows < 10000 ? rows / 10 : 5000);
}

ComparedRun run_one(const Dataset& data, const ComparedArm& arm, const CompareOptions& options, std::uint64_t seed,
                    int threads, Progress& progress) {
    ComparedRun run;
    run.seed = seed;
    DataView rows(data.train), validation(data.train);
    const std::int64_t total = data.train.rows();
    validation.rows = held_out(total, options.validation_rows);
    validation.first_row = rows.rows = total - validation.rows;
    FitOptions fit{.batch_size = options.batch_size, .epochs = options.epochs};
    if (validation.rows > 0) fit.validation_data = &validation;
    std::shared_ptr<Probe> probe;
    if (options.probe && seed == 0) {
        probe = std::make_shared<Probe>(rows, *options.probe);
        fit.callbacks.push_back(probe);
    }
    if (options.callbacks) {
        for (auto& callback : options.callbacks(arm.name, seed, probe)) fit.callbacks.push_back(std::move(callback));
    }
    fit.callbacks.push_back(std::make_shared<Watcher>(progress, options.interrupted, run.epochs, probe));
    try {
        Sequential model(arm.model, {.name = arm.model.name, .seed = seed, .threads = threads});
        model.compile(options.compilation);
        model.fit(rows, fit);
        const Evaluation test = model.evaluate(data.test);
        run.test_accuracy = test.metrics.front();
        run.test_loss = test.loss;
        if (!std::isfinite(test.loss)) fail_work("test", "a finite loss", fmt::format("{}", test.loss));
    } catch (const Error& error) {
        if (error.fault() != Fault::work) throw;
        run.diverged = true;
        run.problem = error.what();
        run.test_accuracy = 1.0 / static_cast<double>(data.classes);
        run.test_loss.reset();
    }
    for (const EpochLog& log : run.epochs) run.seconds += log.seconds;
    if (probe) run.probe = probe->record();
    progress.run_done(options.epochs - static_cast<int>(run.epochs.size()));
    return run;
}

std::vector<double> accuracies(const ArmResult& arm) {
    std::vector<double> values;
    for (const ComparedRun& run : arm.runs) values.push_back(run.test_accuracy);
    return values;
}

void summarize(CompareResult& result, const CompareOptions& options) {
    const auto none =
        std::find_if(result.arms.begin(), result.arms.end(), [](const ArmResult& a) { return a.arm.name == "none"; });
    const ArmResult& base = none != result.arms.end() ? *none : result.arms.front();
    double target = 0;
    for (const ComparedRun& run : base.runs) {
        const bool measured = !run.diverged && !run.epochs.empty() && run.epochs.back().validated;
        target += (measured ? run.epochs.back().validation.metrics.front() : run.test_accuracy) /
                  static_cast<double>(base.runs.size());
    }
    for (ArmResult& arm : result.arms) {
        arm.test_accuracy = summarize_arm(accuracies(arm));
        std::vector<std::vector<double>> curves;
        for (const ComparedRun& run : arm.runs) {
            auto& curve = curves.emplace_back();
            for (const EpochLog& log : run.epochs)
                curve.push_back(log.validated ? log.validation.metrics.front() : -1.0);
        }
        if (options.epochs > 0) arm.epochs_to_none = epochs_to_target(curves, target, options.epochs);
    }
    const double rate = learning_rate_at(learning_rate(options.compilation.optimizer), 0);
    for (std::size_t b = 0; b < result.arms.size(); ++b) {
        for (std::size_t a = b + 1; a < result.arms.size(); ++a) {
            PairResult pair;
            pair.a = result.arms[a].arm.name;
            pair.b = result.arms[b].arm.name;
            pair.comparison = compare_arms(accuracies(result.arms[a]), accuracies(result.arms[b]));
            pair.sentence = summarize_sentence(pair.comparison, {.a = pair.a,
                                                                 .b = pair.b,
                                                                 .metric = "test accuracy",
                                                                 .percentage_points = true,
                                                                 .optimizer = options.optimizer_word,
                                                                 .learning_rate_a = rate,
                                                                 .learning_rate_b = rate,
                                                                 .swept = false});
            result.pairs.push_back(pair);
        }
    }
}

void check(const Dataset& data, const std::vector<ComparedArm>& arms, const CompareOptions& options) {
    if (arms.empty()) fail_input("compare.arms", "at least one arm", "none");
    if (data.classes < 2)
        fail_input("compare", "data with classes (accuracy is what is compared)", "data for regression");
    if (options.seeds < 1 || options.seeds > 10000)
        fail_input("compare.seeds", "1 to 10000", fmt::format("{}", options.seeds));
    if (options.threads < 0) fail_input("compare.threads", "0 (all cores) or more", fmt::format("{}", options.threads));
    if (options.validation_rows >= data.train.rows()) {
        fail_input("compare.validation_rows", fmt::format("fewer than the {} training rows", data.train.rows()),
                   fmt::format("{}", options.validation_rows));
    }
    if (options.compilation.metrics.empty() || options.compilation.metrics.front().kind != Metric::Kind::accuracy) {
        fail_input("compare.metrics", "accuracy as the first metric", "another");
    }
}

}  // namespace

CompareResult compare(const Dataset& data, const std::vector<ComparedArm>& arms, const CompareOptions& options) {
    check(data, arms, options);
    const auto start = Clock::now();
    const auto arm_count = static_cast<std::int64_t>(arms.size());
    const std::int64_t jobs = arm_count * options.seeds;
    const int cores =
        options.threads > 0 ? options.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const int workers = static_cast<int>(std::min<std::int64_t>(cores, jobs));
    const int threads_a_run = std::max(1, cores / workers);  // bits do not depend on it

    // Seeds outside, arms inside: an interrupted comparison keeps whole pairs.
    std::vector<std::optional<ComparedRun>> runs(static_cast<std::size_t>(jobs));
    std::atomic<std::int64_t> next = 0;
    std::exception_ptr failure;
    std::mutex failure_mutex;
    Progress progress(options, jobs);
    const auto stopped = [&] { return options.interrupted != nullptr && options.interrupted->load(); };
    const auto work = [&] {
        try {
            for (std::int64_t job; (job = next.fetch_add(1)) < jobs && !stopped();) {
                ComparedRun run = run_one(data, arms[static_cast<std::size_t>(job % arm_count)], options,
                                          static_cast<std::uint64_t>(job / arm_count), threads_a_run, progress);
                if (!stopped()) runs[static_cast<std::size_t>(job)] = std::move(run);
            }
        } catch (...) {
            next.store(jobs);
            const std::lock_guard lock(failure_mutex);
            if (!failure) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> team;
        for (int w = 1; w < workers; ++w) team.emplace_back(work);
        work();
    }
    if (failure) std::rethrow_exception(failure);

    CompareResult result;
    result.interrupted = stopped();
    for (const ComparedArm& arm : arms) result.arms.push_back({arm, {}, {}, {}});
    for (std::int64_t seed = 0; seed < options.seeds; ++seed) {
        const auto first = runs.begin() + seed * arm_count;
        if (!std::all_of(first, first + arm_count, [](const auto& run) { return run.has_value(); })) continue;
        for (std::int64_t a = 0; a < arm_count; ++a) result.arms[static_cast<std::size_t>(a)].runs.push_back(*first[a]);
    }
    if (!result.arms.front().runs.empty()) summarize(result, options);
    result.seconds = seconds_since(start);
    return result;
}

}  // namespace evenkeel
