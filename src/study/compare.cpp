#include "evenkeel/study/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "core/clock.hpp"
#include "evenkeel/core/error.hpp"
#include "study/arm_results.hpp"
#include "study/run_one.hpp"

namespace evenkeel {
namespace {

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

void check(const Dataset& data, const std::vector<ComparedArm>& arms, const CompareOptions& options) {
    if (arms.empty()) fail_input("compare.arms", "at least one arm", "none");
    if (data.classes < 2)
        fail_input("compare", "data with classes (accuracy is what is compared)", "data for regression");
    if (options.seeds < 1 || options.seeds > 10000)
        fail_input("compare.seeds", "1 to 10000", fmt::format("{}", options.seeds));
    if (options.threads < 0) fail_input("compare.threads", "0 (all cores) or more", fmt::format("{}", options.threads));
    if (options.train_rows < 0)
        fail_input("compare.train_rows", "0 (all) or more", fmt::format("{}", options.train_rows));
    if (options.validation_rows >= data.train.rows()) {
        fail_input("compare.validation_rows", fmt::format("fewer than the {} training rows", data.train.rows()),
                   fmt::format("{}", options.validation_rows));
    }
    if (options.compilation.metrics.empty() || options.compilation.metrics.front().kind != Metric::Kind::accuracy) {
        fail_input("compare.metrics", "accuracy as the first metric", "another");
    }
}

/// Runs [first, end) of a comparison, seeds outside and arms inside: an interrupted one keeps whole pairs.
struct Job {
    std::int64_t first, end;
};

// The arms of a seed train together, which takes less time than one after the other. Of the last seeds, one a core but one, each
// arm trains by itself: so small pieces are left for cores that are done sooner than others.
std::vector<Job> jobs_of(std::int64_t seeds, std::int64_t arms, std::int64_t cores) {
    const std::int64_t together = std::max<std::int64_t>(0, seeds - (cores - 1)) * arms;
    std::vector<Job> jobs;
    for (std::int64_t run = 0; run < seeds * arms; run = jobs.back().end)
        jobs.push_back({run, run + (run < together ? arms : 1)});
    return jobs;
}

}  // namespace

CompareResult compare(const Dataset& data, const std::vector<ComparedArm>& arms, const CompareOptions& options) {
    check(data, arms, options);
    const auto start = Clock::now();
    const auto arm_count = static_cast<std::int64_t>(arms.size());
    const std::int64_t run_count = arm_count * options.seeds;

    std::vector<std::optional<ComparedRun>> runs(static_cast<std::size_t>(run_count));
    Progress progress(options, run_count);
    const auto stopped = [&] { return options.interrupted != nullptr && options.interrupted->load(); };
    const std::vector<Job> jobs = jobs_of(options.seeds, arm_count, core_count(options.threads));
    const auto work = [&](std::int64_t index, int threads) {
        const Job job = jobs[static_cast<std::size_t>(index)];
        std::vector<RunRequest> requests;
        for (std::int64_t run = job.first; run < job.end; ++run) {
            const ComparedArm& arm = arms[static_cast<std::size_t>(run % arm_count)];
            requests.push_back({arm.name, arm.model, options, static_cast<std::uint64_t>(run / arm_count), threads,
                                [&progress] { progress.epoch_done(); }});
        }
        auto to = runs.begin() + job.first;
        for (ComparedRun& run : run_together(data, requests)) {
            progress.run_done(options.epochs - static_cast<int>(run.epochs.size()));
            if (!stopped()) *to++ = std::move(run);
        }
    };
    side_by_side(static_cast<std::int64_t>(jobs.size()), options.threads, stopped, work);

    CompareResult result;
    result.interrupted = stopped();
    for (const ComparedArm& arm : arms) result.arms.push_back({arm, {}, {}, {}});
    for (std::int64_t seed = 0; seed < options.seeds; ++seed) {
        const auto first = runs.begin() + seed * arm_count;
        if (!std::all_of(first, first + arm_count, [](const auto& run) { return run.has_value(); })) continue;
        for (std::int64_t a = 0; a < arm_count; ++a) result.arms[static_cast<std::size_t>(a)].runs.push_back(*first[a]);
    }
    if (!result.arms.front().runs.empty()) {
        const bool watched = held_out_rows(data.train.rows(), options.validation_rows) > 0;
        summarize_arms(result.arms, watched ? options.epochs : 0);
        const double rate = learning_rate_at(learning_rate(options.compilation.optimizer), 0);
        result.pairs = pairs_of(result.arms, [&](std::size_t, std::size_t) {
            return SentenceContext{
                .optimizer = options.optimizer_word, .learning_rate_a = rate, .learning_rate_b = rate};
        });
    }
    result.seconds = seconds_since(start);
    return result;
}

}  // namespace evenkeel
