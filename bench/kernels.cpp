// Google Benchmark of the normalization kernels over the sizes in shapes.txt, warm and cold, and of the sums of a sparse first
// layer; each result compared with the formulas in double before it is timed. `evenkeel bench batchnorm` compares
// normalization with the memory's speed.
//
//   bench_kernels --benchmark_filter='moments/.*/warm'      EVENKEEL_BENCH_SHAPES=FILE for other sizes

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "cold_cache.hpp"
#include "evenkeel/core/random.hpp"
#include "kernels/batch_normalization.hpp"
#include "kernels/turned.hpp"

namespace {

using namespace evenkeel;

struct Block {
    Block(std::int64_t rows_, std::int64_t channels_) : rows(rows_), channels(channels_) {
        const Random random(0, purpose_of("bench kernels"));
        for (Buffer<float>* b : {&x, &dy, &y}) *b = Buffer<float>(rows * channels);
        for (Buffer<float>* b : {&high, &low, &scale, &shift, &slope}) *b = Buffer<float>(channels);
        for (Buffer<double>* b : {&mean, &m2, &sum, &sum_xhat}) *b = Buffer<double>(channels);
        for (std::int64_t i = 0; i < x.size(); ++i) {
            x[i] = 3 + static_cast<float>(random.uniform(static_cast<std::uint64_t>(i)));
            dy[i] = x[i] - 3.25F;
        }
        for (std::int64_t c = 0; c < channels; ++c) high[c] = 3.5F, scale[c] = 2.0F, shift[c] = 0.5F, slope[c] = 0.25F;
    }
    std::int64_t rows, channels;
    Buffer<float> x, dy, y, high, low, scale, shift, slope;
    Buffer<double> mean, m2, sum, sum_xhat;

    void moments() { kernels::block_moments(rows, channels, x.data(), mean.data(), m2.data()); }
    void normalize() {
        kernels::block_normalize(rows, channels, x.data(), high.data(), low.data(), scale.data(), shift.data(), false,
                                 y.data());
    }
    void backward_sums() {
        kernels::block_backward_sums(rows, channels, x.data(), {high.data(), low.data(), scale.data()}, nullptr,
                                     dy.data(), dy.data(), sum.data(), sum_xhat.data());
    }
    void backward_input() {
        kernels::block_backward_input(rows, channels, x.data(), high.data(), low.data(), scale.data(), shift.data(),
                                      slope.data(), dy.data(), y.data());
    }

