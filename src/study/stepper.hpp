#pragma once

#include <cstdint>
#include <vector>

#include "core/threads.hpp"
#include "evenkeel/data/batches.hpp"
#include "evenkeel/data/dataset.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/description.hpp"
#include "evenkeel/model/variables.hpp"
#include "plan/plan.hpp"

namespace evenkeel {

inline constexpr std::int64_t classes_to_step = 10;

/// A network for images of bytes: Flatten, Rescaling, (Dense, [BN], ReLU) for each hidden layer's units, Dense 10 softmax.
ModelDescription network_to_step(const Shape& input, const std::vector<std::int64_t>& hidden, bool normalize);

/// Throws Error{input} where images are not of bytes or have labels outside of 0 … 9.
void check_images_to_step(const Examples& images);

/// Bit for bit.
bool same_values(const VariableValues& a, const VariableValues& b);

/// Such a network in training by SGD at 0.1, a deep one at 0.02, as it would diverge sooner or later: one step after the other
/// over random batches. The images outlive it.
class Stepper {
  public:
    Stepper(const Examples& images, const std::vector<std::int64_t>& hidden, bool normalize, std::int64_t batch,
            ThreadPool& pool);
    double step();  ///< the loss before it
    const VariableValues& values() const { return values_; }

  private:
    BatchView batch(std::int64_t index) const;

    ModelDescription description_;
    VariableLayout layout_;
    VariableValues values_;
    OptimizerValues optimizer_;
    Compilation compilation_;
    BatchOrder order_;
    Plan plan_;
    BatchView all_;
    std::int64_t full_batches_, at_ = 0;
};

}  // namespace evenkeel
