#include "bench.hpp"

namespace evenkeel::cli {

void add_bench(CLI::App& app, Action& chosen) {
    CLI::App* bench = app.add_subcommand("bench", "Measures the engine on this machine");
    bench->require_subcommand(1);
    add_bench_step(*bench, chosen);
    add_bench_batchnorm(*bench, chosen);
    add_bench_predict(*bench, chosen);
    add_bench_job(*bench, chosen);
}

}  // namespace evenkeel::cli
