#include "study/explain_json.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;

json way_json(const ExplainWay& way) {
    return {{"z", way.z},
            {"activated", way.activated},
            {"mean", way.mean},
            {"variance", way.variance},
            {"normalized", way.normalized},
            {"scaled", way.scaled},
            {"output", way.output},
            {"cost", way.cost},
            {"d_output", way.d_output},
            {"d_scaled", way.d_scaled},
            {"d_gamma", way.d_gamma},
            {"d_beta", way.d_beta},
            {"d_normalizer_input", way.d_normalizer_input},
            {"d_z", way.d_z},
            {"d_x", way.d_x},
            {"new_gamma", way.new_gamma},
            {"new_beta", way.new_beta},
            {"new_cost", way.new_cost}};
}

}  // namespace

json to_json(const ExplainResult& result) {
    const ExplainInput& in = result.input;
    return {{"input",
             {{"rows", in.rows},
              {"weights", in.weights},
              {"bias", in.bias},
              {"gamma", in.gamma},
              {"beta", in.beta},
              {"epsilon", in.epsilon},
              {"activation", in.activation},
              {"targets", in.targets},
              {"learning_rate", in.learning_rate}}},
            {"before", way_json(result.before)},
            {"after", way_json(result.after)}};
}

}  // namespace evenkeel
