#include "evenkeel/train/sequential.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <thread>

#include "core/memory.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/standardizer.hpp"
#include "evenkeel/model/summary.hpp"
#include "train/loop.hpp"

namespace evenkeel {
namespace {

void check_generated(const char* where, const GeneratedData& data) {
    if (data.rows < 1 || data.rows > std::int64_t{1} << 32 || !data.fill)
        fail_input(where, "a function and 1 to 2^32 rows", fmt::format("{} rows", data.rows));
}

History history_of(Trainee trainee) {
    if (trainee.failure) throw Error(*trainee.failure);
    return std::move(trainee.history);
}

}  // namespace

struct Sequential::Impl {
    explicit Impl(SequentialOptions o) : options(std::move(o)) {
        if (options.threads == 0) options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
        description.name = options.name;
    }

    // Layout and values, from the description and its input shape.
    void make_variables() {
        layout = VariableLayout(description);
        values = VariableValues(description, layout, options.seed);
        is_built = true;
        make_slots();
    }

    void make_slots() {
        predictor.reset();
        batch_plan.reset();
        if (!compilation || !is_built) return;
        optimizer = OptimizerValues{};
        const int slots = slot_count(compilation->optimizer);
        need_memory(description.name, "weights and optimizer slots", (1 + slots) * layout.weights_size);
        for (int i = 0; i < slots; ++i) optimizer.slots.emplace_back(layout.weights_size);
    }

    void need_built(const char* where) {
        if (is_built) return;
        if (description.input_shape().empty())
            fail_input(where, "an input shape (add Input({…}) first, or build)", "none");
        make_variables();
    }

    void need_compiled(const char* where) {
        if (!compilation) fail_input(where, "a compiled model (call compile first)", "one that is not");
    }

    ThreadPool& threads() {
        if (!pool) pool = std::make_unique<ThreadPool>(options.threads);
        return *pool;
    }

    Trainee trainee(ThreadPool& threads, std::vector<std::shared_ptr<Callback>> callbacks) {
        return {description, layout, *compilation, values, optimizer, options.seed, threads, std::move(callbacks)};
    }

    Plan& plan_for(std::int64_t rows) {
        if (!batch_plan || batch_plan->largest_batch() < rows) {
            batch_plan.emplace(description, layout, &*compilation, threads(), PlanOptions{.largest_batch = rows});
        }
        return *batch_plan;
    }

    CheckedData check(const DataView& data, const Loss* loss) {
        return check_data(data, elements(description.input_shape(), "input"),
                          elements(description.output_shape(), "output"), loss);
    }

