#include "evenkeel/probe/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"
#include "evenkeel/model/zoo.hpp"
#include "evenkeel/train/saving.hpp"
#include "evenkeel/train/sequential.hpp"
#include "probe/distribution.hpp"
#include "support/small_data.hpp"

namespace evenkeel {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;
using tests::three_classes;
using Values = std::vector<float>;

Dense output() {
    return Dense(3, {.activation = "softmax"});
}

Sequential model_of(std::vector<Layer> layers, int threads = 1,
                    const Optimizer& optimizer = SGD{.learning_rate = 0.1}) {
    Sequential model({.seed = 3, .threads = threads});
    model.add(Input({8}));
    for (Layer& layer : layers) model.add(std::move(layer));
    model.compile({.optimizer = optimizer, .metrics = {"accuracy"}});
    return model;
}

/// Trains and gives what the probe saw. By default the probe batch is the whole data, and every step is looked at.
ProbeRecord probed(Sequential& model, const Examples& data, FitOptions fit = {.batch_size = 20, .epochs = 2},
                   const ProbeOptions& options = {.looks = 1000, .share = 1e6}) {
    const auto probe = std::make_shared<Probe>(DataView(data), options);
    fit.callbacks.push_back(probe);
    model.fit(data, fit);
    return probe->record();
}

const Values& values_of(const Examples& data) {
    return std::get<Values>(data.values);
}

Distribution plainly(const Values& values) {
    Values scratch;  // tests/probe/distribution_test.cpp holds this function against the definition
    return distribution_of(values, scratch);
}

void expect_close(const Distribution& a, const Distribution& b, double tolerance) {
    EXPECT_NEAR(a.p15, b.p15, tolerance);
    EXPECT_NEAR(a.p50, b.p50, tolerance);
    EXPECT_NEAR(a.p85, b.p85, tolerance);
    EXPECT_NEAR(a.mean, b.mean, tolerance);
    EXPECT_NEAR(a.std, b.std, tolerance);
}

Values column(const Values& values, std::int64_t units, std::int64_t unit) {
    Values result;
    for (std::size_t i = static_cast<std::size_t>(unit); i < values.size(); i += static_cast<std::size_t>(units))
        result.push_back(values[i]);
    return result;
}

/// z of a first hidden layer of such a model, as a model that ends there predicts it.
Values predicted_z(Sequential& model, const Examples& data, std::int64_t units) {
    Sequential head = model_of({Dense(units)});
    auto weights = model.get_weights();
    weights.resize(2);
    head.build({8});
    head.set_weights(weights);
    return head.predict(values_of(data));
}

TEST(Probe, SeesWhatAModelCutOffThereWouldPredict) {
    const Examples data = three_classes(100);
    Sequential model = model_of({Dense(6), ReLU(), Dense(5, {.activation = "tanh"}), output()});
    const ProbeRecord record = probed(model, data);
    ASSERT_THAT(record.layers, SizeIs(2));
    EXPECT_EQ(record.rows, 100);
    EXPECT_THAT(record.steps, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));

    const ProbedLayer& first = record.layers[0];
    EXPECT_EQ(first.name, "dense");
    EXPECT_EQ(first.activation, "relu");
    const Values z = predicted_z(model, data, 6);
    Values a = z;
    for (float& x : a) x = std::max(x, 0.0F);
    expect_close(first.entering.back(), plainly(z), 1e-5);
    expect_close(first.next_input.back(), plainly(a), 1e-5);
    expect_close(first.unit_entering.back(), plainly(column(z, 6, first.unit)), 1e-5);
    expect_close(first.unit_next_input.back(), plainly(column(a, 6, first.unit)), 1e-5);
    EXPECT_GT(std::abs(first.entering.front().std - first.entering.back().std), 1e-3) << "it has not been trained";

    // The argument activation="tanh" is seen from both sides.
    const ProbedLayer& second = record.layers[1];
    EXPECT_EQ(second.activation, "tanh");
    EXPECT_NE(second.entering.back().p85, second.next_input.back().p85);
    EXPECT_LT(second.next_input.back().p85, 1.0);
}

