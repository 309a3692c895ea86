#include "evenkeel/probe/probe.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/clock.hpp"
#include "probe/distribution.hpp"
#include "probe/looks.hpp"
#include "probe/microscope.hpp"

namespace evenkeel {
namespace {

std::vector<float> copy_of(const Training& training, int layer, Role role) {
    const Variable* variable = training.layout.find(layer, role);
    if (variable == nullptr) return {};
    const auto values = std::as_const(training.values).of(*variable);
    return {values.begin(), values.end()};
}

std::vector<ProbedNormalization> normalizations_of(const Training& training) {
    std::vector<ProbedNormalization> result;
    for (int i = 0; const Layer& layer : training.description.layers) {
        if (const auto* bn = std::get_if<BatchNormalization>(&layer)) {
            const std::vector<float> gamma = copy_of(training, i, Role::gamma), beta = copy_of(training, i, Role::beta);
            result.push_back({bn->name, gamma, gamma, beta, beta});
        }
        ++i;
    }
    return result;
}

}  // namespace

struct Probe::Impl {
    Impl(const DataView& data_, const ProbeOptions& options_) : data(data_), options(options_) {}

    DataView data;
    ProbeOptions options;
    ProbeListener listener;
    ProbeRecord record;

    // Of the training under way.
    std::optional<Microscope> microscope;
    Looks looks;
    std::int64_t step = 0;
    std::vector<std::vector<float>> kernels_before;  ///< a step before the next look; empty at other times
    double counted = 0;                              ///< of the training's seconds, those in the record

    void begin(const Training& training) {
        record = {};
        kernels_before.clear();
        counted = training.seconds;
        step = training.position.epoch * training.batches + training.position.batch;
        const std::int64_t last = std::max(step, training.epochs * training.batches);
        const std::int64_t rows_a_step = training.rows / std::max<std::int64_t>(1, training.batches);
        looks = plan_looks(options, rows_in(data, elements(training.description.input_shape(), "input")), step, last,
                           rows_a_step);
        microscope.emplace(training.description, training.compilation, training.pool, data, looks.rows);
        record.rows = microscope->rows();
        record.layers = microscope->layers(training.values);
        record.normalizations = normalizations_of(training);
    }

    bool is_due(std::int64_t at) const {
        const std::size_t done = record.steps.size();
        return done < looks.steps.size() && looks.steps[done] == at;
    }

    // Looks where it is time to, and remembers the kernels where the next step ends in a look.
    void arrive(const Training& training) {
        const auto start = Clock::now();
        const bool seen = is_due(step) && look(training);
        if (is_due(step + 1)) {
            for (std::size_t i = 0; i < microscope->hidden(); ++i) {
                const auto kernel = microscope->kernel(i, training.values);
                kernels_before.emplace_back(kernel.begin(), kernel.end());
            }
        }
        record.seconds += seconds_since(start);
        if (seen && listener) tell(training);
    }

    bool look(const Training& training) {
        const bool seen = microscope->look(training.values, record.layers);
        record.steps.push_back(step);
        for (std::size_t i = 0; i < kernels_before.size(); ++i) {
            record.layers[i].update_norm.back() = distance(microscope->kernel(i, training.values), kernels_before[i]);
        }
        kernels_before.clear();
        end_normalizations(training);
        return seen;
    }

    void end_normalizations(const Training& training) {
        const std::vector<ProbedNormalization> now = normalizations_of(training);
        for (std::size_t i = 0; i < now.size(); ++i) {
            record.normalizations[i].gamma_end = now[i].gamma_end;
            record.normalizations[i].beta_end = now[i].beta_end;
        }
    }

    void tell(const Training& training) const {
        std::vector<ProbedValues> values;
        for (std::size_t i = 0; i < microscope->hidden(); ++i)
            values.push_back({record.layers[i].name, microscope->entering(i), microscope->next_input(i)});
        listener(training, step, values);
    }
};

Probe::Probe(const DataView& data, const ProbeOptions& options) : impl_(std::make_unique<Impl>(data, options)) {}
Probe::~Probe() = default;

void Probe::listen(ProbeListener listener) {
    impl_->listener = std::move(listener);
}

const ProbeRecord& Probe::record() const {
    return impl_->record;
}

void Probe::on_train_begin(Training& training) {
    const auto start = Clock::now();
    impl_->begin(training);
    impl_->record.seconds += seconds_since(start);
    // The matrix product prepares itself at its first call, for tens of milliseconds: the training's cost, not the probe's.
    impl_->microscope->run(training.values);
    impl_->arrive(training);
}

void Probe::on_batch_end(Training& training, double) {
    // A small network's step takes microseconds: the clock is read only where there is something to do.
    const std::int64_t step = ++impl_->step;
    if (!impl_->is_due(step) && !impl_->is_due(step + 1) && training.position.batch < training.batches) return;
    impl_->record.training_seconds += training.seconds - std::exchange(impl_->counted, training.seconds);
    impl_->arrive(training);
}

void Probe::on_train_end(Training& training) {
    impl_->end_normalizations(training);
    impl_->microscope.reset();  // the training's threads may be gone afterwards
}

}  // namespace evenkeel
