// Google Benchmark of whole training steps, warm and cold. `evenkeel bench step` compares them with their products.
//
//   bench_steps --benchmark_filter='bn/128'
//
// And of the products alone beside the products of a random batch, whose bytes have to become floats first: what a step on
// noise cannot go below while it multiplies with oneDNN.
//
//   bench_steps --benchmark_filter=products --benchmark_enable_random_interleaving=true --benchmark_repetitions=15

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include "cold_cache.hpp"
#include "evenkeel/data/batches.hpp"
#include "evenkeel/study/bench.hpp"
#include "kernels/gather.hpp"
#include "study/bench_products.hpp"
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

void products(benchmark::State& state, std::int64_t batch, bool fed) {
    constexpr std::int64_t features = 784;
    ThreadPool pool(1);
    StepProducts work({features, 128, 64, 10}, batch, pool);
    BatchOrder order(images().rows(), batch, 0, true);
    order.epoch(0);
    Buffer<float> scale(features);
    std::fill_n(scale.data(), features, 1.0F / 255);
    kernels::GatherSource source;
    source.bytes = std::get<std::vector<std::uint8_t>>(images().values).data();
    source.features = features;
    source.scale = scale.data();
    std::int64_t at = 0;
    const auto feed = [&] {
        source.rows = order.batch(at).data();
        kernels::gather(source, 0, batch, work.inputs());
        at = (at + 1) % (images().rows() / batch);
        source.rows = order.batch(at).data();
        kernels::prefetch_rows(source, 0, batch);
    };
    feed();
    const float pixel = static_cast<float>(source.bytes[order.batch(0)[0] * features + 100]) / 255;
    if (std::abs(work.inputs()[100] - pixel) > 1e-6F) return state.SkipWithError("other numbers than the batch has");
    for (auto _ : state) {
        if (fed) feed();
        work.run();
        benchmark::ClobberMemory();
    }
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
    for (const std::int64_t batch : {32, 128, 512}) {
        for (const bool fed : {false, true}) {
            const auto name = fmt::format("products/{}/{}", fed ? "fed" : "alone", batch);
            benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& s) {
                products(s, batch, fed);
            })->Unit(benchmark::kMicrosecond);
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
