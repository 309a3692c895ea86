// Google Benchmark of whole training steps over the sizes in steps.txt, warm and cold. `evenkeel bench step` compares them with
// their products.
//
//   bench_steps --benchmark_filter='bn/128,64/128'      EVENKEEL_BENCH_STEPS=FILE for other sizes
//
// And of the products alone; of products of a random batch, whose bytes have to become floats first (`fed`): what a step on noise
// cannot go below while it multiplies with oneDNN; and of such products in the blocks of a plan (`cut`), as bits need them that
// are the same for any number of threads. A step of the deep network does go below those: it turns each W once, not once a block.
//
//   bench_steps --benchmark_filter=products --benchmark_enable_random_interleaving=true --benchmark_repetitions=15

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
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

/// A network's hidden layers, as they are written in the file, and a batch.
struct Size {
    std::string network;
    std::vector<std::int64_t> hidden;
    std::int64_t batch = 0;
};

/// "128,64", or "20x100" for 20 layers of 100 units; none where it is neither.
std::vector<std::int64_t> widths_of(const std::string& network) {
    std::vector<std::int64_t> widths;
    std::istringstream in(network + ',');
    std::int64_t number = 0, layers = 1;
    for (char behind = 0; in >> number >> behind;) {
        const bool separated = behind == ',' || (behind == 'x' && layers == 1);
        if (number < 1 || number > 10000 || !separated) return {};
        if (behind == ',') widths.insert(widths.end(), static_cast<std::size_t>(layers), number);
        layers = behind == 'x' ? number : 1;
    }
    return in.eof() ? widths : std::vector<std::int64_t>();
}

std::optional<Size> size_of(const std::string& line) {
    Size size;
    std::string more;
    std::istringstream in(line);
    if (!(in >> size.network >> size.batch) || in >> more) return {};
    size.hidden = widths_of(size.network);
    if (size.hidden.empty() || size.batch < 2 || size.batch > images().rows()) return {};
    return size;
}

void steps(benchmark::State& state, const Size& size, bool normalize, int threads, bool cold) {
    ThreadPool pool(threads);
    Stepper stepper(images(), size.hidden, normalize, size.batch, pool);
    const double first = stepper.step();
    double loss = 0;  // of the last ten steps: a plain network's jumps from one to the next
    for (int s = 0; s < 100; ++s) {
        const double now = stepper.step();
        if (s >= 90) loss += now / 10;
    }
    // A deep network without normalization is known not to learn in so few steps.
    const bool must_learn = normalize || size.hidden.size() <= 5;
    if (must_learn && !(loss < first)) return state.SkipWithError("the loss does not fall");
    for (auto _ : state) {
        if (cold) {
            state.PauseTiming();
            bench::empty_caches();
            state.ResumeTiming();
        }
        benchmark::DoNotOptimize(stepper.step());
    }
    state.SetItemsProcessed(state.iterations() * size.batch);
}

/// Whether it is the sum of n products, but for rounding.
template <typename Product>
bool is_sum(float value, std::int64_t n, const Product& product) {
    double sum = 0, size = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        sum += product(i);
        size += std::abs(product(i));
    }
    return std::abs(value - sum) <= 1e-5 * size;
}

/// Whether z = x·W and xᵀ·dz at the edges and in the middle are what the formulas say.
bool products_right(const StepProducts::FirstLayer& l, std::int64_t rows) {
    for (const std::int64_t u : {std::int64_t{0}, l.units - 1}) {
        for (const std::int64_t r : {std::int64_t{0}, rows / 2, rows - 1}) {
            const auto product = [&](std::int64_t i) {
                return static_cast<double>(l.x[r * l.inputs + i]) * l.weights[i * l.units + u];
            };
            if (!is_sum(l.z[r * l.units + u], l.inputs, product)) return false;
        }
        for (const std::int64_t i : {std::int64_t{0}, l.inputs / 2, l.inputs - 1}) {
            const auto product = [&](std::int64_t r) {
                return static_cast<double>(l.x[r * l.inputs + i]) * l.z_gradient[r * l.units + u];
            };
            if (!is_sum(l.gradient[i * l.units + u], rows, product)) return false;
        }
    }
    return true;
}

void products(benchmark::State& state, const Size& size, bool fed, bool cut) {
    constexpr std::int64_t features = 784;
    const std::int64_t batch = size.batch;
    std::vector<std::int64_t> widths = {features};
    widths.insert(widths.end(), size.hidden.begin(), size.hidden.end());
    widths.push_back(classes_to_step);
    ThreadPool pool(1);
    StepProducts work(widths, batch, cut, pool);
    float* x = work.first_layer().x;
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
        kernels::gather(source, 0, batch, x);
        at = (at + 1) % (images().rows() / batch);
        source.rows = order.batch(at).data();
        kernels::prefetch_rows(source, 0, batch);
    };
    feed();
    const float pixel = static_cast<float>(source.bytes[order.batch(0)[0] * features + 100]) / 255;
    if (std::abs(x[100] - pixel) > 1e-6F) return state.SkipWithError("other numbers than the batch has");
    work.run();
    if (!products_right(work.first_layer(), batch)) return state.SkipWithError("a wrong product");
    for (auto _ : state) {
        if (fed) feed();
        work.run();
        benchmark::ClobberMemory();
    }
}

void register_steps(const Size& size) {
    for (const bool cold : {false, true}) {
        for (const bool normalize : {false, true}) {
            for (const int threads : {1, 2}) {
                const auto name = fmt::format("step/{}/{}/{}/threads:{}/{}", normalize ? "bn" : "plain", size.network,
                                              size.batch, threads, cold ? "cold" : "warm");
                auto* b = benchmark::RegisterBenchmark(
                    name.c_str(), [=](benchmark::State& s) { steps(s, size, normalize, threads, cold); });
                b->UseRealTime()->Unit(benchmark::kMicrosecond);
                if (cold) b->Iterations(30);
            }
        }
    }
}

void register_products(const Size& size) {
    for (const char* kind : {"alone", "fed", "cut"}) {
        const bool cut = kind == std::string("cut"), fed = cut || kind == std::string("fed");
        const auto name = fmt::format("products/{}/{}/{}", kind, size.network, size.batch);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& s) {
            products(s, size, fed, cut);
        })->Unit(benchmark::kMicrosecond);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const char* given = std::getenv("EVENKEEL_BENCH_STEPS");
    const char* path = given != nullptr ? given : EVENKEEL_BENCH_STEPS;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        const std::optional<Size> size = size_of(line);
        if (!size) {
            std::fprintf(stderr, "[%s] expected hidden layers and a batch, such as 128,64 32, got \"%s\"\n", path,
                         line.c_str());
            return 2;
        }
        register_steps(*size);
        register_products(*size);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    if (benchmark::RunSpecifiedBenchmarks() == 0) {
        std::fprintf(stderr, "[%s] expected sizes or a filter that leaves some, got none\n", path);
        return 2;
    }
    return 0;
}
