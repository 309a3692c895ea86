#include "evenkeel/probe/tensorboard.hpp"

#include <optional>

#include "interop/event_file.hpp"

namespace evenkeel {
namespace {

std::int64_t step_of(const Training& training) {
    return training.position.epoch * training.batches + training.position.batch;
}

}  // namespace

struct TensorBoard::Impl {
    explicit Impl(std::filesystem::path folder_) : folder(std::move(folder_)) {}
    std::filesystem::path folder;
    std::optional<EventFile> file = {};

    // The probe's first look may come before or after this callback's own beginning.
    EventFile& open(const Training& training) {
        if (!file) file.emplace(folder, step_of(training));
        return *file;
    }

    void look(const Training& training, std::int64_t step, std::span<const ProbedValues> layers) {
        EventFile& events = open(training);
        for (const ProbedValues& layer : layers) {
            events.histogram(layer.layer + "/entering", step, layer.entering);
            events.histogram(layer.layer + "/next_input", step, layer.next_input);
        }
        for (const Variable& variable : training.layout.variables) {
            if (!variable.statistic && variable.trainable)
                events.histogram(variable.path, step, std::as_const(training.values).of(variable));
        }
        events.flush();
    }
};

TensorBoard::TensorBoard(std::filesystem::path folder, const std::shared_ptr<Probe>& probe)
    : impl_(std::make_shared<Impl>(std::move(folder))) {
    if (!probe) return;
    probe->listen([impl = impl_](const Training& training, std::int64_t step, std::span<const ProbedValues> layers) {
        impl->look(training, step, layers);
    });
}

TensorBoard::~TensorBoard() = default;

void TensorBoard::on_train_begin(Training& training) {
    impl_->open(training);
}

void TensorBoard::on_epoch_end(Training& training, const EpochLog& log) {
    EventFile& events = *impl_->file;
    const std::int64_t step = step_of(training);
    const auto add = [&](const char* part, const Evaluation& evaluation) {
        events.scalar(std::string("loss/") + part, step, evaluation.loss);
        for (std::size_t m = 0; m < evaluation.metrics.size(); ++m)
            events.scalar(training.history.metric_names[m] + "/" + part, step, evaluation.metrics[m]);
    };
    add("train", log.train);
    if (log.validated) add("validation", log.validation);
    events.scalar("learning_rate", step, log.learning_rate);
    events.flush();
}

void TensorBoard::on_train_end(Training&) {
    impl_->file.reset();
}

}  // namespace evenkeel
