#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "evenkeel/model/initializer.hpp"
#include "evenkeel/model/regularizer.hpp"

namespace evenkeel {

/// Which variance feeds the moving variance: Σ(x−μ)²/m as in Keras, or Σ(x−μ)²/(m−1) as in PyTorch.
/// The batch itself is always normalized by the biased one (Ioffe and Szegedy 2015, algorithm 1).
enum class MovingVariance { biased, unbiased };

/// What training does with a batch that gives one value per channel: its variance says nothing and y would be
/// β.
enum class SingleValue {
    error,       ///< stop with an error that names the layer
    use_moving,  ///< normalize this batch by the moving statistics, and leave them as they are
    skip,        ///< skip the step: neither weights nor statistics change
};

struct BatchNormalizationOptions {
    int axis = -1;           ///< the channel axis, counting the batch axis as 0; −1 is the last
    double momentum = 0.99;  ///< weight of the OLD moving value, in [0, 1] (PyTorch's momentum is 1 − this)
    double epsilon = 1e-3;   ///< > 0; PyTorch's default is 1e-5
    bool center = true;      ///< has β
    bool scale = true;       ///< has γ
    Initializer beta_initializer = "zeros";
    Initializer gamma_initializer = "ones";
    Initializer moving_mean_initializer = "zeros";
    Initializer moving_variance_initializer = "ones";
    Regularizer beta_regularizer = {};
    Regularizer gamma_regularizer = {};
    bool trainable = true;  ///< false: inference mode even in training, as in Keras 3
    std::string name = {};

    // What Keras has no word for.
    bool debias = true;  ///< moving statistics weighted as if the first batch had started them (design: debiased)
    MovingVariance moving_variance = MovingVariance::biased;
    SingleValue single_value = SingleValue::error;
    bool train_gamma = true;             ///< false: γ keeps its value
    bool train_beta = true;              ///< false: β keeps its value
    bool update_statistics = true;       ///< false: moving statistics keep their values
    bool use_moving_statistics = false;  ///< true: training normalizes by the moving statistics too
};

/// Batch normalization (Ioffe and Szegedy 2015, algorithms 1 and 2): per channel c of the axis,
/// ẑ = (z − μ_c)/√(σ²_c + ε), y = γ_c·ẑ + β_c, with μ, σ² over the batch and every other axis in training,
/// and the moving ones in inference.
struct BatchNormalization : BatchNormalizationOptions {
    BatchNormalization() = default;
    explicit BatchNormalization(BatchNormalizationOptions options) : BatchNormalizationOptions(std::move(options)) {}

    /// True when training normalizes by the moving statistics (frozen in the sense of Keras 3, or told to).
    bool frozen() const { return !trainable || use_moving_statistics; }
};

/// PyTorch's momentum is the weight of the NEW value; this gives Keras's word for it.
constexpr double momentum_from_torch(double torch_momentum) {
    return 1.0 - torch_momentum;
}

}  // namespace evenkeel
