// Archives that the real Keras wrote predict what Keras predicted, and train on as Keras trained on. The numbers beside
// them are Keras's own: tests/golden/keras_archives.py.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/train/saving.hpp"
#include "support/json_golden.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;
using testing::floats_of;
using testing::integers_of;
using Floats = std::vector<float>;

/// The largest error, relative to the largest magnitude; to 1e-3 where all are smaller: a β whose effect the next
/// normalization takes away has a gradient, and a value, of 1e-9, which is rounding.
double error_of(const Floats& got, const Floats& want) {
    double worst = 0, scale = 1e-3;
    for (const float v : want) scale = std::max(scale, static_cast<double>(std::abs(v)));
    if (got.size() != want.size()) return INFINITY;
    for (std::size_t i = 0; i < want.size(); ++i) {
        if (!std::isfinite(got[i])) return INFINITY;
        worst = std::max(worst, std::abs(static_cast<double>(got[i]) - want[i]));
    }
    return worst / scale;
}

struct Answered {
    Floats x, targets;
    std::vector<std::int32_t> labels;
    explicit Answered(const json& step) : x(floats_of(step.at("x"))) {
        if (step.at("y").at("shape").size() == 1) {
            labels = integers_of(step.at("y"));
        } else {
            targets = floats_of(step.at("y"));
        }
    }
    DataView view() const { return {Features(x), labels.empty() ? Answers(targets) : Answers(labels)}; }
};

class KerasArchives : public ::testing::TestWithParam<const char*> {
  protected:
    const std::string stem_ = std::string(EVENKEEL_SOURCE_DIR) + "/tests/fixtures/keras/" + GetParam();
    const json keras_ = testing::golden("../../fixtures/keras/" + std::string(GetParam()) + ".json");
};

TEST_P(KerasArchives, PredictWhatKerasPredicts) {
    Sequential model = load_model(stem_ + ".keras");
    // A sum of 24 products and two layers more in float: some 2⁻²⁴ each.
    EXPECT_LE(error_of(model.predict(floats_of(keras_.at("x"))), floats_of(keras_.at("predictions"))), 1e-6);
}

TEST_P(KerasArchives, TrainOnAsInKeras) {
    Sequential model = load_model(stem_ + ".keras");
    if (!model.compiled()) {
        EXPECT_TRUE(GetParam() == std::string("variety") || GetParam() == std::string("axis_1"))
            << "only these have nothing, or something unknown, to be trained with";
        return;
    }
    const double tolerance = keras_.at("tolerance_after").get<double>();
    const json& steps = keras_.at("further_steps");
    const double evaluated = keras_.at("evaluated_loss").get<double>();
    EXPECT_NEAR(model.evaluate(Answered(steps.front()).view()).loss, evaluated, 1e-5 * evaluated);
    for (const json& step : steps) {
        const double want = step.at("loss").get<double>();
        EXPECT_NEAR(model.train_on_batch(Answered(step).view()).loss, want, 1e-5 * want);
    }
    EXPECT_LE(error_of(model.predict(floats_of(keras_.at("x"))), floats_of(keras_.at("predictions_after"))), tolerance);
    const std::vector<Floats> weights = model.get_weights();
    const auto unmoved = keras_.at("no_gradient").get<std::vector<std::string>>();
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const std::string name = keras_.at("names")[i].get<std::string>();
        // Their gradient is rounding there and zero here.
        if (std::find(unmoved.begin(), unmoved.end(), name) != unmoved.end()) continue;
        EXPECT_LE(error_of(weights[i], floats_of(keras_.at("weights_after")[i])), tolerance) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, KerasArchives,
                         ::testing::Values("lecture", "activations", "normalization", "variety", "axis_1", "adamw"),
                         [](const auto& i) { return std::string(i.param); });

}  // namespace
}  // namespace evenkeel
