// Where the threads of a training step wait. A step is a chain of runs of blocks, and behind each of them all threads wait for the
// last one. A clock beside every block tells how long each run takes, what of it the threads work, and what goes by between two
// runs, where the caller finishes alone what the blocks began. Beside that stands what one thread works at the same run, shared
// out: what threads work more than that, they wait for what another core wrote, or for caches that they share. Steps on one thread
// and on several are taken in turns; times are medians.
//
//   bench_threads --data mnist --model deep --batches 64
//   bench_threads --data mnist --batches 32,128,512 --threads 2

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/threads.hpp"
#include "evenkeel/core/buffer.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/open.hpp"
#include "evenkeel/study/bench.hpp"
#include "kernels/streams.hpp"
#include "study/bench_time.hpp"
#include "study/stepper.hpp"

namespace {

using namespace evenkeel;

double microseconds(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double, std::micro>(to - from).count();
}

/// How far two cores are from each other.
struct Distance {
    double there_and_back_us;  ///< of a word
    double giga_per_s;         ///< of what the other core has written, read
};

volatile float unwanted;  // so that nothing is left out

Distance distance() {
    constexpr int turns = 1000, repeats = 41, floats = 50'000;
    Buffer<float> x(floats);
    std::atomic<int> word{0};  // odd: it is the other thread's turn
    const auto pass_on = [&](int to) { word.store(to, std::memory_order_release); };
    const auto wait_for = [&](int turn) {
        for (int spins = 0; word.load(std::memory_order_acquire) != turn; ++spins) {
            if (spins > 100'000) std::this_thread::yield();  // the other thread may wait for this one's core
        }
    };
    const std::jthread other([&] {
        for (int turn = 1, r = 0; r < repeats; ++r) {
            for (int i = 0; i < turns; ++i, turn += 2) wait_for(turn), pass_on(turn + 1);
            wait_for(turn);
            std::fill_n(x.data(), floats, static_cast<float>(r));
            pass_on(turn + 1);
            turn += 2;
        }
    });
    std::vector<double> there_and_back, reading;
    for (int turn = 1, r = 0; r < repeats; ++r) {
        there_and_back.push_back(time_call([&] {
            for (int i = 0; i < turns; ++i, turn += 2) pass_on(turn), wait_for(turn + 1);
        }));
        pass_on(turn), wait_for(turn + 1);
        turn += 2;
        reading.push_back(
            time_call([&] { unwanted = kernels::read_streams(floats / 2, x.data(), x.data() + floats / 2); }));
    }
    return {median(there_and_back) / turns, floats * sizeof(float) / median(reading) / 1e3};
}

/// All runs, one behind another. Threads write to places of their own.
class Runs : public RunWatch {
  public:
    struct Run {
        Clock::time_point began, ended;
        double work_us = 0;  ///< of all threads
    };
    explicit Runs(int threads) : working_(static_cast<std::size_t>(threads)) {}
    /// Room for so many, so that none is made between steps.
    void reserve(std::size_t runs) { runs_.reserve(runs); }

    void run_begins() override {
        for (Working& w : working_) w.us = 0;
        began_ = Clock::now();
    }
    void block_ended(int thread, Clock::time_point began) override {
        working_[static_cast<std::size_t>(thread)].us += microseconds(began, Clock::now());
    }
    void run_ends() override {
        runs_.push_back({began_, Clock::now()});
        for (const Working& w : working_) runs_.back().work_us += w.us;
    }
    const std::vector<Run>& all() const { return runs_; }

  private:
    struct alignas(64) Working {
        double us = 0;
    };
    std::vector<Working> working_;
    Clock::time_point began_;
    std::vector<Run> runs_;
};

/// Microseconds of steps, and of each of their runs.
struct Times {
    std::vector<double> step;
    std::vector<std::vector<double>> run, work, before;  ///< [run][step]; before: since the run before it
};

/// A network in training on so many threads.
class Training {
  public:
    Training(const Examples& images, const std::vector<std::int64_t>& hidden, std::int64_t batch, int threads,
             std::size_t steps)
        : least_runs_(2 * hidden.size() + 4),
          runs_(threads),
          pool_(threads),
          stepper_(images, hidden, true, batch, pool_) {
        for (int s = 0; s < 100; ++s) stepper_.step();  // by then it is known how many threads are best
        steps_.reserve(steps);
        runs_.reserve(steps * (least_runs_ + 1));
        pool_.watch(&runs_);
    }

    void step() {
        const auto began = Clock::now();
        stepper_.step();
        steps_.push_back({began, Clock::now(), pool_.used() == pool_.threads()});
    }

    /// Of the steps that used all threads.
    Times times() const {
        const std::size_t runs_of_step = runs_.all().size() / steps_.size();
        if (runs_.all().size() != steps_.size() * runs_of_step ||
            (runs_of_step != least_runs_ && runs_of_step != least_runs_ + 1)) {
            fail_work("bench_threads", fmt::format("{} or {} runs of blocks in a step", least_runs_, least_runs_ + 1),
                      fmt::format("{} in {} steps", runs_.all().size(), steps_.size()));
        }
        Times times;
        for (auto* each : {&times.run, &times.work, &times.before}) each->resize(runs_of_step);
        auto run = runs_.all().begin();
        for (const Step& step : steps_) {
            Clock::time_point last = step.began;
            if (step.all_threads) times.step.push_back(microseconds(step.began, step.ended));
            for (std::size_t r = 0; r < runs_of_step; ++r, ++run) {
                if (!step.all_threads) continue;
                times.run[r].push_back(microseconds(run->began, run->ended));
                times.work[r].push_back(run->work_us);
                times.before[r].push_back(microseconds(last, run->began));
                last = run->ended;
            }
        }
        return times;
    }

  private:
    struct Step {
        Clock::time_point began, ended;
        bool all_threads;
    };
    std::size_t least_runs_;  ///< of a step; one more where the first layer is shared by its inputs
    std::vector<Step> steps_;
    Runs runs_;
    ThreadPool pool_;
    Stepper stepper_;
};

/// What the runs of a step are about: with n normalizations 2n + 4 of them, or one more where the first layer begins with halves.
std::string name_of(std::size_t run, std::size_t normalizations, bool has_halves) {
    if (run == 0) return "rows turned";
    if (run == 1 && has_halves) return "forward, halves of first layer";
    if (has_halves) --run;
    if (run == 1) return has_halves ? "forward, halves added" : "forward, first layer";
    if (run <= normalizations) return "forward, other layers";
    if (run == normalizations + 1) return "forward, last layer and loss";
    if (run == normalizations + 2) return "backward, last layer";
    if (run <= 2 * normalizations + 1) return "backward, other layers";
    if (run == 2 * normalizations + 2) return "backward, first layer";
    return "weights";
}

void print_row(const std::string& name, int runs, double us, double work, double alone, double before) {
    fmt::print("  {:<30}{:>5}{:>9.1f}{:>9.1f}{:>14.1f}{:>10.1f}{:>10.1f}\n", name, runs, us, work, alone, us - work,
               before);
}

void print(const Times& alone, const Times& together, int threads, std::size_t normalizations) {
    fmt::print("  {:<30}{:>5}{:>9}{:>9}{:>14}{:>10}{:>10}\n", "", "runs", "µs", "work", "of one alone", "waiting",
               "before");
    struct Sum {
        int runs = 0;
        double us = 0, work = 0, alone = 0, before = 0;
    } all;
    const bool has_halves = together.run.size() > 2 * normalizations + 4;
    for (std::size_t r = 0; r < together.run.size();) {
        const std::string name = name_of(r, normalizations, has_halves);
        Sum sum;
        for (; r < together.run.size() && name_of(r, normalizations, has_halves) == name; ++r) {
            ++sum.runs;
            sum.us += median(together.run[r]);
            sum.work += median(together.work[r]) / threads;
            sum.alone += median(alone.work[r]) / threads;
            sum.before += median(together.before[r]);
        }
        print_row(name, sum.runs, sum.us, sum.work, sum.alone, sum.before);
        all.runs += sum.runs, all.us += sum.us, all.work += sum.work, all.alone += sum.alone, all.before += sum.before;
    }
    print_row("all", all.runs, all.us, all.work, all.alone, all.before);
}

void measure(const Examples& images, const std::vector<std::int64_t>& hidden, std::int64_t batch, int threads,
             int turns) {
    if (batch > images.rows())
        fail_input("--batches", fmt::format("at most {} rows", images.rows()), fmt::format("{}", batch));
    const Distance before = distance();
    constexpr int in_turn = 50;
    const std::size_t steps = static_cast<std::size_t>(in_turn * turns);
    Training one(images, hidden, batch, 1, steps), several(images, hidden, batch, threads, steps);
    for (int turn = 0; turn < turns; ++turn) {
        for (int i = 0; i < in_turn; ++i) one.step();
        for (int i = 0; i < in_turn; ++i) several.step();
    }
    const Times alone = one.times(), together = several.times();
    const Distance after = distance();
    fmt::print(
        "\nBatch {}. Between two cores: a word there and back {:.2f} and {:.2f} µs, "
        "reading what the other wrote {:.0f} and {:.0f} GB/s\n(before and after).",
        batch, before.there_and_back_us, after.there_and_back_us, before.giga_per_s, after.giga_per_s);
    if (together.step.size() < steps / 2) {
        fmt::print(" A step takes {:.1f} µs on one thread, and the training chose fewer than {}.\n", median(alone.step),
                   threads);
        return;
    }
    fmt::print(" A step takes {:.1f} µs on one thread and {:.1f} on {} ({} of {} steps).\n\n", median(alone.step),
               median(together.step), threads, together.step.size(), steps);
    print(alone, together, threads, hidden.size());
}

}  // namespace

int main(int argc, char** argv) {
    std::string data, model = "lecture";
    std::vector<std::int64_t> batches = {32};
    int threads = 2, turns = 60;
    CLI::App app("Where the threads of a training step wait");
    app.add_option("--data", data, "images of ten classes; else made-up ones");
    app.add_option("--model", model, "lecture, or deep: 20 layers of 100 units")
        ->check(CLI::IsMember({"lecture", "deep"}));
    app.add_option("--batches", batches, "rows of a batch")->delimiter(',')->check(CLI::Range(2, 8192));
    app.add_option("--threads", threads, "of the step")->check(CLI::Range(2, 64));
    app.add_option("--repeats", turns, "turns of 50 steps on one thread and 50 on several")
        ->check(CLI::Range(3, 10000));
    CLI11_PARSE(app, argc, argv);
    try {
        const Examples images = data.empty() ? bench_images() : open_dataset(data).train;
        check_images_to_step(images);
        const auto hidden = model == "deep" ? std::vector<std::int64_t>(20, 100) : std::vector<std::int64_t>{128, 64};
        for (const std::int64_t batch : batches) measure(images, hidden, batch, threads, turns);
        fmt::print(
            "\nwork: of a thread, on average; of one alone: its work at the same run, shared out; "
            "waiting: what is left of the run;\nbefore: since the run before it, in which the caller is alone. "
            "Medians in µs.\n");
        return 0;
    } catch (const Error& e) {
        fmt::print(stderr, "{}\n", e.what());
        return 2;
    }
}
