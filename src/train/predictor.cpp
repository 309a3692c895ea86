#include <fmt/format.h>

#include "evenkeel/core/error.hpp"
#include "train/loop.hpp"

namespace evenkeel {

struct Predictor::Impl {
    Impl(const ModelDescription& description, const VariableLayout& layout_, const VariableValues& values_,
         std::int64_t largest_batch, int threads)
        : layout(layout_),
          values(values_),
          pool(threads),
          plan(description, layout_, nullptr, pool, {.largest_batch = largest_batch, .training = false}),
          features(elements(description.input_shape(), "input")) {}

    const VariableLayout& layout;
    const VariableValues& values;
    ThreadPool pool;
    Plan plan;
    std::int64_t features;
};

Predictor::Predictor(const ModelDescription& description, const VariableLayout& layout, const VariableValues& values,
                     std::int64_t largest_batch, int threads)
    : impl_(std::make_unique<Impl>(description, layout, values, largest_batch, threads)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;

void Predictor::predict(Features x, std::span<float> out) {
    const std::int64_t outputs = elements(impl_->plan.output_shape(), "output");
    const CheckedData data = check_data({x, {}}, impl_->features, outputs, nullptr);
    if (static_cast<std::int64_t>(out.size()) != data.rows * outputs) {
        fail_input("predict", fmt::format("room for {} × {} predictions", data.rows, outputs),
                   fmt::format("{}", out.size()));
    }
    for (std::int64_t done = 0; done < data.rows;) {
        BatchView batch = data.all;
        batch.x.first_row = done;
        batch.rows = std::min(impl_->plan.largest_batch(), data.rows - done);
        impl_->plan.predict(
            batch, impl_->values,
            out.subspan(static_cast<std::size_t>(done * outputs), static_cast<std::size_t>(batch.rows * outputs)));
        done += batch.rows;
    }
}

}  // namespace evenkeel
