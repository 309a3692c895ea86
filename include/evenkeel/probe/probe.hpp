#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/train/callback.hpp"
#include "evenkeel/train/data_view.hpp"

namespace evenkeel {

/// Of a set of values. NaN where they could not be computed: the network had stopped being finite.
struct Distribution {
    double p15 = 0, p50 = 0, p85 = 0;  ///< percentiles, linear between order statistics
    double mean = 0, std = 0;          ///< std: √(Σ(x − mean)²/n)
};

/// A hidden layer (a Dense before the last, with what follows it up to the next Dense) as the probe saw it. Each
/// vector has one entry a probed step.
struct ProbedLayer {
    std::string name;                           ///< of the Dense
    std::int64_t units = 0;                     ///< its neurons
    std::string activation;                     ///< g: "relu", …, "linear" where there is none
    std::int64_t unit = 0;                      ///< the typical one: its weights' initial 2-norm is the median
    std::vector<Distribution> entering;         ///< what enters g, over rows and units
    std::vector<Distribution> next_input;       ///< what the next Dense is given, over rows and units
    std::vector<Distribution> unit_entering;    ///< the same of the typical unit, over rows
    std::vector<Distribution> unit_next_input;  ///< (Ioffe and Szegedy 2015, figure 1)
    std::vector<double> saturated;              ///< share of outputs within 5 % of a limit of g; NaN: g has none
    std::vector<double> dead;                   ///< share of units that no row activates; NaN: g is no ReLU
    std::vector<double> gradient_norm, update_norm;  ///< of the kernel: ‖∂C/∂W‖ on the probe batch; ‖ΔW‖ of the step
};

/// γ and β of a BatchNormalization, one a channel; empty where it has none.
struct ProbedNormalization {
    std::string name;
    std::vector<float> gamma_start, gamma_end, beta_start, beta_end;
};

struct ProbeRecord {
    std::int64_t rows = 0;            ///< of the probe batch
    std::vector<std::int64_t> steps;  ///< number of batches trained before each look
    std::vector<ProbedLayer> layers;
    std::vector<ProbedNormalization> normalizations;
    double seconds = 0;           ///< that the probe took
    double training_seconds = 0;  ///< that the training took meanwhile, without the probe and validation
};

/// What a listener gets at each look: the values themselves, [rows, …, units]. Not to be kept beyond the call.
struct ProbedValues {
    const std::string& layer;
    std::span<const float> entering, next_input;
};
using ProbeListener =
    std::function<void(const Training& training, std::int64_t step, std::span<const ProbedValues> layers)>;

struct ProbeOptions {
    std::int64_t rows = 500;  ///< of the probe batch at most, spread evenly over the data; ≥ 2
    int looks = 40;           ///< at most, denser early; ≥ 2
    /// Rows that all looks together may compute, as a share of the rows that the training does. Fewer looks, then a
    /// smaller batch keep within it; but never fewer than 8 looks at 64 rows.
    double share = 0.02;
};

/// Looks into a network while `fit` trains it. A fixed batch of training rows runs forward and backward, in training
/// mode, through a plan of the probe's own, which only reads the weights: the training changes in no bit.
/// Not for use from several threads; one training at a time.
class EVENKEEL_API Probe : public Callback {
  public:
    /// `data`: the rows trained on, to choose the probe batch from; it outlives the training's beginning.
    explicit Probe(const DataView& data, const ProbeOptions& options = {});
    ~Probe() override;

    void listen(ProbeListener listener);
    const ProbeRecord& record() const;

    void on_train_begin(Training& training) override;
    void on_batch_end(Training& training, double loss) override;
    void on_train_end(Training& training) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel
