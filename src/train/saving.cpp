#include "evenkeel/train/saving.hpp"

#include "evenkeel/core/error.hpp"
#include "evenkeel/interop/keras.hpp"
#include "train/saved_sequential.hpp"

namespace evenkeel {

Sequential sequential_of(SavedModel saved, SequentialOptions options) {
    options.name = saved.description.name;
    Sequential model(std::move(saved.description), std::move(options));
    model.values() = std::move(saved.values);
    // A custom loss is no file's to hold: the caller compiles again.
    if (saved.compilation && saved.compilation->loss.kind != LossKind::custom) {
        model.compile(std::move(*saved.compilation));
        model.optimizer_values() = std::move(saved.optimizer_values);
    }
    return model;
}

void save_model(const Sequential& model, const std::filesystem::path& path) {
    if (!model.built()) fail_input("save_model", "a model that is built", "one that is not");
    SavedModel saved;
    saved.description = model.description();
    saved.layout = model.layout();
    saved.values = model.values();
    if (model.compiled()) saved.compilation = model.compilation();
    saved.optimizer_values = model.optimizer_values();
    save_keras(path, saved);
}

Sequential load_model(const std::filesystem::path& path, SequentialOptions options) {
    return sequential_of(load_keras(path), std::move(options));
}

}  // namespace evenkeel