TEST(Probe, WithNormalizationItSeesTheBatchNormalizedBeforeAndAfter) {
    const Examples data = three_classes(100);
    for (const bool before : {true, false}) {
        SCOPED_TRACE(before);
        Sequential model = before ? model_of({Dense(6), BatchNormalization(), ReLU(), output()})
                                  : model_of({Dense(6), ReLU(), BatchNormalization(), output()});
        const ProbeRecord record = probed(model, data);
        const Values z = predicted_z(model, data, 6);
        const auto normalized = [&](Values v) {
            const auto weights = model.get_weights();
            for (std::int64_t u = 0; u < 6; ++u) {
                const Distribution d = plainly(column(v, 6, u));
                for (std::size_t i = static_cast<std::size_t>(u); i < v.size(); i += 6) {
                    v[i] = static_cast<float>((v[i] - d.mean) / std::sqrt(d.std * d.std + 1e-3) * weights[2][u] +
                                              weights[3][u]);
                }
            }
            return v;
        };
        const auto rectified = [](Values v) {
            for (float& x : v) x = std::max(x, 0.0F);
            return v;
        };
        const Values entering = before ? normalized(z) : z;
        const Values next = before ? rectified(entering) : normalized(rectified(z));
        expect_close(record.layers[0].entering.back(), plainly(entering), 1e-4);
        expect_close(record.layers[0].next_input.back(), plainly(next), 1e-4);
        if (before) {
            EXPECT_NEAR(record.layers[0].entering.front().mean, 0, 1e-6);
            EXPECT_NEAR(record.layers[0].entering.front().std, 1, 1e-2);
        }
    }
}

TEST(Probe, ChangesNoBitOfTheTraining) {
    const Examples data = three_classes(333);
    const std::vector<std::vector<Layer>> networks = {
        {Dense(6), ReLU(), output()},
        {Dense(6), BatchNormalization(), ReLU(), Dropout(0.3), output()},
        {Dense(6, {.activation = "sigmoid"}), BatchNormalization(), output()},
    };
    for (const Optimizer& optimizer : {Optimizer(SGD{.learning_rate = 0.1}), Optimizer(Adam{.clipnorm = 1.0})}) {
        for (const auto& layers : networks) {
            std::vector<std::vector<Values>> weights;
            for (const int threads : {1, 2}) {
                for (const bool with_probe : {false, true}) {
                    Sequential model = model_of(layers, threads, optimizer);
                    const FitOptions fit{.batch_size = 50, .epochs = 3, .validation_split = 0.1};
                    if (with_probe) {
                        EXPECT_THAT(probed(model, data, fit).steps, SizeIs(19));
                    } else {
                        model.fit(data, fit);
                    }
                    weights.push_back(model.get_weights());
                }
            }
            EXPECT_THAT(weights, Each(weights.front()));
        }
    }
}

TEST(Probe, ItsNumbersDoNotDependOnThreads) {
    const Examples data = three_classes(400);
    const auto record = [&](int threads) {
        Sequential model = model_of({Dense(40), BatchNormalization(), ReLU(), output()}, threads);
        return probed(model, data, {.epochs = 1}, {});
    };
    const ProbeRecord one = record(1), two = record(2);
    EXPECT_EQ(one.steps, two.steps);
    EXPECT_EQ(one.layers[0].gradient_norm, two.layers[0].gradient_norm);
    for (std::size_t i = 0; i < one.steps.size(); ++i)
        EXPECT_EQ(one.layers[0].entering[i].p85, two.layers[0].entering[i].p85);
}

TEST(Probe, TheGradientIsWhatAStepOfPlainDescentFollows) {
    const Examples data = three_classes(60);
    const std::vector<Layer> layers = {Dense(6), BatchNormalization(), ReLU(), Dense(4), ReLU(), output()};
    const SGD descent{.learning_rate = 0.5};
    Sequential looked = model_of(layers, 1, descent), stepped = model_of(layers, 1, descent);
    const ProbeRecord record = probed(looked, data, {.batch_size = 60, .epochs = 1});
    const auto before = stepped.get_weights();
    stepped.train_on_batch(DataView(data));
    const auto after = stepped.get_weights();
    EXPECT_NEAR(record.layers[0].gradient_norm[0], distance(before[0], after[0]) / 0.5, 1e-5);
    EXPECT_NEAR(record.layers[1].gradient_norm[0], distance(before[6], after[6]) / 0.5, 1e-5);
    // And the update of that one step is the step itself (the epoch's order differs from the data's, to rounding).
    EXPECT_TRUE(std::isnan(record.layers[0].update_norm[0])) << "no step was made before the first look";
    EXPECT_NEAR(record.layers[0].update_norm[1], distance(before[0], after[0]), 1e-6);
}

