// Google Benchmark of whole training steps, warm and cold. `evenkeel bench step` compares them with their products.
//
//   bench_steps --benchmark_filter='bn/128'

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>

#include "cold_cache.hpp"
#include "evenkeel/study/bench.hpp"
#include "study/stepper.hpp"

namespace {

using namespace evenkeel;

const Examples& images() {
    static const Examples all = bench_images();
    return all;
}

void steps(benchmark::State& state, bool normalize, std::int64_t batch, int threads, bool cold) {
    ThreadPool pool(threads);
    Stepper stepper(images(), {128, 64}, normalize, batch, pool);
    const double first = stepper.step();
    double loss = first;
    for (int s = 0; s < 100; ++s) loss = stepper.step();
    if (!(loss < first)) return state.SkipWithError("the loss does not fall");
    for (auto _ : state) {
        if (cold) {
            state.PauseTiming();
            bench::empty_caches();
            state.ResumeTiming();
        }
        benchmark::DoNotOptimize(stepper.step());
    }
    state.SetItemsProcessed(state.iterations() * batch);
}

}  // namespace

int main(int argc, char** argv) {
    for (const bool cold : {false, true}) {
        for (const bool normalize : {false, true}) {
            for (const std::int64_t batch : {32, 128, 512}) {
                for (const int threads : {1, 2}) {
                    const auto name = fmt::format("step/{}/{}/threads:{}/{}", normalize ? "bn" : "plain", batch,
                                                  threads, cold ? "cold" : "warm");
                    auto* b = benchmark::RegisterBenchmark(
                        name.c_str(), [=](benchmark::State& s) { steps(s, normalize, batch, threads, cold); });
                    b->UseRealTime()->Unit(benchmark::kMicrosecond);
                    if (cold) b->Iterations(30);
                }
            }
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
