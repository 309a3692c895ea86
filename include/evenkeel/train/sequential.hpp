#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/core/error.hpp"
#include "evenkeel/core/export.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/description.hpp"
#include "evenkeel/model/variables.hpp"
#include "evenkeel/train/callback.hpp"
#include "evenkeel/train/data_view.hpp"
#include "evenkeel/train/history.hpp"

namespace evenkeel {

struct SequentialOptions {
    std::string name = "sequential";
    std::uint64_t seed = 0;  ///< of initial weights, order of batches and dropout
    int threads = 0;  ///< 0: one per core. Training uses fewer where that is faster; results do not depend on it.
};

struct FitOptions {
    std::int64_t batch_size = 32;
    int epochs = 1;
    double validation_split = 0.0;  ///< in [0, 1): the last share of the rows validates, untouched by shuffling
    const DataView* validation_data = nullptr;  ///< or these rows
    bool shuffle = true;
    bool merge_lone_last_row = false;  ///< a last batch of one row joins the one before
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    const TrainingPosition* resume = nullptr;  ///< go on from here (weights and optimizer must be those of then)
    History history = {};                      ///< of the epochs before `resume`
};

/// Room for predictions on a model's weights: its buffers are its own, the weights are shared. Several
/// predictors may predict at once, each on one thread, as long as nobody trains the model; the model outlives
/// them.
class EVENKEEL_API Predictor {
  public:
    /// `largest_batch` rows are computed at a time; more may be asked for.
    Predictor(const ModelDescription& description, const VariableLayout& layout, const VariableValues& values,
              std::int64_t largest_batch, int threads);
    ~Predictor();
    Predictor(Predictor&&) noexcept;

    /// out: [rows, elements(output shape)]. Does not allocate. A row's prediction may differ in its last bits with the rows
    /// that are computed beside it.
    void predict(Features x, std::span<float> out);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

class Sequential;

/// One of several models that are trained together, and what becomes of it.
struct FitTogether {
    Sequential& model;
    std::vector<std::shared_ptr<Callback>> callbacks = {};
    History history = {};
    std::optional<Error> failure = {};  ///< Fault::work, where it dropped out: it has the weights of the step before
};

/// A stack of layers, in Keras's words: add, compile, fit, evaluate, predict, summary. Not for concurrent
/// use; see Predictor for that. Every method throws Error.
class EVENKEEL_API Sequential {
  public:
    explicit Sequential(SequentialOptions options = {});
    /// A model whose description and values exist already (loaded from a file, or an arm of a comparison).
    Sequential(ModelDescription description, SequentialOptions options);
    ~Sequential();
    Sequential(Sequential&&) noexcept;
    Sequential& operator=(Sequential&&) noexcept;

    void add(Layer layer);
    void compile(Compilation compilation);

    /// Fixes the shape of one row and makes the variables. fit and predict do it by themselves where an Input
    /// was added.
    void build(const Shape& input_shape);
    bool built() const;

    /// Trains. The model needs an Input, or is built from the Examples' shape.
    History fit(const DataView& data, const FitOptions& options = {});
    History fit(const Examples& data, const FitOptions& options = {});
    History fit(const GeneratedData& data, const FitOptions& options = {});

    /// Trains different models of one seed on the same batches, in turns: each becomes what fit would have made of it, bit for
    /// bit, and all of it is faster, as what is to be found out about a batch is found out once. The first one's threads work.
    /// A model that fails drops out. They have as many inputs and outputs and the same kind of answers; `options` are without
    /// callbacks, resume and history. Where this throws, histories and failures are not filled in.
    static void fit_together(std::span<FitTogether> models, const DataView& data, const FitOptions& options);

    /// One update on these rows as one batch; the loss and metrics before it.
    Evaluation train_on_batch(const DataView& batch);

    Evaluation evaluate(const DataView& data);
    Evaluation evaluate(const Examples& data);
    Evaluation evaluate(const GeneratedData& data);  ///< its rows from 0 on, in order

    /// [rows, elements(output shape)].
    std::vector<float> predict(Features x);
    void predict(Features x, std::span<float> out);         ///< does not allocate after the first call
    std::vector<float> predict(const GeneratedData& data);  ///< `fill` is asked for features only, rows from 0 on
    Predictor predictor(std::int64_t largest_batch = 256, int threads = 1) const;

    /// Mean and variance of a leading Normalization from these rows (Keras's adapt).
    void adapt(const DataView& data);

    /// A table of layers, shapes and parameters.
    std::string summary() const;

    /// All variables in Keras's order.
    std::vector<std::vector<float>> get_weights() const;
    void set_weights(const std::vector<std::vector<float>>& weights);

    const ModelDescription& description() const;
    const VariableLayout& layout() const;
    VariableValues& values();
    const VariableValues& values() const;
    bool compiled() const;
    const Compilation& compilation() const;
    OptimizerValues& optimizer_values();
    const OptimizerValues& optimizer_values() const;
    std::uint64_t seed() const;
    int threads() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel
