// The parts of a training step below this processor's roofs (Williams, Waterman and Patterson 2009): what does so many operations
// on so many bytes takes no less time than the processor needs for the one or for the other. The lecture's network with batch
// normalization, one thread. First it is checked that the parts make a step: the same weights as a plan's, to the last bit. Then
// roofs, parts (a clock stands between them) and whole steps are measured in turns; times are medians.
//
//   bench_roofline --data mnist
//   bench_roofline --batches 128 --json | python3 bench/roofline.py >docs/performance-roofline.svg

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
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

/// A limit of the processor: operations or bytes a microsecond.
class Roof {
  public:
    /// Of arithmetic on registers.
    Roof() : name_("arithmetic"), amount_(2.0 * multiply_adds) {}
    /// Of reading what lies there, as much as `bytes`.
    Roof(const char* name, std::int64_t bytes)
        : name_(name),
          numbers_(bytes / 8),
          passes_(std::max<std::int64_t>(1, (1 << 20) / bytes)),
          amount_(static_cast<double>(passes_ * bytes)),
          x_(numbers_),
          y_(numbers_) {}

    void measure() {
        read();  // what was measured before pushed it out of its cache
        us_.push_back(time_call([&] {
            if (numbers_ == 0) sum_ = kernels::multiply_adds(multiply_adds);
            for (std::int64_t i = 0; i < passes_; ++i) read();
        }));
    }
    void forget() { us_.clear(); }
    const std::string& name() const { return name_; }
    double per_us() const { return amount_ / median(us_); }

  private:
    void read() { sum_ = kernels::read_streams(numbers_, x_.data(), y_.data()); }

    static constexpr std::int64_t multiply_adds = 2'000'000;
    std::string name_;
    std::int64_t numbers_ = 0, passes_ = 0;
    double amount_;
    Buffer<float> x_, y_;
    std::vector<double> us_;
    volatile float sum_ = 0;  // so that nothing is left out
};

bool same_bits(const Buffer<float>& a, const Buffer<float>& b) {
    return std::ranges::equal(std::as_bytes(a.span()), std::as_bytes(b.span()));
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
    Stepper whole(images, {128, 64}, true, batch, pool);
    for (int s = 0; s < 20; ++s) {
        run(parts, [](const auto& piece) { piece.run(); });
        whole.step();
    }
    if (!same_bits(parts.values().weights, whole.values().weights) ||
        !same_bits(parts.values().statistics, whole.values().statistics)) {
        fail_work("bench_roofline", "the weights of a plan's steps from the steps' parts", "others");
    }
}

json measure(const Examples& images, std::int64_t batch, int repeats) {
    ThreadPool pool(1);
    check(images, batch, pool);
    // Half of the smallest caches there are, and well above all of them.
    std::vector<std::unique_ptr<Roof>> roofs;
    roofs.push_back(std::make_unique<Roof>());
    for (const auto& [name, bytes] :
         {std::pair{"L1", 16 << 10}, {"L2", 192 << 10}, {"L3", 4 << 20}, {"memory", 256 << 20}})
        roofs.push_back(std::make_unique<Roof>(name, bytes));
    bench::StepParts parts(images, batch);
    Stepper stepper(images, {128, 64}, true, batch, pool);
    std::vector<std::vector<double>> part_us(parts.parts().size());
    std::vector<double> flop(part_us.size()), bytes(part_us.size()), step_us;
    constexpr int steps_together = 4;  // the first of them finds its weights elsewhere
    for (int r = -1; r < repeats; ++r) {
        for (auto& roof : roofs) {
            if (roof->name() != "memory" || r % 8 == 0) roof->measure();
        }
        for (int s = 0; s < steps_together; ++s) {
            std::vector<double> us(part_us.size());
            run(parts, [&](const auto& piece) { us[piece.part] += time_call(piece.run); });
            for (std::size_t p = 0; r >= 0 && p < us.size(); ++p) part_us[p].push_back(us[p]);
        }
        for (std::size_t p = 0; r >= 0 && p < flop.size(); ++p) {
            flop[p] += parts.parts()[p].flop() / repeats;
            bytes[p] += parts.parts()[p].bytes() / repeats;
        }
        for (int s = 0; s < steps_together; ++s) {
            const double us = time_call([&] { stepper.step(); });
            if (r >= 0) step_us.push_back(us);
        }
        if (r < 0) std::for_each(roofs.begin(), roofs.end(), [](auto& roof) { roof->forget(); });
    }
    json result = {{"batch", batch}, {"step_us", median(step_us)}, {"roofs", json::array()}, {"parts", json::array()}};
    for (const auto& roof : roofs)
        result["roofs"].push_back({{"name", roof->name()}, {"giga_per_s", roof->per_us() / 1e3}});
    for (std::size_t p = 0; p < part_us.size(); ++p) {
        const auto& part = parts.parts()[p];
        const double reading = bytes[p] / roofs[part.from_memory ? 4 : 1]->per_us();
        const double arithmetic = flop[p] / roofs[0]->per_us();
        result["parts"].push_back({{"name", part.name},
                                   {"flop", flop[p]},
                                   {"bytes", bytes[p]},
                                   {"from", part.from_memory ? "memory" : "L1"},
                                   {"arithmetic_us", arithmetic},
                                   {"reading_us", reading},
                                   {"reading_from_l2_us", part.from_memory ? 0 : bytes[p] / roofs[2]->per_us()},
                                   {"roof_us", std::max(arithmetic, reading)},
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
