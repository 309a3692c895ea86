#include "evenkeel/study/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "bench.hpp"
#include "evenkeel/core/error.hpp"
#include "option_values.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct BenchOptions {
    std::vector<std::int64_t> batches = {32, 128, 512};
    std::vector<std::int64_t> threads = {1, 2};
    std::int64_t repeats = 40;
    std::int64_t together = 1;
    std::string model = "lecture";
    std::string data;
    bool json = false;
    bool quiet = false;
};

/// How many times as fast as on one thread, the same batch; NaN where one thread was not measured.
double speedup(const BenchStepRow& row, const std::vector<BenchStepRow>& rows) {
    for (const BenchStepRow& r : rows) {
        if (r.threads == 1 && r.batch == row.batch) return r.bn_us / row.bn_us;
    }
    return std::nan("");
}

int run_bench(const BenchOptions& o) {
    JsonHeader header("bench step");
    header.arguments = {{"batches", o.batches}, {"threads", o.threads},
                        {"repeats", o.repeats}, {"together", o.together},
                        {"model", o.model},     {"data", o.data.empty() ? json() : json(o.data)}};
    BenchStepOptions options;
    options.batches = o.batches;
    for (const std::int64_t t : o.threads) options.threads.push_back(static_cast<int>(t));
    if (o.model == "deep") {
        options.hidden.assign(20, 100);
    } else if (o.model != "lecture") {
        fail_input("--model", "lecture or deep", fmt::format("\"{:.60}\"", o.model));
    }
    options.repeats = static_cast<int>(o.repeats);
    options.together = static_cast<int>(o.together);
    if (!o.quiet) {
        options.progress = [](const BenchStepRow& row) {
            notice(fmt::format("batch {:>5}, {} thread{}: {:.1f} µs a step with BN", row.batch, row.threads,
                               row.threads == 1 ? "" : "s", row.bn_us));
        };
    }
    const Examples images = o.data.empty() ? bench_images() : open_data(o.data, "").train;
    const BenchStepResult result = bench_step(images, options);

    json rows = json::array();
    const bool compares_threads =
        o.threads.size() > 1 && std::find(o.threads.begin(), o.threads.end(), 1) != o.threads.end();
    std::vector<std::string> head = {"batch",    "threads", "peak µs",     "products µs",
                                     "plain µs", "BN µs",   "BN/products", "BN/plain"};
    if (compares_threads) head.push_back("× 1 thread");
    TextTable table(head, std::string(head.size(), 'r'));
    for (const BenchStepRow& r : result.rows) {
        const double over_products = r.bn_us / r.gemm_only_us, over_plain = r.bn_us / r.plain_us;
        const double times_one = speedup(r, result.rows);
        rows.push_back({{"batch", r.batch},
                        {"threads", r.threads},
                        {"peak_us", r.peak_us},
                        {"gemm_only_us", r.gemm_only_us},
                        {"plain_us", r.plain_us},
                        {"bn_us", r.bn_us},
                        {"bn_over_products", over_products},
                        {"bn_over_plain", over_plain},
                        {"speedup", number_or_null(times_one)}});
        std::vector<std::string> cells = {fmt::format("{}", r.batch), fmt::format("{}", r.threads)};
        for (const double us : {r.peak_us, r.gemm_only_us, r.plain_us, r.bn_us})
            cells.push_back(fmt::format("{:.1f}", us));
        for (const double ratio : {over_products, over_plain}) cells.push_back(fmt::format("{:.2f}", ratio));
        if (compares_threads) cells.push_back(std::isnan(times_one) ? "" : fmt::format("{:.2f}", times_one));
        table.add(std::move(cells));
    }
    if (o.json) {
        print(text_of(header.with({{"rows", rows}})));
        return done;
    }
    const char* network = o.model == "deep" ? "a network of 20 hidden layers of 100 units" : "the lecture's network";
    print("\n" +
          bold(fmt::format("One training step of {}, from the bytes of a random batch to new weights", network)) +
          "\n\n" + table.text() +
          dim("  products: the step's matrix products alone · peak: their multiply-adds, without the images' zeros,\n"
              "  as fast as on registers · medians, all alternating in one run\n") +
          (compares_threads ? dim("  × 1 thread: how many times as fast as on one thread, with BN\n") : ""));
    return done;
}

}  // namespace

void add_bench_step(CLI::App& bench, Action& chosen) {
    auto options = std::make_shared<BenchOptions>();
    CLI::App* sub = bench.add_subcommand("step", "Time of a training step, with and without normalization");
    add_whole_list(*sub, "--batches", options->batches, 2, 8192, "rows of a batch");
    add_whole_list(*sub, "--threads", options->threads, 1, 1024, "threads of a step, at most");
    add_whole(*sub, "--repeats", options->repeats, 3, 100000, "measurements of which each time is the median");
    add_whole(*sub, "--together", options->together, 1, 10000, "steps timed as one; their mean counts");
    add_text(*sub, "--model", options->model, "lecture (784-128-64-10), or deep (20 hidden layers of 100 units)",
             "WORD");
    add_text(*sub, "--data", options->data, "images of ten classes to train on; else made-up ones", "DATA");
    add_output_flags(*sub, options->json, &options->quiet);
    sub->footer(R"(First it is checked that the loss falls and that two threads give the bits of one; then it is timed.
--json: rows [{batch, threads, peak_us, gemm_only_us, plain_us, bn_us, bn_over_products, bn_over_plain,
speedup}], where gemm_only_us are the products and speedup is one thread's bn_us over this one, or null.

Examples:
  evenkeel bench step
  evenkeel bench step --data mnist
  evenkeel bench step --model deep --batches 64
  evenkeel bench step --batches 128 --threads 1 --json)");
    sub->callback([options, &chosen] { chosen = [options] { return run_bench(*options); }; });
}

}  // namespace evenkeel::cli