    /// Whether the last channel is what the formulas say.
    bool moments_right() const {
        const std::int64_t c = channels - 1;
        double m = 0, squares = 0;
        for (std::int64_t r = 0; r < rows; ++r) m += x[r * channels + c] / static_cast<double>(rows);
        for (std::int64_t r = 0; r < rows; ++r) squares += std::pow(x[r * channels + c] - m, 2);
        return std::abs(mean[c] - m) < 1e-6 && std::abs(m2[c] - squares) < 1e-5 * squares;
    }
    bool normalize_right() const {
        const std::int64_t i = x.size() - 1;
        return std::abs(y[i] - (2.0 * (x[i] - 3.5) + 0.5)) < 1e-6;
    }
    bool backward_sums_right() const {
        const std::int64_t c = channels - 1;
        double s = 0, p = 0;
        for (std::int64_t r = 0; r < rows; ++r) {
            s += dy[r * channels + c];
            p += dy[r * channels + c] * (x[r * channels + c] - 3.5) * 2;
        }
        const double bound = 1e-6 * static_cast<double>(rows);
        return std::abs(sum[c] - s) < bound && std::abs(sum_xhat[c] - p) < bound;
    }
    bool backward_input_right() const {
        const std::int64_t i = x.size() - 1;
        return std::abs(y[i] - 2.0 * (dy[i] - 0.5 - (x[i] - 3.5) * 0.25)) < 1e-6;
    }
};

struct Kernel {
    const char* name;
    int streams;
    void (Block::*run)();
    bool (Block::*right)() const;
};
constexpr Kernel all_kernels[] = {{"moments", 1, &Block::moments, &Block::moments_right},
                                  {"normalize", 2, &Block::normalize, &Block::normalize_right},
                                  {"backward_sums", 2, &Block::backward_sums, &Block::backward_sums_right},
                                  {"backward_input", 3, &Block::backward_input, &Block::backward_input_right}};

void time_kernel(benchmark::State& state, const Kernel& kernel, std::int64_t rows, std::int64_t channels, bool cold) {
    Block block(rows, channels);
    (block.*kernel.run)();
    if (!(block.*kernel.right)()) return state.SkipWithError("a wrong result");
    for (auto _ : state) {
        if (cold) {
            state.PauseTiming();
            bench::empty_caches();
            state.ResumeTiming();
        }
        (block.*kernel.run)();
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * kernel.streams * rows * channels * 4);
}

// The first layer's product for a block of digits, 32 rows × 784 pixels × 128 units, where a quarter of all threes of pixels is not zero
// and all threes have as many rows, so that no branch is guessed wrongly.
void time_turned_product(benchmark::State& state) {
    constexpr std::int64_t rows = 32, features = 784, units = 128;
    std::vector<std::uint8_t> bytes(rows * features);
    Buffer<float> weights(features * units), y(rows * units);
    for (std::int64_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 7) - 3;
    double sum = 0;  // of the last row and unit
    std::int64_t products = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t f = 0; f < features; ++f) {
            const std::int64_t three = f / kernels::features_of_three;
            if ((three + r) % 4 != 0) continue;
            bytes[r * features + f] = static_cast<std::uint8_t>(1 + f % 5);
            products += units;
            if (r + 1 == rows) sum += bytes[r * features + f] * static_cast<double>(weights[f * units + units - 1]);
        }
    }
    std::vector<std::uint8_t> turned(rows * kernels::threes_of(features) * kernels::features_of_three);
    std::vector<std::uint16_t> masks(kernels::tiles_of(rows) * kernels::threes_of(features));
    const kernels::TurnedRows x{.features = features, .bytes = turned.data(), .masks = masks.data()};
    kernels::GatherSource source;
    source.bytes = bytes.data();
    source.features = features;
    for (std::int64_t t = 0; t < kernels::tiles_of(rows); ++t) kernels::turn_tile(source, rows, t, x);
    const auto product = [&] { kernels::turned_product(x, 0, rows, {features}, units, weights.data(), y.data()); };
    product();
    if (y[y.size() - 1] != static_cast<float>(sum)) return state.SkipWithError("a wrong result");
    for (auto _ : state) {
        product();
        benchmark::ClobberMemory();
    }
    state.counters["multiply-adds"] =
        benchmark::Counter(static_cast<double>(products), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

int main(int argc, char** argv) {
    const char* given = std::getenv("EVENKEEL_BENCH_SHAPES");
    const char* path = given != nullptr ? given : EVENKEEL_BENCH_SHAPES;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::int64_t rows = 0, channels = 0;
        if (!(std::istringstream(line) >> rows >> channels) || rows < 2 || channels < 1) {
            std::fprintf(stderr, "[%s] expected rows and channels, got \"%s\"\n", path, line.c_str());
            return 2;
        }
        for (const Kernel& kernel : all_kernels) {
            for (const bool cold : {false, true}) {
                const auto name = fmt::format("{}/{}x{}/{}", kernel.name, rows, channels, cold ? "cold" : "warm");
                auto* b = benchmark::RegisterBenchmark(
                    name.c_str(), [=](benchmark::State& s) { time_kernel(s, kernel, rows, channels, cold); });
                b->Unit(benchmark::kMicrosecond);
                if (cold) b->Iterations(10);
            }
        }
    }
    benchmark::RegisterBenchmark("turned_product", time_turned_product)->Unit(benchmark::kMicrosecond);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    if (benchmark::RunSpecifiedBenchmarks() == 0) {
        std::fprintf(stderr, "[%s] expected sizes or a filter that leaves some, got none\n", path);
        return 2;
    }
    return 0;
}
