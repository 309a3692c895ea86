#include "evenkeel/study/bench_predict.hpp"

#include <fmt/format.h>

#include <memory>

#include "bench.hpp"
#include "json_header.hpp"
#include "option_values.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct PredictOptions {
    std::vector<std::int64_t> batches = {1, 32, 1024};
    std::int64_t repeats = 40;
    bool json = false;
    bool quiet = false;
};

int run_predict_bench(const PredictOptions& o) {
    JsonHeader header("bench predict");
    header.arguments = {{"batches", o.batches}, {"repeats", o.repeats}};
    BenchPredictOptions options{.batches = o.batches, .repeats = static_cast<int>(o.repeats)};
    if (!o.quiet) {
        options.progress = [](const BenchPredictRow& row) {
            notice(fmt::format("batch {:>5}: {:.1f} µs a call with BN", row.batch, row.bn_us));
        };
    }
    json rows = json::array();
    TextTable table({"batch", "plain µs", "with BN µs", "BN/plain", "rows/s plain", "rows/s with BN"}, "rrrrrr");
    for (const BenchPredictRow& r : bench_predict(options)) {
        const double plain_rate = 1e6 * static_cast<double>(r.batch) / r.plain_us;
        const double bn_rate = 1e6 * static_cast<double>(r.batch) / r.bn_us;
        rows.push_back({{"batch", r.batch},
                        {"plain_us", r.plain_us},
                        {"bn_us", r.bn_us},
                        {"plain_rows_per_s", plain_rate},
                        {"bn_rows_per_s", bn_rate}});
        table.add({fmt::format("{}", r.batch), fmt::format("{:.1f}", r.plain_us), fmt::format("{:.1f}", r.bn_us),
                   fmt::format("{:.2f}", r.bn_us / r.plain_us), rate(plain_rate), rate(bn_rate)});
    }
    if (o.json) {
        print(text_of(header.with({{"rows", rows}})));
        return done;
    }
    print("\n" + bold("Predictions of the lecture's network on one thread, from bytes to probabilities") + "\n\n" +
          table.text() + dim("  a call: one Predictor::predict; medians, the two alternating in one run\n"));
    return done;
}

}  // namespace

void add_bench_predict(CLI::App& bench, Action& chosen) {
    auto options = std::make_shared<PredictOptions>();
    CLI::App* sub = bench.add_subcommand("predict", "Time of a prediction, with and without normalization");
    add_whole_list(*sub, "--batches", options->batches, 1, 60000, "rows of a call");
    add_whole(*sub, "--repeats", options->repeats, 1, 100000, "rounds of which the median call counts");
    add_output_flags(*sub, options->json, &options->quiet);
    sub->footer(R"(First both networks learn a little, and it is checked that they did and that a row predicts the same
alone and in a batch; then calls are timed.
--json: rows [{batch, plain_us, bn_us, plain_rows_per_s, bn_rows_per_s}].

Examples:
  evenkeel bench predict
  evenkeel bench predict --batches 1 --json)");
    sub->callback([options, &chosen] { chosen = [options] { return run_predict_bench(*options); }; });
}

}  // namespace evenkeel::cli
