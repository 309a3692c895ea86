#include "study/stepper.hpp"

#include <algorithm>
#include <span>
#include <variant>
#include <vector>

#include "evenkeel/core/error.hpp"

namespace evenkeel {

ModelDescription network_to_step(const Shape& input, const std::vector<std::int64_t>& hidden, bool normalize) {
    ModelDescription model;
    model.add(Input(input));
    model.add(Flatten{});
    model.add(Rescaling(1.0 / 255));
    for (const std::int64_t units : hidden) {
        model.add(Dense(units));
        if (normalize) model.add(BatchNormalization{});
        model.add(ReLU{});
    }
    model.add(Dense(classes_to_step, {.activation = "softmax"}));
    return model;
}

void check_images_to_step(const Examples& images) {
    if (!std::holds_alternative<std::vector<std::uint8_t>>(images.values) || images.labels.empty())
        fail_input("bench.data", "images of bytes with classes", "other data");
    const auto outside = [](std::int32_t label) { return label < 0 || label >= classes_to_step; };
    if (std::any_of(images.labels.begin(), images.labels.end(), outside))
        fail_input("bench.data", "labels from 0 to 9", "others");
}

bool same_values(const VariableValues& a, const VariableValues& b) {
    const auto same = [](const Buffer<float>& x, const Buffer<float>& y) {
        return std::ranges::equal(std::as_bytes(x.span()), std::as_bytes(y.span()));
    };
    return same(a.weights, b.weights) && same(a.statistics, b.statistics);
}

namespace {

Compilation descent(double rate) {
    Compilation compilation;
    compilation.optimizer = SGD{.learning_rate = rate};
    return compilation;
}

}  // namespace

Stepper::Stepper(const Examples& images, const std::vector<std::int64_t>& hidden, bool normalize, std::int64_t batch,
                 ThreadPool& pool)
    : description_(network_to_step(images.shape, hidden, normalize)),
      layout_(description_),
      values_(description_, layout_, 0),
      compilation_(descent(hidden.size() > 5 ? 0.02 : 0.1)),
      order_(images.rows(), batch, 0, true),
      plan_(description_, layout_, &compilation_, pool, {.largest_batch = batch}),
      full_batches_(images.rows() / batch) {
    all_.x.bytes = std::get<std::vector<std::uint8_t>>(images.values).data();
    all_.x.features = elements(images.shape, "bench");
    all_.labels = images.labels.data();
    order_.epoch(0);
}

double Stepper::step() {
    const std::int64_t now = at_;
    at_ = (at_ + 1) % full_batches_;
    const BatchView next = batch(at_);
    return plan_.train_step(batch(now), values_, optimizer_, 0, {.next = &next}).loss;
}

BatchView Stepper::batch(std::int64_t index) const {
    const auto rows = order_.batch(index);
    BatchView view = all_;
    view.x.rows = rows.data();
    view.rows = static_cast<std::int64_t>(rows.size());
    return view;
}

}  // namespace evenkeel
