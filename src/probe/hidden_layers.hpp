#pragma once

#include <string>
#include <vector>

#include "evenkeel/model/description.hpp"

namespace evenkeel {

/// Where to look in a hidden layer: indices of layers, each standing for the value behind it.
struct HiddenLayer {
    int dense = 0;
    int entering = 0;    ///< what enters g
    int activated = 0;   ///< what leaves g
    int next_input = 0;  ///< what the next Dense is given; where there is no g, the same as `entering`
    std::string name;
    std::int64_t units = 0;
    std::string activation;  ///< Keras's word
    bool dies = false;       ///< a ReLU without slope: a unit below its threshold learns nothing
};

/// A model with every hidden Dense's activation as a layer of its own (so that what enters it can be seen), and its
/// hidden layers. Its variables lie where the model's own do.
struct ProbedModel {
    ModelDescription description;
    std::vector<HiddenLayer> hidden;
};
ProbedModel probed_model(const ModelDescription& model);

}  // namespace evenkeel
