#include "evenkeel/study/bench_batchnorm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <cmath>
#include <cstring>

#include "core/threads.hpp"
#include "evenkeel/core/buffer.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"
#include "kernels/batch_normalization_matrix.hpp"
#include "kernels/streams.hpp"
#include "study/bench_time.hpp"

namespace evenkeel {
namespace {

using kernels::MatrixBatchNormalization;

struct Matrices {
    explicit Matrices(const Shape& shape_)
        : shape(shape_),
          channels(shape_.back()),
          rows(elements(shape_, "bench") / channels),
          x(rows * channels),
          dy(rows * channels),
          y(rows * channels),
          dx(rows * channels),
          dgamma(channels),
          dbeta(channels) {
        const Random random(0, purpose_of("bench batchnorm"));
        for (std::int64_t i = 0; i < x.size(); ++i) {
            const std::uint32_t bits = random.bits(static_cast<std::uint64_t>(i));
            x[i] = 3.0F + static_cast<float>(bits >> 16) / 65536.0F;
            dy[i] = static_cast<float>(bits & 0xffffU) / 65536.0F - 0.25F;
        }
    }
    Shape shape;
    std::int64_t channels, rows;
    Buffer<float> x, dy, y, dx, dgamma, dbeta;
};

void expect_near(const char* what, const Matrices& m, std::int64_t channel, double value, double want, double bound) {
    if (std::abs(value - want) <= bound) return;  // a NaN is not
    fail_work("bench batchnorm", fmt::format("{} {} in channel {} of {}", what, want, channel, fmt::join(m.shape, "x")),
              fmt::format("{}", value));
}

/// One channel against the formulas, in double.
void check_channel(const Matrices& m, const MatrixBatchNormalization& bn, std::int64_t c) {
    const double count = static_cast<double>(m.rows);
    double mean = 0, variance = 0, sum = 0, sum_xhat = 0;
    for (std::int64_t r = 0; r < m.rows; ++r) mean += m.x[r * m.channels + c] / count;
    for (std::int64_t r = 0; r < m.rows; ++r) {
        const double d = m.x[r * m.channels + c] - mean;
        variance += d * d / count;
    }
    const double inverse = 1 / std::sqrt(variance + 1e-3);
    for (std::int64_t r = 0; r < m.rows; ++r) {
        const std::int64_t at = r * m.channels + c;
        sum += m.dy[at];
        sum_xhat += m.dy[at] * (m.x[at] - mean) * inverse;
    }
    expect_near("mean", m, c, bn.mean()[c], mean, 1e-6);
    expect_near("variance", m, c, bn.variance()[c], variance, 1e-5 * variance);
    expect_near("Σ dy", m, c, m.dbeta[c], sum, 1e-6 * count);
    expect_near("Σ dy·x̂", m, c, m.dgamma[c], sum_xhat, 1e-5 * count);
    for (std::int64_t r = 0; r < m.rows; ++r) {
        const std::int64_t at = r * m.channels + c;
        const double x_hat = (m.x[at] - mean) * inverse;
        expect_near("y", m, c, m.y[at], x_hat, 1e-4);
        expect_near("dx", m, c, m.dx[at], inverse * (m.dy[at] - sum / count - x_hat * sum_xhat / count), 1e-3);
    }
}

std::uint64_t hash(const Buffer<float>& values, std::uint64_t before) {
    for (const float v : values.span()) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &v, sizeof bits);
        before = (before ^ bits) * 0x100000001b3U;
    }
    return before;
}

void check(Matrices& m, const std::vector<int>& threads) {
    std::uint64_t first = 0;
    for (std::size_t i = 0; i <= threads.size(); ++i) {
        ThreadPool pool(i == 0 ? 1 : threads[i - 1]);
        MatrixBatchNormalization bn({m.rows, m.channels, 1}, pool);
        bn.forward(m.x.data(), {}, m.y.data());
        bn.backward(m.x.data(), {}, m.dy.data(), m.dx.data(), m.dgamma.data(), m.dbeta.data());
        const std::uint64_t bits = hash(m.dgamma, hash(m.dx, hash(m.y, 0)));
        if (i == 0) {
            first = bits;
            for (const std::int64_t c : {std::int64_t{0}, m.channels / 2, m.channels - 1}) check_channel(m, bn, c);
        } else if (bits != first) {
            fail_work("bench batchnorm", "the bits of one thread", fmt::format("others with {}", threads[i - 1]));
        }
    }
}

/// The reads and writes of the three passes and nothing else, in the blocks and the order of the kernels; what is written goes
/// past the caches as one stream or as two halves of a block.
class Streams {
  public:
    Streams(Matrices& m, ThreadPool& pool, bool halves)
        : m_(m),
          pool_(pool),
          halves_(halves),
          blocking_({m.rows, m.channels, 1}),
          place_(MatrixBatchNormalization::place_of(m.rows * m.channels)) {}
    void forward() {
        in_blocks(false, [&](std::int64_t at, std::int64_t n) { keep(kernels::read_stream(n, m_.x.data() + at)); });
        in_blocks(true, [&](std::int64_t at, std::int64_t n) { copy(at, n); });
    }
    void backward() {
        in_blocks(false, [&](std::int64_t at, std::int64_t n) {
            keep(kernels::read_streams(n, m_.x.data() + at, m_.dy.data() + at));
        });
        in_blocks(true, [&](std::int64_t at, std::int64_t n) {
            kernels::add_streams(n, m_.x.data() + at, m_.dy.data() + at, m_.dx.data() + at, place_, halves_);
        });
    }
    void inference() {
        in_blocks(false, [&](std::int64_t at, std::int64_t n) { copy(at, n); });
    }

