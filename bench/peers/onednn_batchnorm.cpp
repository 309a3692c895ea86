// oneDNN's own batch normalization, training forward and backward: checked against the formula in double precision,
// then timed.
//
//   onednn_batchnorm ROWS CHANNELS SECONDS      prints one line of JSON; OMP_NUM_THREADS says how many threads
//
// The same matrix can be told to oneDNN as rows × channels or as an image whose pixels are the rows, and each has its own
// kernels. Both are tried, and the faster one is what counts.

#include <dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Floats = std::vector<float>;
using Tag = dnnl::memory::format_tag;

constexpr float epsilon = 1e-3F;
constexpr double tolerance = 1e-4;

Floats random_floats(std::size_t size, float low, float high) {
    static std::mt19937 random(0);
    Floats values(size);
    for (float& v : values) v = std::uniform_real_distribution<float>(low, high)(random);
    return values;
}

struct Problem {
    std::int64_t rows, channels;
    Floats x = random_floats(static_cast<std::size_t>(rows * channels), -3, 7);
    Floats dy = random_floats(static_cast<std::size_t>(rows * channels), -1, 1);
    Floats gamma = random_floats(static_cast<std::size_t>(channels), 0.5F, 1.5F);
    Floats beta = random_floats(static_cast<std::size_t>(channels), -1, 1);
    Floats y = Floats(x.size()), dx = Floats(x.size());
    Floats mean = Floats(gamma.size()), variance = mean, d_gamma = mean, d_beta = mean;
};

class Primitive {
  public:
    Primitive(Problem& p, const dnnl::memory::dims& dims, Tag tag)
        : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
        using dnnl::batch_normalization_backward;
        using dnnl::batch_normalization_forward;
        const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
        const dnnl::memory::desc matrix(dims, dnnl::memory::data_type::f32, tag);
        const dnnl::memory::desc vector({p.channels}, dnnl::memory::data_type::f32, Tag::a);
        const batch_normalization_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, matrix, epsilon, flags}, engine_);
        const batch_normalization_backward::primitive_desc backward(
            {dnnl::prop_kind::backward, matrix, matrix, epsilon, flags}, engine_, forward);
        name_ = forward.impl_info_str();
        forward_ = batch_normalization_forward(forward);
        backward_ = batch_normalization_backward(backward);
        const auto memory = [&](const dnnl::memory::desc& desc, Floats& values) {
            return dnnl::memory(desc, engine_, values.data());
        };
        inputs_ = {{DNNL_ARG_SRC, memory(matrix, p.x)},
                   {DNNL_ARG_SCALE, memory(vector, p.gamma)},
                   {DNNL_ARG_SHIFT, memory(vector, p.beta)},
                   {DNNL_ARG_MEAN, memory(vector, p.mean)},
                   {DNNL_ARG_VARIANCE, memory(vector, p.variance)}};
        outputs_ = inputs_;
        inputs_.insert({DNNL_ARG_DST, memory(matrix, p.y)});
        outputs_.insert({{DNNL_ARG_DIFF_DST, memory(matrix, p.dy)},
                         {DNNL_ARG_DIFF_SRC, memory(matrix, p.dx)},
                         {DNNL_ARG_DIFF_SCALE, memory(vector, p.d_gamma)},
                         {DNNL_ARG_DIFF_SHIFT, memory(vector, p.d_beta)}});
    }
    void run() {
        forward_.execute(stream_, inputs_);
        backward_.execute(stream_, outputs_);
        stream_.wait();
    }
    const std::string& name() const { return name_; }

  private:
    dnnl::engine engine_;
    dnnl::stream stream_;
    dnnl::primitive forward_, backward_;
    std::unordered_map<int, dnnl::memory> inputs_, outputs_;
    std::string name_;
};

