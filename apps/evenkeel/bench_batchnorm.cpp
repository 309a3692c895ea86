#include "evenkeel/study/bench_batchnorm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <memory>

#include "bench.hpp"
#include "evenkeel/core/error.hpp"
#include "json_header.hpp"
#include "option_values.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct BatchnormOptions {
    std::string shapes = "1048576x64,65536x1024,32x112x112x64,1024x128";
    std::vector<std::int64_t> threads = {1, 2};
    std::int64_t repeats = 11;
    bool json = false;
    bool quiet = false;
};

/// "32x112x112x64,1024x128"
std::vector<Shape> shapes_of(const std::string& text) {
    std::vector<Shape> shapes(1);
    for (const char* at = text.data(); at < text.data() + text.size();) {
        std::int64_t size = 0;
        const auto [end, error] = std::from_chars(at, text.data() + text.size(), size);
        const bool separated = end == text.data() + text.size() || ((*end == 'x' || *end == ',') && end[1] != 0);
        if (error != std::errc() || size < 1 || !separated)
            fail_input("--shape", "sizes like 1048576x64 or 32x112x112x64", fmt::format("\"{:.60}\"", text));
        shapes.back().push_back(size);
        if (*end == ',') shapes.emplace_back();
        at = end + 1;
    }
    return shapes;
}

int run_batchnorm(const BatchnormOptions& o) {
    JsonHeader header("bench batchnorm");
    header.arguments = {{"shape", o.shapes}, {"threads", o.threads}, {"repeats", o.repeats}};
    BenchBatchnormOptions options;
    options.shapes = shapes_of(o.shapes);
    for (const std::int64_t t : o.threads) options.threads.push_back(static_cast<int>(t));
    options.repeats = static_cast<int>(o.repeats);
    const auto name = [](const Shape& shape) { return fmt::format("{}", fmt::join(shape, "x")); };
    if (!o.quiet) {
        options.progress = [&](const BenchBatchnormRow& row) {
            notice(fmt::format("{}, {} thread{}: {} at {:.2f} of the limit", name(row.shape), row.threads,
                               row.threads == 1 ? "" : "s", row.pass, row.share));
        };
    }
    json rows = json::array();
    TextTable table({"matrix", "threads", "pass", "streams", "µs", "GB/s", "limit GB/s", "share"}, "lrlrrrrr");
    for (const BenchBatchnormRow& r : bench_batchnorm(options)) {
        rows.push_back({{"shape", r.shape},
                        {"threads", r.threads},
                        {"pass", r.pass},
                        {"streams", r.streams},
                        {"us", r.microseconds},
                        {"gb_per_s", r.bytes_per_second / 1e9},
                        {"limit_gb_per_s", r.limit_bytes_per_second / 1e9},
                        {"share", r.share}});
        table.add({name(r.shape), fmt::format("{}", r.threads), r.pass, fmt::format("{}", r.streams),
                   fmt::format("{:.1f}", r.microseconds), fmt::format("{:.1f}", r.bytes_per_second / 1e9),
                   fmt::format("{:.1f}", r.limit_bytes_per_second / 1e9), fmt::format("{:.2f}", r.share)});
    }
    if (o.json) {
        print(text_of(header.with({{"rows", rows}})));
        return done;
    }
    print("\n" + bold("Batch normalization of one matrix, channels last") + "\n\n" + table.text() +
          dim("  limit: the same reads and writes with next to no arithmetic; medians, alternating in one run\n"));
    return done;
}

}  // namespace

void add_bench_batchnorm(CLI::App& bench, Action& chosen) {
    auto options = std::make_shared<BatchnormOptions>();
    CLI::App* sub = bench.add_subcommand("batchnorm", "Batch normalization's kernels against the memory's speed");
    add_text(*sub, "--shape", options->shapes, "matrices, channels last", "AxB,AxBxC,…");
    add_whole_list(*sub, "--threads", options->threads, 1, 1024, "threads");
    add_whole(*sub, "--repeats", options->repeats, 1, 100000, "measurements of which each time is the median");
    add_output_flags(*sub, options->json, &options->quiet);
    sub->footer(R"(First results are compared with the formulas and between numbers of threads; then they are timed.
--json: rows [{shape, threads, pass "forward|backward|inference", streams, us, gb_per_s, limit_gb_per_s,
share}], where streams counts how often the pass reads or writes the matrix and share is of the limit.

Examples:
  evenkeel bench batchnorm
  evenkeel bench batchnorm --shape 65536x1024 --threads 2 --json)");
    sub->callback([options, &chosen] { chosen = [options] { return run_batchnorm(*options); }; });
}

}  // namespace evenkeel::cli