  private:
    void copy(std::int64_t at, std::int64_t n) {
        kernels::copy_stream(n, m_.x.data() + at, m_.y.data() + at, place_, halves_);
    }
    void keep(float sum) { sum_.store(sum, std::memory_order_relaxed); }
    template <typename Body>
    void in_blocks(bool second_pass, const Body& body) {
        pool_.run(blocking_.blocks, [&](std::int64_t taken) {
            const std::int64_t block = second_pass ? blocking_.last_first(taken, pool_.used()) : taken;
            body(blocking_.begin(block) * m_.channels, blocking_.count(block) * m_.channels);
        });
    }
    Matrices& m_;
    ThreadPool& pool_;
    bool halves_;
    kernels::Blocking blocking_;
    kernels::Place place_;
    std::atomic<float> sum_{0};  // somebody might look
};

struct Timed {
    const char* pass;
    int streams;
    std::function<void()> kernel, one, halves;  // one, halves: plain streams; the faster one is the limit
    std::vector<double> kernel_us = {}, one_us = {}, halves_us = {};
};

void measure(Matrices& m, int threads, const BenchBatchnormOptions& options, std::vector<BenchBatchnormRow>& rows) {
    ThreadPool pool(threads);
    MatrixBatchNormalization bn({m.rows, m.channels, 1}, pool);
    Streams one(m, pool, false), halves(m, pool, true);
    const std::vector<float> mean(static_cast<std::size_t>(m.channels), 3.5F), variance(mean.size(), 0.1F);
    std::vector<Timed> passes = {
        {"forward", 3, [&] { bn.forward(m.x.data(), {}, m.y.data()); }, [&] { one.forward(); },
         [&] { halves.forward(); }},
        {"backward", 5, [&] { bn.backward(m.x.data(), {}, m.dy.data(), m.dx.data(), m.dgamma.data(), m.dbeta.data()); },
         [&] { one.backward(); }, [&] { halves.backward(); }},
        {"inference", 2, [&] { bn.infer(m.x.data(), {}, mean.data(), variance.data(), m.y.data()); },
         [&] { one.inference(); }, [&] { halves.inference(); }},
    };
    // Small matrices: several calls a round, so that caches hold what they hold in use.
    const int calls = static_cast<int>(std::clamp<std::int64_t>((1 << 20) / m.x.size(), 1, 50));
    const auto time = [&](const std::function<void()>& call, std::vector<double>& us) {
        if (calls > 1) call();
        for (int i = 0; i < calls; ++i) us.push_back(time_call(call));
    };
    for (int r = 0; r < options.repeats; ++r) {
        for (Timed& t : passes) {  // alternating, so that the machine's moods hit all
            time(t.one, t.one_us);
            time(t.halves, t.halves_us);
            time(t.kernel, t.kernel_us);
        }
    }
    for (const Timed& t : passes) {
        const double bytes = 4.0 * t.streams * static_cast<double>(m.x.size());
        const double us = median(t.kernel_us), limit_us = std::min(median(t.one_us), median(t.halves_us));
        rows.push_back(
            {m.shape, threads, t.pass, t.streams, us, 1e6 * bytes / us, 1e6 * bytes / limit_us, limit_us / us});
        if (options.progress) options.progress(rows.back());
    }
}

void check_options(const BenchBatchnormOptions& options) {
    for (const Shape& shape : options.shapes) {
        const std::int64_t all = elements(shape, "bench.shapes");
        if (shape.size() < 2 || all / shape.back() < 2)
            fail_input("bench.shapes", "at least two rows of channels", fmt::format("{}", fmt::join(shape, "x")));
        if (all > (std::int64_t{1} << 31))
            fail_input("bench.shapes", "at most 2³¹ values", fmt::format("{}", fmt::join(shape, "x")));
    }
    for (const int threads : options.threads) {
        if (threads < 1) fail_input("bench.threads", "at least 1", fmt::format("{}", threads));
    }
    if (options.repeats < 1) fail_input("bench.repeats", "at least 1", fmt::format("{}", options.repeats));
}

}  // namespace

std::vector<BenchBatchnormRow> bench_batchnorm(const BenchBatchnormOptions& options) {
    check_options(options);
    std::vector<BenchBatchnormRow> rows;
    for (const Shape& shape : options.shapes) {
        Matrices matrices(shape);
        check(matrices, options.threads);
        for (const int threads : options.threads) measure(matrices, threads, options, rows);
    }
    return rows;
}

}  // namespace evenkeel
