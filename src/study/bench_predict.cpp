#include "evenkeel/study/bench_predict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "evenkeel/core/error.hpp"
#include "evenkeel/model/zoo.hpp"
#include "evenkeel/study/bench.hpp"
#include "evenkeel/train/sequential.hpp"
#include "study/bench_time.hpp"

namespace evenkeel {
namespace {

constexpr std::int64_t pixels = 28 * 28, classes = 10, training_rows = 12800, largest_batch = 60000;

Sequential trained(const char* word, const Examples& images) {
    ModelDescription description;
    description.add(Input(images.shape));
    description.add(Rescaling(1.0 / 255));
    const ModelDescription network = model_from_word(word, images.shape, classes);
    for (const Layer& layer : network.layers) {
        if (!std::holds_alternative<Input>(layer)) description.add(layer);
    }
    Sequential model(description, {.threads = 1});
    // At 0.1 the plain network learns on some processors and not on others: their sums have another order.
    model.compile({.optimizer = SGD{.learning_rate = 0.03}});
    const DataView data(std::get<std::vector<std::uint8_t>>(images.values), images.labels);
    DataView some = data;
    some.rows = training_rows;
    model.fit(some, {.batch_size = 64, .epochs = 5});
    return model;
}

/// One network, predicting the first `batch` images.
class Caller {
  public:
    Caller(const Sequential& model, std::span<const std::uint8_t> bytes, std::int64_t batch)
        : predictor_(model.predictor(batch, 1)),
          x_(bytes.first(static_cast<std::size_t>(batch * pixels))),
          out_(static_cast<std::size_t>(batch * classes)) {}
    void operator()() { predictor_.predict(x_, out_); }
    const std::vector<float>& out() const { return out_; }

  private:
    Predictor predictor_;
    Features x_;
    std::vector<float> out_;
};

/// Rows alone and in a batch, and whether the network says what it was taught.
void check(const char* word, const Sequential& model, const Examples& images, std::span<const std::uint8_t> bytes) {
    constexpr std::int64_t rows = 200;
    Caller together(model, bytes, rows);
    together();
    std::int64_t right = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
        Caller alone(model, bytes.subspan(static_cast<std::size_t>(r * pixels)), 1);
        alone();
        for (std::int64_t c = 0; c < classes; ++c) {
            const float in_batch = together.out()[static_cast<std::size_t>(r * classes + c)];
            if (std::abs(alone.out()[static_cast<std::size_t>(c)] - in_batch) <= 1e-5F) continue;
            fail_work(fmt::format("bench predict: {}", word), fmt::format("{} for row {} in a batch of 1", in_batch, r),
                      fmt::format("{}", alone.out()[static_cast<std::size_t>(c)]));
        }
        const auto best = std::max_element(alone.out().begin(), alone.out().end()) - alone.out().begin();
        right += best == images.labels[static_cast<std::size_t>(r)] ? 1 : 0;
    }
    if (right < rows / 2)
        fail_work(fmt::format("bench predict: {}", word), "at least half of the training rows right",
                  fmt::format("{} of {}", right, rows));
}

}  // namespace

std::vector<BenchPredictRow> bench_predict(const BenchPredictOptions& options) {
    for (const std::int64_t batch : options.batches) {
        if (batch < 1 || batch > largest_batch)
            fail_input("bench.batches", fmt::format("1 to {} rows", largest_batch), fmt::format("{}", batch));
    }
    if (options.repeats < 1) fail_input("bench.repeats", "at least 1", fmt::format("{}", options.repeats));
    const Examples images = bench_images();
    const auto& values = std::get<std::vector<std::uint8_t>>(images.values);
    const std::span<const std::uint8_t> bytes(values);
    const Sequential plain = trained("model_no_bn", images), normalized = trained("model_bn", images);
    check("model_no_bn", plain, images, bytes);
    check("model_bn", normalized, images, bytes);

    std::vector<BenchPredictRow> rows;
    for (const std::int64_t batch : options.batches) {
        Caller of_plain(plain, bytes, batch), of_normalized(normalized, bytes, batch);
        const int calls = static_cast<int>(std::clamp<std::int64_t>(4096 / batch, 3, 100));
        std::vector<double> plain_us, bn_us;
        for (int r = 0; r < options.repeats; ++r) {  // alternating, so that the machine's moods hit both
            of_plain();
            for (int i = 0; i < calls; ++i) plain_us.push_back(time_call([&] { of_plain(); }));
            of_normalized();
            for (int i = 0; i < calls; ++i) bn_us.push_back(time_call([&] { of_normalized(); }));
        }
        rows.push_back({batch, median(plain_us), median(bn_us)});
        if (options.progress) options.progress(rows.back());
    }
    return rows;
}

}  // namespace evenkeel