class KernelsOfEachStep : public Callback {
  public:
    void on_train_begin(Training& training) override { keep(training); }
    void on_batch_end(Training& training, double) override { keep(training); }
    std::vector<Values> kernels;

  private:
    void keep(const Training& training) {
        const auto kernel = std::as_const(training.values).of(training.layout.variables.front());
        kernels.emplace_back(kernel.begin(), kernel.end());
    }
};

TEST(Probe, TheUpdateIsThatOfTheStepBeforeTheLook) {
    const Examples data = three_classes(600);
    Sequential model = model_of({Dense(6), ReLU(), output()}, 1, Adam{});
    const auto kernels = std::make_shared<KernelsOfEachStep>();
    const ProbeRecord record =
        probed(model, data, {.batch_size = 10, .epochs = 2, .callbacks = {kernels}}, {.looks = 12, .share = 1e6});
    ASSERT_GE(record.steps.size(), 8U);
    ASSERT_LE(record.steps.size(), 12U);
    for (std::size_t i = 1; i < record.steps.size(); ++i) {
        const auto step = static_cast<std::size_t>(record.steps[i]);
        EXPECT_EQ(record.layers[0].update_norm[i], distance(kernels->kernels[step], kernels->kernels[step - 1]));
    }
}

TEST(Probe, GammaStartsAtOneBetaAtZeroAndBothEndAsTheModelHasThem) {
    const Examples data = three_classes(100);
    Sequential model = model_of({Dense(6), BatchNormalization({.name = "mine"}), ReLU(), Dense(5),
                                 BatchNormalization({.scale = false}), ReLU(), output()});
    const ProbeRecord record = probed(model, data);
    ASSERT_THAT(record.normalizations, SizeIs(2));
    const ProbedNormalization& first = record.normalizations[0];
    EXPECT_EQ(first.name, "mine");
    EXPECT_EQ(first.gamma_start, Values(6, 1.0F));
    EXPECT_EQ(first.beta_start, Values(6, 0.0F));
    EXPECT_EQ(first.gamma_end, model.get_weights()[2]);
    EXPECT_EQ(first.beta_end, model.get_weights()[3]);
    EXPECT_NE(first.gamma_end, first.gamma_start);
    EXPECT_TRUE(record.normalizations[1].gamma_end.empty());
    EXPECT_THAT(record.normalizations[1].beta_end, SizeIs(5));
}

TEST(Probe, FindsUnitsThatAreDeadAndOutputsThatAreSaturated) {
    const Examples data = three_classes(50);
    const auto first_look = [&](Layer activation, const Values& bias) {
        Sequential model = model_of({Dense(4), std::move(activation), output()});
        model.build({8});
        auto weights = model.get_weights();
        std::fill(weights[0].begin(), weights[0].end(), 0.0F);
        weights[1] = bias;
        model.set_weights(weights);
        return probed(model, data, {.epochs = 0}).layers.at(0);
    };
    const ProbedLayer relu = first_look(ReLU(), {-1, 1, -1, -1});
    EXPECT_EQ(relu.dead.front(), 0.75);
    EXPECT_TRUE(std::isnan(relu.saturated.front()));
    const ProbedLayer leaky = first_look(ReLU({.negative_slope = 0.1}), {-1, 1, -1, -1});
    EXPECT_TRUE(std::isnan(leaky.dead.front())) << "it goes on learning below zero";
    const ProbedLayer sigmoid = first_look(Activation("sigmoid"), {-5, 0, 5, 1});
    EXPECT_EQ(sigmoid.saturated.front(), 0.5);
    EXPECT_TRUE(std::isnan(sigmoid.dead.front()));
    EXPECT_EQ(first_look(Activation("tanh"), {-5, 0, 0.5, 1}).saturated.front(), 0.25);
    EXPECT_TRUE(std::isnan(first_look(Activation("gelu"), {0, 0, 0, 0}).saturated.front()));
}

