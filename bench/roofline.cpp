// The parts of a training step below this processor's roofs (Williams, Waterman and Patterson 2009): what does so many operations
// on so many bytes takes no less time than the processor needs for the one or for the other. The lecture's network with batch
// normalization, one thread. First it is checked that the parts make a step: the same weights as a plan's, to the last bit. Then
// roofs, parts (a clock stands between them) and whole steps are measured in turns; times are medians.
//
//   bench_roofline --data mnist
//   bench_roofline --data mnist --batches 128 --json | python3 bench/roofline.py >docs/performance-roofline.svg

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/signals.hpp"
#include "core/threads.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/open.hpp"
#include "evenkeel/study/bench.hpp"
#include "kernels/peak.hpp"
#include "kernels/streams.hpp"
#include "step_parts.hpp"
#include "study/bench_time.hpp"
#include "study/stepper.hpp"

namespace {

using namespace evenkeel;
using nlohmann::json;

const std::vector<std::int64_t> hidden = {128, 64};  // of the lecture's network, as in StepParts

/// A limit of the processor: so many operations or bytes in a run.
struct Roof {
    std::string name;
    double amount;
    std::function<void()> run;
    std::vector<double> us = {};

    void measure() {
        run();  // what was measured before pushed its data out of their cache
        us.push_back(time_call(run));
    }
    double per_us() const { return amount / median(us); }
};

volatile float unwanted;  // so that nothing is left out

Roof arithmetic() {
    constexpr std::int64_t multiply_adds = 2'000'000;
    return {"arithmetic", 2.0 * multiply_adds, [] { unwanted = kernels::multiply_adds(multiply_adds); }};
}

/// Reading of so many bytes, again and again.
Roof reading(const char* name, std::int64_t bytes) {
    const std::int64_t numbers = bytes / 8, passes = std::max<std::int64_t>(1, (1 << 20) / bytes);
    const auto x = std::make_shared<Buffer<float>>(2 * numbers);
    return {name, static_cast<double>(passes * bytes), [=] {
                for (std::int64_t i = 0; i < passes; ++i)
                    unwanted = kernels::read_streams(numbers, x->data(), x->data() + numbers);
            }};
}

/// As a plan does: signals wait for the end of the step, and OpenMP has one thread.
template <typename Each>
void run(const bench::StepParts& parts, const Each& each) {
    const SignalsDeferred quiet;
    const SingleThreadedOpenMP alone;
    std::for_each(parts.pieces().begin(), parts.pieces().end(), each);
}

void check(const Examples& images, std::int64_t batch, ThreadPool& pool) {
    bench::StepParts parts(images, batch);
    Stepper whole(images, hidden, true, batch, pool);
    for (int s = 0; s < 20; ++s) {
        run(parts, [](const auto& piece) { piece.run(); });
        whole.step();
    }
    if (!same_values(parts.values(), whole.values()))
        fail_work("bench_roofline", "the weights of a plan's steps from the steps' parts", "others");
}

json measure(const Examples& images, std::int64_t batch, int repeats) {
    if (batch > images.rows())
        fail_input("--batches", fmt::format("at most {} rows", images.rows()), fmt::format("{}", batch));
    ThreadPool pool(1);
    check(images, batch, pool);
    // Well within the caches of processors of today, and well above them.
    std::vector<Roof> roofs = {arithmetic(), reading("L1", 16 << 10), reading("L2", 192 << 10), reading("L3", 4 << 20),
                               reading("memory", 256 << 20)};
    bench::StepParts parts(images, batch);
    Stepper stepper(images, hidden, true, batch, pool);
    std::vector<std::vector<double>> part_us(parts.parts().size());
    std::vector<double> flop(part_us.size()), bytes(part_us.size()), step_us;
    constexpr int steps_together = 4;  // the first of them finds its weights elsewhere
    for (int r = 0; r < repeats; ++r) {
        for (Roof& roof : roofs) {
            if (roof.name != "memory" || r % 8 == 0) roof.measure();
        }
        for (int s = 0; s < steps_together; ++s) {
            std::vector<double> us(part_us.size());
            run(parts, [&](const auto& piece) { us[piece.part] += time_call(piece.run); });
            for (std::size_t p = 0; p < us.size(); ++p) part_us[p].push_back(us[p]);
        }
        for (std::size_t p = 0; p < flop.size(); ++p) {
            flop[p] += parts.parts()[p].flop() / repeats;
            bytes[p] += parts.parts()[p].bytes() / repeats;
        }
        for (int s = 0; s < steps_together; ++s) step_us.push_back(time_call([&] { stepper.step(); }));
    }
    const auto us_at = [&](const char* name, double amount) {
        return amount /
               std::find_if(roofs.begin(), roofs.end(), [&](const Roof& r) { return r.name == name; })->per_us();
    };
    json result = {{"batch", batch}, {"step_us", median(step_us)}, {"roofs", json::array()}, {"parts", json::array()}};
    for (const Roof& roof : roofs)
        result["roofs"].push_back({{"name", roof.name}, {"giga_per_s", roof.per_us() / 1e3}});
    for (std::size_t p = 0; p < part_us.size(); ++p) {
        const auto& part = parts.parts()[p];
        const char* from = part.from_memory ? "memory" : "L1";
        const double at_peak = us_at("arithmetic", flop[p]), read = us_at(from, bytes[p]);
        result["parts"].push_back({{"name", part.name},
                                   {"flop", flop[p]},
                                   {"bytes", bytes[p]},
                                   {"from", from},
                                   {"arithmetic_us", at_peak},
                                   {"reading_us", read},
                                   {"reading_from_l2_us", part.from_memory ? 0 : us_at("L2", bytes[p])},
                                   {"roof_us", std::max(at_peak, read)},
                                   {"us", median(part_us[p])}});
    }
    return result;
}

void print_table(const json& batch) {
    fmt::print("\nBatch {}, roofs:", batch["batch"].get<std::int64_t>());
    for (const auto& roof : batch["roofs"]) {
        const auto name = roof["name"].get<std::string>();
        fmt::print(" {} {:.0f} {}", name, roof["giga_per_s"].get<double>(),
                   name == "arithmetic" ? "GFLOP/s ·" : "GB/s");
    }
    fmt::print("\n\n  {:<32}{:>7}{:>7}{:>8}{:>12}{:>9}{:>8}{:>10}{:>9}\n", "part", "MFLOP", "MB", "FLOP/B",
               "arithmetic", "L1", "L2", "measured", "of roof");
    double sum = 0, floor = 0;
    for (const auto& p : batch["parts"]) {
        const auto get = [&](const char* key) { return p[key].get<double>(); };
        fmt::print("  {:<32}{:>7.2f}{:>7.2f}{:>8.2f}{:>12.1f}{:>8.1f}{}{:>8.1f}{:>10.1f}{:>9.2f}\n",
                   p["name"].get<std::string>(), get("flop") / 1e6, get("bytes") / 1e6,
                   get("bytes") > 0 ? get("flop") / get("bytes") : 0, get("arithmetic_us"), get("reading_us"),
                   p["from"] == "memory" ? "*" : " ", get("reading_from_l2_us"), get("us"),
                   get("us") > 0 ? get("roof_us") / get("us") : 0);
        sum += get("us");
        floor += get("roof_us");
    }
    for (const auto& [name, us] : {std::pair{"all parts", sum}, {"a step", batch["step_us"].get<double>()}})
        fmt::print("  {:<32}{:>61.1f}{:>9.2f}\n", name, us, floor / us);
}

}  // namespace

