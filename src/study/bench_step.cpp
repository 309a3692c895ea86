#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/threads.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"
#include "evenkeel/study/bench.hpp"
#include "kernels/peak.hpp"
#include "study/bench_products.hpp"
#include "study/bench_time.hpp"
#include "study/stepper.hpp"

namespace evenkeel {
namespace {

/// A fast step that learns nothing, or something else with two threads, would be worth no measurement.
void check_learning(const Examples& images, const std::vector<std::int64_t>& hidden, bool normalize, std::int64_t batch,
                    const std::vector<int>& threads) {
    constexpr int steps = 60;
    const char* name = normalize ? "bench: with BN" : "bench: plain";
    ThreadPool alone(1);
    Stepper reference(images, hidden, normalize, batch, alone);
    double first = 0, last = 0;
    for (int s = 0; s < steps; ++s) {
        const double loss = reference.step();
        (s < 10 ? first : last) += s < 10 || s >= steps - 10 ? loss / 10 : 0;
    }
    // A deep network without normalization is known not to learn in so few steps.
    const bool must_learn = normalize || hidden.size() <= 5;
    if (must_learn && !(last < first))
        fail_work(name, "a loss that falls", fmt::format("{:.4f} after {:.4f}", last, first));
    for (const int count : threads) {
        ThreadPool pool(count);
        Stepper other(images, hidden, normalize, batch, pool);
        for (int s = 0; s < steps; ++s) other.step();
        if (!same_values(reference.values(), other.values()))
            fail_work(name, "the bits of one thread", fmt::format("others with {} threads", count));
    }
}

/// Adds the microseconds of each call, or the mean of so many together. The first calls only warm the caches. Each is timed by
/// itself unless it is asked for otherwise, so that the median passes over those in which the machine did something else.
template <typename Step>
void time_calls(int calls, int together, const Step& step, std::vector<double>& microseconds) {
    const auto all = [&] {
        for (int i = 0; i < together; ++i) step();
    };
    for (int i = 0; i < 3; ++i) step();
    for (int i = 0; i < std::max(3, calls / together); ++i) microseconds.push_back(time_call(all) / together);
}

/// Of all images, the share of bytes that are not zero.
double share_of_numbers(const Examples& images) {
    const auto& bytes = std::get<std::vector<std::uint8_t>>(images.values);
    const auto zeros = std::count(bytes.begin(), bytes.end(), std::uint8_t{0});
    return 1.0 - static_cast<double>(zeros) / static_cast<double>(bytes.size());
}

/// x·W and xᵀ·∂C/∂z of each layer, and ∂C/∂z·Wᵀ of all but the first.
std::int64_t multiply_adds_of_step(const std::vector<std::int64_t>& widths, std::int64_t batch, double share) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i)
        sum += (i == 0 ? 2 * share : 3.0) * static_cast<double>(batch * widths[i] * widths[i + 1]);
    return static_cast<std::int64_t>(sum);
}

/// share: of the images' numbers, what is not zero.
BenchStepRow measure(const Examples& images, std::int64_t batch, int threads, const BenchStepOptions& options,
                     double share) {
    ThreadPool pool(threads);
    std::vector<std::int64_t> widths = {elements(images.shape, "bench")};
    widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
    widths.push_back(classes_to_step);
    StepProducts products(widths, batch, threads > 1, pool);
    Stepper plain(images, options.hidden, false, batch, pool), normalized(images, options.hidden, true, batch, pool);
    const std::int64_t multiply_adds_of_thread = multiply_adds_of_step(widths, batch, share) / threads;
    const int calls = static_cast<int>(std::clamp<std::int64_t>(2048 / batch, 4, 32));
    std::vector<float> sums(static_cast<std::size_t>(threads));
    const auto peak = [&] {
        pool.use(threads);  // a step before may have left it at fewer
        pool.run(threads, [&](std::int64_t i) {
            sums[static_cast<std::size_t>(i)] = kernels::multiply_adds(multiply_adds_of_thread);
        });
    };
    std::vector<double> peak_us, gemm_us, plain_us, bn_us;
    const auto time = [&](const auto& call, std::vector<double>& us) { time_calls(calls, options.together, call, us); };
    for (int r = 0; r < options.repeats; ++r) {  // alternating, so that the machine's moods hit all four
        time(peak, peak_us);
        time([&] { products.run(); }, gemm_us);
        time([&] { plain.step(); }, plain_us);
        time([&] { normalized.step(); }, bn_us);
    }
    return {batch, threads, median(peak_us), median(gemm_us), median(plain_us), median(bn_us)};
}

void check_input(const Examples& images, const BenchStepOptions& options) {
    check_images_to_step(images);
    for (const std::int64_t batch : options.batches) {
        if (batch < 2 || batch > images.rows())
            fail_input("bench.batches", fmt::format("2 to {} rows", images.rows()), fmt::format("{}", batch));
    }
    for (const int threads : options.threads) {
        if (threads < 1) fail_input("bench.threads", "at least 1", fmt::format("{}", threads));
    }
    for (const std::int64_t units : options.hidden) {
        if (units < 1) fail_input("bench.hidden", "layers of at least 1 unit", fmt::format("{}", units));
    }
    if (options.repeats < 1) fail_input("bench.repeats", "at least 1", fmt::format("{}", options.repeats));
    if (options.together < 1) fail_input("bench.together", "at least 1", fmt::format("{}", options.together));
}

}  // namespace

Examples bench_images() {
    constexpr std::int64_t rows = 60000, pixels = 28 * 28, stripe = 2 * 28;
    Examples images;
    images.shape = {28, 28};
    std::vector<std::uint8_t> values(rows * pixels);
    const Random random(0, purpose_of("bench images"));
    for (std::size_t i = 0; i < values.size(); i += 4) {
        const std::uint32_t bits = random.bits(i / 4);
        std::memcpy(values.data() + i, &bits, 4);
    }
    // Noise, with two brighter lines where the class says.
    for (std::int64_t r = 0; r < rows; ++r) {
        images.labels.push_back(static_cast<std::int32_t>(r % classes_to_step));
        std::uint8_t* line = values.data() + r * pixels + r % classes_to_step * stripe;
        for (std::int64_t i = 0; i < stripe; ++i) line[i] |= 0x80;
    }
    images.values = std::move(values);
    return images;
}

BenchStepResult bench_step(const Examples& images, const BenchStepOptions& options) {
    check_input(images, options);
    const std::int64_t batch = std::min<std::int64_t>(128, images.rows());
    for (const bool normalize : {false, true})
        check_learning(images, options.hidden, normalize, batch, options.threads);
    const double share = share_of_numbers(images);
    BenchStepResult result;
    for (const std::int64_t rows : options.batches) {
        for (const int threads : options.threads) {
            result.rows.push_back(measure(images, rows, threads, options, share));
            if (options.progress) options.progress(result.rows.back());
        }
    }
    return result;
}

}  // namespace evenkeel
