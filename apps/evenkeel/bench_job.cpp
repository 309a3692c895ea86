#include "evenkeel/study/bench_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "bench.hpp"
#include "evenkeel/core/error.hpp"
#include "json_header.hpp"
#include "option_values.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct JobOptions {
    std::string data = "mnist";
    std::string model = "model_bn";
    std::int64_t epochs = 5;
    std::int64_t batch_size = 128;
    std::int64_t threads = 0;
    std::int64_t repeats = 3;
    bool json = false;
    bool quiet = false;
};

int run_job(const JobOptions& o) {
    JsonHeader header("bench job");
    header.arguments = {{"data", o.data},       {"model", o.model},
                        {"epochs", o.epochs},   {"batch_size", o.batch_size},
                        {"threads", o.threads}, {"repeats", o.repeats}};
    std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                        "train",
                                        "--data",
                                        o.data,
                                        "--model",
                                        o.model,
                                        "--epochs",
                                        fmt::format("{}", o.epochs),
                                        "--batch-size",
                                        fmt::format("{}", o.batch_size),
                                        "--json",
                                        "--quiet"};
    if (o.threads > 0) command.insert(command.end(), {"--threads", fmt::format("{}", o.threads)});
    json runs = json::array();
    std::vector<double> seconds;
    std::int64_t peak = 0;
    double accuracy = 0;
    for (std::int64_t r = 0; r < o.repeats; ++r) {
        const BenchJobRun run = bench_job(command);
        const json summary = json::parse(run.output, nullptr, false);
        if (!summary.is_object() || !summary["test_accuracy"].is_number())
            fail_work("bench job", "a summary with test_accuracy", fmt::format("\"{:.60}\"", run.output));
        accuracy = summary["test_accuracy"].get<double>();  // the same in every run
        seconds.push_back(run.seconds);
        peak = std::max(peak, run.peak_bytes);
        runs.push_back({{"wall_s", run.seconds}, {"peak_bytes", run.peak_bytes}, {"test_accuracy", accuracy}});
        if (!o.quiet) notice(fmt::format("run {}: {:.2f} s, {} MB", r + 1, run.seconds, run.peak_bytes / 1000000));
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = 0.5 * (seconds[(seconds.size() - 1) / 2] + seconds[seconds.size() / 2]);
    if (o.json) {
        print(text_of(
            header.with({{"wall_s", median}, {"peak_bytes", peak}, {"test_accuracy", accuracy}, {"runs", runs}})));
        return done;
    }
    print(fmt::format(
        "\n{}\n\n  {:.2f} s, at most {} MB of memory, test accuracy {}\n{}",
        bold(fmt::format("{} on {}, {} epochs, from the start of the process", o.model, o.data, o.epochs)), median,
        peak / 1000000, percent(accuracy), dim("  median of the runs; each a process of its own\n")));
    return done;
}

}  // namespace

void add_bench_job(CLI::App& bench, Action& chosen) {
    auto options = std::make_shared<JobOptions>();
    CLI::App* sub = bench.add_subcommand("job", "Wall time and memory of a whole training job");
    add_text(*sub, "--data", options->data, "as for train", "DATA");
    add_text(*sub, "--model", options->model, "as for train", "MODEL");
    add_whole(*sub, "--epochs", options->epochs, 1, 1000000, "passes over the training rows");
    add_whole(*sub, "--batch-size", options->batch_size, 2, 1000000, "rows of a batch");
    add_whole(*sub, "--threads", options->threads, 1, 1024, "threads; else one a core");
    add_whole(*sub, "--repeats", options->repeats, 1, 1000, "runs of which the time is the median");
    add_output_flags(*sub, options->json, &options->quiet);
    sub->footer(R"(Runs `evenkeel train` in a process of its own: load the data, train, read the test rows once.
--json: wall_s (the median), peak_bytes (the most), test_accuracy, and of each run the same in runs.

Examples:
  evenkeel bench job
  evenkeel bench job --data digits --epochs 2 --threads 1 --json)");
    sub->callback([options, &chosen] { chosen = [options] { return run_job(*options); }; });
}

}  // namespace evenkeel::cli