TEST(Probe, TakesEveryShapeOfNetwork) {
    const Examples data = three_classes(60);
    Sequential without = model_of({output()});
    EXPECT_TRUE(probed(without, data).layers.empty());
    for (const auto word : activation_words()) {
        Sequential model = model_of({Dense(4, {.activation = word}), Dropout(0.1), output()});
        const ProbeRecord record = probed(model, data);
        ASSERT_THAT(record.layers, SizeIs(1)) << word;
        EXPECT_EQ(record.layers[0].activation, word);
        EXPECT_TRUE(std::isfinite(record.layers[0].gradient_norm.back())) << word;
    }
    Sequential linear = model_of({Dense(4), BatchNormalization(), output()});
    const ProbedLayer layer = probed(linear, data).layers.at(0);
    EXPECT_EQ(layer.activation, "linear");
    EXPECT_EQ(layer.entering.back().p50, layer.next_input.back().p50);
    EXPECT_NEAR(layer.entering.front().std, 1.0, 1e-2);
}

TEST(Probe, TakesAnArchiveThatKerasWrote) {
    const std::string folder = std::string(EVENKEEL_SOURCE_DIR) + "/tests/fixtures/keras/";
    Sequential model = load_model(folder + "lecture.keras", {.threads = 2});
    model.compile({.optimizer = SGD{.learning_rate = 0.01}});
    const std::int64_t features = elements(model.description().input_shape(), "input");
    Examples data = three_classes(40, features);
    const ProbeRecord record = probed(model, data, {.epochs = 1});
    ASSERT_THAT(record.layers, SizeIs(2));
    EXPECT_EQ(record.layers[0].units, 8);
    EXPECT_EQ(record.layers[1].units, 6);
    EXPECT_THAT(record.normalizations, SizeIs(2));
    EXPECT_TRUE(std::isfinite(record.layers[1].next_input.back().p85));
}

TEST(Probe, ATrainingThatDivergesLeavesWhatWasSeen) {
    const Examples data = three_classes(100);
    const auto outcome = [&](const std::shared_ptr<Probe>& probe) {
        Sequential model = model_of({Dense(6), ReLU(), output()}, 1, SGD{.learning_rate = 1e20});
        FitOptions fit{.batch_size = 10, .epochs = 5};
        if (probe) fit.callbacks.push_back(probe);
        try {
            model.fit(data, fit);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("it went on");
    };
    const auto probe = std::make_shared<Probe>(DataView(data), ProbeOptions{.looks = 1000, .share = 1e6});
    const std::string message = outcome(nullptr);
    EXPECT_THAT(message, HasSubstr("finite"));
    EXPECT_EQ(outcome(probe), message);
    const ProbeRecord& record = probe->record();
    ASSERT_GE(record.steps.size(), 2U);
    EXPECT_TRUE(std::isfinite(record.layers[0].entering[0].p50));
    EXPECT_EQ(record.layers[0].entering.size(), record.steps.size());
    EXPECT_EQ(record.layers[0].update_norm.size(), record.steps.size());
}

TEST(Probe, GoesOnWhereAResumedTrainingDoes) {
    const Examples data = three_classes(100);
    Sequential model = model_of({Dense(6), ReLU(), output()});
    TrainingPosition position;
    position.epoch = 1;
    position.metric_sums = {0.0};
    const ProbeRecord record = probed(model, data, {.batch_size = 10, .epochs = 3, .resume = &position});
    EXPECT_EQ(record.steps.front(), 10);
    EXPECT_EQ(record.steps.back(), 30);
}

TEST(Probe, TellsAListenerTheValuesThemselves) {
    const Examples data = three_classes(100);
    Sequential model = model_of({Dense(6), ReLU(), output()});
    const auto probe = std::make_shared<Probe>(DataView(data), ProbeOptions{.looks = 5, .share = 1e6});
    std::vector<std::int64_t> told;
    double last = 0;
    probe->listen([&](const Training& training, std::int64_t step, std::span<const ProbedValues> layers) {
        told.push_back(step);
        ASSERT_THAT(layers, SizeIs(1));
        EXPECT_EQ(layers[0].layer, "dense");
        EXPECT_THAT(layers[0].entering, SizeIs(600));
        EXPECT_EQ(training.epochs, 1);
        last = plainly({layers[0].next_input.begin(), layers[0].next_input.end()}).p85;
    });
    model.fit(data, {.batch_size = 10, .epochs = 1, .callbacks = {probe}});
    EXPECT_EQ(told, probe->record().steps);
    EXPECT_EQ(last, probe->record().layers[0].next_input.back().p85);
}

}  // namespace
}  // namespace evenkeel
