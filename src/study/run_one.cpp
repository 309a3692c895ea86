#include "study/run_one.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>
#include <thread>

#include "evenkeel/core/error.hpp"
#include "evenkeel/train/sequential.hpp"

namespace evenkeel {
namespace {

class Watcher : public Callback {
  public:
    /// `probe` may be null; its time does not count as training.
    Watcher(const RunRequest& request, std::vector<EpochLog>& epochs, std::shared_ptr<const Probe> probe)
        : request_(request), epochs_(epochs), probe_(std::move(probe)) {}
    void on_train_begin(Training&) override { probed_ = probe_seconds(); }
    void on_batch_end(Training& t, double) override {
        const std::atomic<bool>* interrupted = request_.options.interrupted;
        t.stop = interrupted != nullptr && interrupted->load();
    }
    void on_epoch_end(Training&, const EpochLog& log) override {
        epochs_.push_back(log);
        epochs_.back().seconds -= probe_seconds() - probed_;
        probed_ = probe_seconds();
        if (request_.on_epoch_end) request_.on_epoch_end();
    }

  private:
    double probe_seconds() const { return probe_ ? probe_->record().seconds : 0.0; }
    const RunRequest& request_;
    std::vector<EpochLog>& epochs_;  ///< kept here, so that a run that diverges leaves what it had
    std::shared_ptr<const Probe> probe_;
    double probed_ = 0;  ///< the probe's seconds up to the epoch's begin
};

/// An arm in training, whose outcome goes to `run`.
class Arm {
  public:
    Arm(const DataView& rows, const RunRequest& request, ComparedRun& run)
        : model(request.model, {.name = request.model.name, .seed = request.seed, .threads = request.threads}),
          run_(run) {
        const CompareOptions& options = request.options;
        run.seed = request.seed;
        model.compile(options.compilation);
        if (options.probe && request.seed == 0) {
            probe_ = std::make_shared<Probe>(rows, *options.probe);
            callbacks.push_back(probe_);
        }
        if (options.callbacks) {
            for (auto& callback : options.callbacks(request.arm, request.seed, probe_))
                callbacks.push_back(std::move(callback));
        }
        callbacks.push_back(std::make_shared<Watcher>(request, run.epochs, probe_));
    }

    void finish(const Dataset& data, const std::optional<Error>& failure) {
        if (failure) {
            diverged(data, *failure);
        } else {
            try {
                test(data);
            } catch (const Error& error) {
                if (error.fault() != Fault::work) throw;
                diverged(data, error);
            }
        }
        for (const EpochLog& log : run_.epochs) run_.seconds += log.seconds;
        if (probe_) run_.probe = probe_->record();
    }

    Sequential model;
    std::vector<std::shared_ptr<Callback>> callbacks;

  private:
    void test(const Dataset& data) {
        const Evaluation test = model.evaluate(data.test);
        run_.test_accuracy = test.metrics.front();
        run_.test_loss = test.loss;
        if (!std::isfinite(test.loss)) fail_work("test", "a finite loss", fmt::format("{}", test.loss));
    }
    void diverged(const Dataset& data, const Error& error) {
        run_.diverged = true;
        run_.problem = error.what();
        run_.test_accuracy = 1.0 / static_cast<double>(data.classes);
        run_.test_loss.reset();
    }

    ComparedRun& run_;
    std::shared_ptr<Probe> probe_;
};

}  // namespace

std::int64_t trained_rows(const Dataset& data, const CompareOptions& options) {
    const std::int64_t rows = data.train.rows() - held_out_rows(data.train.rows(), options.validation_rows);
    return options.train_rows > 0 ? std::min(rows, options.train_rows) : rows;
}

ComparedRun run_one(const Dataset& data, const RunRequest& request) {
    return run_together(data, {&request, 1}).front();
}

std::vector<ComparedRun> run_together(const Dataset& data, std::span<const RunRequest> requests) {
    const CompareOptions& shared = requests.front().options;
    DataView rows(data.train), validation(data.train);
    validation.rows = held_out_rows(data.train.rows(), shared.validation_rows);
    validation.first_row = data.train.rows() - validation.rows;
    rows.rows = trained_rows(data, shared);
    // A last batch of one row has no batch statistics; every arm of a comparison gets the same batches.
    FitOptions fit{.batch_size = shared.batch_size, .epochs = shared.epochs, .merge_lone_last_row = true};
    if (validation.rows > 0) fit.validation_data = &validation;

    std::vector<ComparedRun> runs(requests.size());
    std::deque<Arm> arms;
    std::vector<FitTogether> fits;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        Arm& arm = arms.emplace_back(rows, requests[i], runs[i]);
        fits.push_back({arm.model, arm.callbacks});
    }
    Sequential::fit_together(fits, rows, fit);
    for (std::size_t i = 0; i < requests.size(); ++i) arms[i].finish(data, fits[i].failure);
    return runs;
}

int core_count(int wanted) {
    return wanted > 0 ? wanted : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

void side_by_side(std::int64_t jobs, int cores, const std::function<bool()>& stopped,
                  const std::function<void(std::int64_t, int)>& body) {
    if (jobs < 1) return;
    cores = core_count(cores);
    const int workers = static_cast<int>(std::min<std::int64_t>(cores, jobs));
    const int threads = std::max(1, cores / workers);
    std::atomic<std::int64_t> next = 0;
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto work = [&] {
        try {
            for (std::int64_t job; (job = next.fetch_add(1)) < jobs && !stopped();) body(job, threads);
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
}

}  // namespace evenkeel