    SequentialOptions options;
    ModelDescription description;
    VariableLayout layout;
    VariableValues values;
    std::optional<Compilation> compilation;
    OptimizerValues optimizer;
    bool is_built = false;
    std::unique_ptr<ThreadPool> pool;
    std::optional<Plan> batch_plan;  ///< of train_on_batch and evaluate
    std::unique_ptr<Predictor> predictor;
};

Sequential::Sequential(SequentialOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Sequential::Sequential(ModelDescription description, SequentialOptions options) : Sequential(std::move(options)) {
    impl_->description = std::move(description);
    if (!impl_->description.input_shape().empty()) impl_->make_variables();
}

Sequential::~Sequential() = default;
Sequential::Sequential(Sequential&&) noexcept = default;
Sequential& Sequential::operator=(Sequential&&) noexcept = default;

void Sequential::add(Layer layer) {
    if (impl_->is_built) fail_input(impl_->description.name + ".add", "a model that is not built yet", "one that is");
    impl_->description.add(std::move(layer));
}

void Sequential::compile(Compilation compilation) {
    validate(compilation.optimizer);
    impl_->compilation = std::move(compilation);
    impl_->make_slots();
}

void Sequential::build(const Shape& input_shape) {
    if (impl_->is_built) {
        if (input_shape != impl_->description.input_shape()) {
            fail_input(impl_->description.name + ".build",
                       "the input shape it was built with, " + to_string(impl_->description.input_shape()),
                       to_string(input_shape));
        }
        return;
    }
    impl_->description.set_input_shape(input_shape);
    impl_->make_variables();
}

bool Sequential::built() const {
    return impl_->is_built;
}

History Sequential::fit(const DataView& data, const FitOptions& options) {
    impl_->need_compiled("fit");
    impl_->need_built("fit");
    Trainee trainee = impl_->trainee(impl_->threads(), options.callbacks);
    train({&trainee, 1}, data, options);
    return history_of(std::move(trainee));
}

History Sequential::fit(const Examples& data, const FitOptions& options) {
    if (!impl_->is_built && impl_->description.input_shape().empty()) build(data.shape);
    return fit(DataView(data), options);
}

History Sequential::fit(const GeneratedData& data, const FitOptions& options) {
    impl_->need_compiled("fit");
    impl_->need_built("fit");
    Trainee trainee = impl_->trainee(impl_->threads(), options.callbacks);
    train(trainee, data, options);
    return history_of(std::move(trainee));
}

void Sequential::fit_together(std::span<FitTogether> models, const DataView& data, const FitOptions& options) {
    if (models.empty()) fail_input("fit_together", "at least one model", "none");
    if (options.resume != nullptr || !options.callbacks.empty() || !options.history.epochs.empty())
        fail_input("fit_together", "options without callbacks, resume and history", "options that have them");
    std::vector<Trainee> trainees;
    for (const FitTogether& m : models) {
        Impl& impl = *m.model.impl_;
        impl.need_compiled("fit_together");
        impl.need_built("fit_together");
        if (m.model.seed() != models.front().model.seed()) {
            fail_input("fit_together", fmt::format("models of one seed, {}", models.front().model.seed()),
                       fmt::format("{}", m.model.seed()));
        }
        const auto fits = [&](const auto& of) { return of(impl) == of(*models.front().model.impl_); };
        if (!fits([](const Impl& i) { return elements(i.description.input_shape(), "input"); }) ||
            !fits([](const Impl& i) { return elements(i.description.output_shape(), "output"); }) ||
            !fits([](const Impl& i) { return i.compilation->loss.takes_labels(); })) {
            fail_input("fit_together", "models of equal input and output sizes and kinds of answers",
                       m.model.description().name + ", which has others than the first");
        }
        const auto same = [&](const FitTogether& other) { return &other.model == &m.model; };
        if (std::count_if(models.begin(), models.end(), same) > 1)
            fail_input("fit_together", "each model once", m.model.description().name + " twice");
        trainees.push_back(impl.trainee(models.front().model.impl_->threads(), m.callbacks));
    }
    train(trainees, data, options);
    for (std::size_t i = 0; i < models.size(); ++i) {
        models[i].history = std::move(trainees[i].history);
        models[i].failure = std::move(trainees[i].failure);
    }
}

Evaluation Sequential::train_on_batch(const DataView& batch) {
    impl_->need_compiled("train_on_batch");
    impl_->need_built("train_on_batch");
    const CheckedData data = impl_->check(batch, &impl_->compilation->loss);
    BatchView view = data.all;
    view.x.first_row = data.first_row;
    view.rows = data.rows;
    const BatchResult r =
        impl_->plan_for(data.rows).train_step(view, impl_->values, impl_->optimizer, impl_->options.seed);
    Evaluation e;
    e.rows = r.rows;
    e.loss = r.loss;
    for (std::size_t m = 0; m < impl_->compilation->metrics.size(); ++m)
        e.metrics.push_back(r.metric_sums[m] / static_cast<double>(r.rows));
    return e;
}

Evaluation Sequential::evaluate(const DataView& data) {
    impl_->need_compiled("evaluate");
    impl_->need_built("evaluate");
    const CheckedData checked = impl_->check(data, &impl_->compilation->loss);
    Plan& plan = impl_->plan_for(std::clamp<std::int64_t>(checked.rows, 1, evaluation_batch));
    return evaluate_all(plan, checked, impl_->values, impl_->compilation->metrics.size());
}

Evaluation Sequential::evaluate(const Examples& data) {
    return evaluate(DataView(data));
}

Evaluation Sequential::evaluate(const GeneratedData& data) {
    impl_->need_compiled("evaluate");
    impl_->need_built("evaluate");
    check_generated("evaluate", data);
    Plan& plan = impl_->plan_for(std::min<std::int64_t>(data.rows, evaluation_batch));
    return evaluate_all(plan, data, impl_->description, *impl_->compilation, impl_->values);
}

std::vector<float> Sequential::predict(const GeneratedData& data) {
    impl_->need_built("predict");
    check_generated("predict", data);
    const std::int64_t features = elements(impl_->description.input_shape(), "input");
    const std::int64_t outputs = elements(impl_->description.output_shape(), "output");
    const std::int64_t at_once = std::min(data.rows, evaluation_batch);
    std::vector<float> out(static_cast<std::size_t>(data.rows * outputs)),
        x(static_cast<std::size_t>(at_once * features));
    std::vector<std::uint32_t> numbers(static_cast<std::size_t>(at_once));
    for (std::int64_t first = 0; first < data.rows; first += at_once) {
        const auto rows = static_cast<std::size_t>(std::min(at_once, data.rows - first));
        const std::span<std::uint32_t> wanted(numbers.data(), rows);
        std::iota(wanted.begin(), wanted.end(), static_cast<std::uint32_t>(first));
        const std::span<float> filled(x.data(), rows * static_cast<std::size_t>(features));
        data.fill(wanted, filled, {}, {});
        predict(Features(filled), std::span(out).subspan(static_cast<std::size_t>(first * outputs),
                                                         rows * static_cast<std::size_t>(outputs)));
    }
    return out;
}

std::vector<float> Sequential::predict(Features x) {
    impl_->need_built("predict");
    const std::int64_t rows = impl_->check({x, {}}, nullptr).rows;
    std::vector<float> out(static_cast<std::size_t>(rows * elements(impl_->description.output_shape(), "output")));
    predict(x, out);
    return out;
}

void Sequential::predict(Features x, std::span<float> out) {
    impl_->need_built("predict");
    if (!impl_->predictor) {
        impl_->predictor = std::make_unique<Predictor>(impl_->description, impl_->layout, impl_->values,
                                                       evaluation_batch, impl_->options.threads);
    }
    impl_->predictor->predict(x, out);
}

Predictor Sequential::predictor(std::int64_t largest_batch, int threads) const {
    impl_->need_built("predictor");
    return {impl_->description, impl_->layout, impl_->values, largest_batch, threads};
}

void Sequential::adapt(const DataView& data) {
    impl_->need_built("adapt");
    const auto& layers = impl_->description.layers;
    for (int i = 0; i < static_cast<int>(layers.size()); ++i) {
        const Variable* mean = impl_->layout.find(i, Role::mean);
        if (mean == nullptr) continue;
        const CheckedData rows = impl_->check(data, nullptr);
        const std::int64_t features = mean->size, per_row = rows.all.x.features;
        // Sums in double around a shift (each feature's first value), so that a large mean costs no digits.
        std::vector<double> shift(features), sum(features), squares(features);
        const auto at = [&](std::int64_t j) {
            return rows.all.x.bytes != nullptr ? static_cast<double>(rows.all.x.bytes[j])
                                               : static_cast<double>(rows.all.x.floats[j]);
        };
        const std::int64_t begin = rows.first_row * per_row, end = begin + rows.rows * per_row;
        if (begin == end) fail_input("adapt", "at least one row", "none");
        for (std::int64_t f = 0; f < features; ++f) shift[f] = at(begin + f);
        for (std::int64_t j = begin; j < end; ++j) {
            const double d = at(j) - shift[j % features];
            sum[j % features] += d;
            squares[j % features] += d * d;
        }
        const std::int64_t values = (end - begin) / features;  // of each feature
        const auto n = static_cast<double>(values);
        auto means = impl_->values.of(*mean);
        auto variances = impl_->values.of(*impl_->layout.find(i, Role::variance));
        for (std::int64_t f = 0; f < features; ++f) {
            means[f] = static_cast<float>(shift[f] + sum[f] / n);
            variances[f] = static_cast<float>(std::max(0.0, (squares[f] - sum[f] * sum[f] / n) / n));
        }
        return;
    }
    fail_input("adapt", "a model with a Normalization layer without mean and variance", impl_->description.name);
}

std::string Sequential::summary() const {
    impl_->need_built("summary");
    return evenkeel::summary(impl_->description);
}

std::vector<std::vector<float>> Sequential::get_weights() const {
    impl_->need_built("get_weights");
    std::vector<std::vector<float>> all;
    for (const Variable& v : impl_->layout.variables) {
        const auto values = std::as_const(impl_->values).of(v);
        all.emplace_back(values.begin(), values.end());
    }
    return all;
}

void Sequential::set_weights(const std::vector<std::vector<float>>& weights) {
    impl_->need_built("set_weights");
    const auto& variables = impl_->layout.variables;
    if (weights.size() != variables.size()) {
        fail_input("set_weights", fmt::format("{} arrays", variables.size()), fmt::format("{}", weights.size()));
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (static_cast<std::int64_t>(weights[i].size()) != variables[i].size) {
            fail_input("set_weights: " + variables[i].path, fmt::format("{} numbers", variables[i].size),
                       fmt::format("{}", weights[i].size()));
        }
    }
    for (std::size_t i = 0; i < weights.size(); ++i)
        std::copy(weights[i].begin(), weights[i].end(), impl_->values.of(variables[i]).begin());
}

const ModelDescription& Sequential::description() const {
    return impl_->description;
}
const VariableLayout& Sequential::layout() const {
    return impl_->layout;
}
VariableValues& Sequential::values() {
    return impl_->values;
}
const VariableValues& Sequential::values() const {
    return impl_->values;
}
bool Sequential::compiled() const {
    return impl_->compilation.has_value();
}
const Compilation& Sequential::compilation() const {
    impl_->need_compiled("compilation");
    return *impl_->compilation;
}
OptimizerValues& Sequential::optimizer_values() {
    return impl_->optimizer;
}
const OptimizerValues& Sequential::optimizer_values() const {
    return impl_->optimizer;
}
std::uint64_t Sequential::seed() const {
    return impl_->options.seed;
}
int Sequential::threads() const {
    return impl_->options.threads;
}

}  // namespace evenkeel
