#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/variables.hpp"
#include "evenkeel/train/history.hpp"

namespace evenkeel {

class ThreadPool;

/// Where a training stands: enough to go on bit for bit. Between two steps only.
struct TrainingPosition {
    int epoch = 0;           ///< epochs completed
    std::int64_t batch = 0;  ///< batches completed in the epoch under way
    // Sums over the rows of the epoch under way.
    std::int64_t rows = 0;
    double loss_sum = 0;
    std::vector<double> metric_sums;
};

/// The training as a callback sees it. Nothing here may be kept beyond the call.
struct Training {
    const ModelDescription& description;
    const VariableLayout& layout;
    const Compilation& compilation;
    VariableValues& values;
    OptimizerValues& optimizer;
    TrainingPosition& position;
    History& history;
    int epochs = 0;            ///< that were asked for
    std::int64_t batches = 0;  ///< in an epoch
    std::int64_t rows = 0;     ///< in an epoch
    ThreadPool& pool;          ///< what the training computes with; idle during the call
    bool stop = false;         ///< set it to end the training after this call
    double seconds = 0;        ///< that its steps have taken since this call of fit began, without callbacks
};

/// Called by fit, from its thread. Override what is of interest.
class EVENKEEL_API Callback {
  public:
    virtual ~Callback();
    virtual void on_train_begin(Training&) {}
    virtual void on_batch_end(Training&, double /*loss*/) {}
    virtual void on_epoch_end(Training&, const EpochLog&) {}
    virtual void on_train_end(Training&) {}
};

struct EarlyStoppingOptions {
    /// "loss", "validation_loss", a metric's name, or "validation_" + it; Keras's "val_" is understood.
    std::string monitor = "validation_loss";
    double min_delta = 0.0;
    int patience = 0;  ///< stops after this many epochs without improvement; 0 and 1 mean the same, as in Keras
    bool restore_best_weights = true;
};

/// Ends the training when the monitored number has not improved for `patience` epochs, and puts back the best epoch's
/// weights and statistics. A loss or an error is to fall, anything else to rise.
class EVENKEEL_API EarlyStopping : public Callback {
  public:
    explicit EarlyStopping(EarlyStoppingOptions options = {});
    void on_train_begin(Training& training) override;
    void on_epoch_end(Training& training, const EpochLog& log) override;
    void on_train_end(Training& training) override;
    int best_epoch() const { return best_epoch_; }

  private:
    double monitored(const Training& training, const EpochLog& log) const;
    EarlyStoppingOptions options_;
    double best_ = 0;
    int best_epoch_ = 0;
    VariableValues best_values_;
};

}  // namespace evenkeel