/// The largest error of y, ∂/∂x, ∂/∂γ and ∂/∂β, each relative to the largest value.
double difference(const Problem& p) {
    struct Error {
        double largest = 0, error = 0;
        void add(double got, double expected) {
            largest = std::max(largest, std::fabs(expected));
            error = std::max(error, std::fabs(got - expected));
        }
        double relative() const { return error / largest; }
    } y, dx, d_gamma, d_beta;
    const auto m = static_cast<double>(p.rows);
    for (std::int64_t c = 0; c < p.channels; ++c) {
        const auto at = [&](const Floats& v, std::int64_t r) {
            return static_cast<double>(v[static_cast<std::size_t>(r * p.channels + c)]);
        };
        const auto of = [&](const Floats& v) { return static_cast<double>(v[static_cast<std::size_t>(c)]); };
        double mean = 0, variance = 0, sum = 0, product = 0;
        for (std::int64_t r = 0; r < p.rows; ++r) mean += at(p.x, r) / m;
        for (std::int64_t r = 0; r < p.rows; ++r) variance += std::pow(at(p.x, r) - mean, 2) / m;
        const double inverse = 1 / std::sqrt(variance + static_cast<double>(epsilon));
        for (std::int64_t r = 0; r < p.rows; ++r) {
            sum += at(p.dy, r);
            product += at(p.dy, r) * (at(p.x, r) - mean) * inverse;
        }
        d_beta.add(of(p.d_beta), sum);
        d_gamma.add(of(p.d_gamma), product);
        for (std::int64_t r = 0; r < p.rows; ++r) {
            const double scaled = (at(p.x, r) - mean) * inverse;
            y.add(at(p.y, r), scaled * of(p.gamma) + of(p.beta));
            dx.add(at(p.dx, r), of(p.gamma) * inverse * (at(p.dy, r) - sum / m - scaled * product / m));
        }
    }
    return std::max({y.relative(), dx.relative(), d_gamma.relative(), d_beta.relative()});
}

struct Times {
    double median_us, fastest_us;
    std::size_t calls;
};

Times measure(Primitive& primitive, double seconds) {
    std::vector<double> us;
    for (int i = 0; i < 3; ++i) primitive.run();
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (us.size() < 5 || Clock::now() < end) {
        const auto start = Clock::now();
        primitive.run();
        us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
    std::sort(us.begin(), us.end());
    return {us[us.size() / 2], us.front(), us.size()};
}

int run(std::int64_t rows, std::int64_t channels, double seconds) {
    Problem problem{rows, channels};
    struct Way {
        const char* name;
        dnnl::memory::dims dims;
        Tag tag;
    };
    Times best{0, 0, 0};
    std::string setting;
    for (const Way& way :
         {Way{"matrix", {rows, channels}, Tag::nc}, Way{"rows as batch", {rows, channels, 1, 1}, Tag::nhwc},
          Way{"rows as pixels", {1, channels, rows, 1}, Tag::nhwc}}) {
        Primitive primitive(problem, way.dims, way.tag);
        primitive.run();
        const double error = difference(problem);
        if (!(error <= tolerance)) {
            std::fprintf(stderr, "onednn_batchnorm: expected the formula's results, got others by %g\n", error);
            return 1;
        }
        const Times times = measure(primitive, seconds / 3);
        if (setting.empty() || times.median_us < best.median_us) {
            best = times;
            setting = std::string(way.name) + ", " + primitive.name();
        }
    }
    const dnnl_version_t* version = dnnl_version();
    std::printf(R"({"us": %.3f, "fastest_us": %.3f, "calls": %zu, "setting": "%s", "version": "%d.%d.%d"})"
                "\n",
                best.median_us, best.fastest_us, best.calls, setting.c_str(), version->major, version->minor,
                version->patch);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: onednn_batchnorm ROWS CHANNELS SECONDS\n");
        return 2;
    }
    return run(std::atoll(argv[1]), std::atoll(argv[2]), std::atof(argv[3]));
}