int main(int argc, char** argv) {
    std::string data;
    std::vector<std::int64_t> batches = {32, 128, 512};
    int repeats = 200;
    bool as_json = false;
    CLI::App app("The parts of a training step below this processor's roofs");
    app.add_option("--data", data, "images of ten classes; else made-up ones");
    app.add_option("--batches", batches, "rows of a batch")->delimiter(',')->check(CLI::Range(2, 8192));
    app.add_option("--repeats", repeats, "measurements of which each time is the median")->check(CLI::Range(1, 100000));
    app.add_flag("--json", as_json, "one JSON document");
    CLI11_PARSE(app, argc, argv);
    try {
        const Examples images = data.empty() ? bench_images() : open_dataset(data).train;
        check_images_to_step(images);
        json all = {{"data", data}, {"batches", json::array()}};
        for (const std::int64_t batch : batches) {
            all["batches"].push_back(measure(images, batch, repeats));
            if (!as_json) print_table(all["batches"].back());
        }
        fmt::print("{}\n",
                   as_json
                       ? all.dump(1)
                       : "\nIn µs. arithmetic, L1, L2: what a part would take at that roof (*: memory's); of roof: the "
                         "higher of\nthe first two, as a share of what was measured.");
        return 0;
    } catch (const Error& e) {
        fmt::print(stderr, "{}\n", e.what());
        return 2;
    }
}
