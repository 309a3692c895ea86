#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evenkeel/data/dataset.hpp"
#include "evenkeel/model/description.hpp"

namespace evenkeel {

/// Mean, deviation (÷ n) and range of some numbers.
struct Spread {
    double mean = 0, deviation = 0, low = 0, high = 0;
};

/// How the numbers of the training rows are distributed, all features pooled.
struct ValueDistribution {
    Spread all;
    std::vector<double> edges;         ///< of the histogram's bins, from the lowest to the highest value
    std::vector<std::int64_t> counts;  ///< one fewer than edges
    std::vector<Spread> features;      ///< of those in InputDistribution::features
};

/// The inputs of a network as they lie in the data and as the model's own scaling makes them.
struct InputDistribution {
    std::string scaling;  ///< "rescaling", "normalization" or "none": the model's leading layer
    std::int64_t rows = 0;
    std::vector<std::string> features;  ///< at most 8: the first named columns, or the liveliest pixels
    ValueDistribution before, after;    ///< `after` is empty where the layer's numbers are not in the description
};

/// Over all values of the rows, exactly.
InputDistribution input_distribution(const Examples& train, const std::vector<std::string>& feature_names,
                                     const ModelDescription& model);

nlohmann::json to_json(const InputDistribution& input);

}  // namespace evenkeel
