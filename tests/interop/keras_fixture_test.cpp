#include "interop/keras_sample.hpp"

// Archives that the real Keras wrote, and the values that it read out of them (tests/golden).
namespace evenkeel::keras_test {
namespace {

constexpr std::array archives = {"lecture", "activations", "normalization", "variety", "axis_1", "adamw"};

class KerasArchive : public testing::TestWithParam<const char*> {
  protected:
    SavedModel load() const { return load_keras(fixtures / (std::string(GetParam()) + ".keras")); }
};

TEST_P(KerasArchive, HasTheVariablesThatKerasHas) {
    const SavedModel model = load();
    const json expected = golden(GetParam());
    ASSERT_EQ(model.layout.variables.size(), expected.at("weights").size());
    for (std::size_t i = 0; i < model.layout.variables.size(); ++i) {
        const Variable& v = model.layout.variables[i];
        const json& array = expected.at("weights")[i];
        EXPECT_EQ(v.path, expected.at("names")[i].get<std::string>());
        EXPECT_EQ(v.shape, array.at("shape").get<Shape>());
        const auto got = model.values.of(v);
        EXPECT_EQ(std::vector<float>(got.begin(), got.end()), floats(array)) << v.path;
    }
    for (const std::int64_t updates : model.values.updates) EXPECT_EQ(updates, -1);
    for (const Layer& layer : model.description.layers) {
        if (const auto* bn = std::get_if<BatchNormalization>(&layer)) {
            EXPECT_FALSE(bn->debias);
        }
    }
}

TEST_P(KerasArchive, HasTheOptimizerVariablesThatKerasHas) {
    const SavedModel model = load();
    const json expected = golden(GetParam());
    if (!expected.contains("optimizer_variables") || !model.compilation) {
        EXPECT_TRUE(std::string_view(GetParam()) == "variety" || std::string_view(GetParam()) == "axis_1");
        return;
    }
    EXPECT_EQ(model.compilation_problem, "");
    EXPECT_EQ(model.optimizer_values.iteration, 3);
    // By name: "sequential_dense_kernel_momentum" is slot 0 of dense/kernel.
    std::size_t seen = 0;
    for (const json& variable : expected.at("optimizer_variables")) {
        const auto name = variable.at("name").get<std::string>();
        if (name == "iteration" || name == "learning_rate") continue;
        const bool second = name.ends_with("_velocity") && slot_count(model.compilation->optimizer) == 2;
        const Variable* found = nullptr;
        for (const Variable& v : model.layout.variables) {
            std::string word = "_" + v.path + (name.ends_with("_velocity") ? "_velocity" : "_momentum");
            std::replace(word.begin(), word.end(), '/', '_');
            const std::string after_model = name.substr(name.find(word) == name.npos ? 0 : name.find(word));
            // "_dense_kernel" ends "…_dense_kernel_momentum" too where the layer is "my_dense".
            if (!v.statistic && name.ends_with(word) && after_model == word &&
                (found == nullptr || v.path.size() > found->path.size())) {
                found = &v;
            }
        }
        ASSERT_NE(found, nullptr) << name;
        const auto slot = model.optimizer_values.slots.at(second ? 1 : 0)
                              .span()
                              .subspan(static_cast<std::size_t>(found->offset), static_cast<std::size_t>(found->size));
        EXPECT_EQ(std::vector<float>(slot.begin(), slot.end()), floats(variable.at("value"))) << name;
        ++seen;
    }
    std::size_t weights = 0;
    for (const Variable& v : model.layout.variables) weights += v.statistic ? 0 : 1;
    EXPECT_EQ(seen, weights * static_cast<std::size_t>(slot_count(model.compilation->optimizer)));
}

TEST_P(KerasArchive, SurvivesSavingAndLoadingBitForBit) {
    const Folder folder;
    const SavedModel first = load();
    save_keras(folder / "a.keras", first);
    const SavedModel second = load_keras(folder / "a.keras");
    save_keras(folder / "b.keras", second);
    EXPECT_EQ(read_file(folder / "a.keras", 1 << 24), read_file(folder / "b.keras", 1 << 24));
    expect_same_values(first, second);
    EXPECT_EQ(first.compilation.has_value(), second.compilation.has_value());
    EXPECT_EQ(second.compilation_problem, "");
}

// Everything that we write stands in Keras's own config as well, with the same value.
void expect_part_of(const json& ours, const json& theirs, const std::string& path) {
    if (ours.is_object()) {
        ASSERT_TRUE(theirs.is_object()) << path;
        for (const auto& [key, value] : ours.items()) {
            if (key == "dtype" && value.is_object()) continue;
            ASSERT_TRUE(theirs.contains(key)) << path << "." << key;
            expect_part_of(value, theirs.at(key), path + "." + key);
        }
    } else if (ours.is_array()) {
        ASSERT_TRUE(theirs.is_array() && theirs.size() == ours.size()) << path;
        for (std::size_t i = 0; i < ours.size(); ++i) {
            expect_part_of(ours[i], theirs[i], path + "[" + std::to_string(i) + "]");
        }
    } else {
        EXPECT_EQ(ours, theirs) << path;
    }
}

TEST_P(KerasArchive, IsWrittenInTheWordsOfKeras) {
    const SavedModel model = load();
    const fs::path path = fixtures / (std::string(GetParam()) + ".keras");
    json theirs = json::parse(entry_of(path, "config.json"));
    json ours = json::parse(to_json(model.description, model.compilation ? &*model.compilation : nullptr));
    if (!model.compilation) ours.erase("compile_config");
    // A loss object without options is written as its word.
    if (std::string_view(GetParam()) == "activations") ours.at("compile_config").erase("loss");
    if (std::string_view(GetParam()) == "normalization") {
        EXPECT_EQ(ours["compile_config"]["loss"]["config"]["from_logits"], true);
    }
    expect_part_of(ours, theirs, GetParam());

    std::ifstream file(fixtures / (std::string(GetParam()) + ".config.json"));
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(to_json(description_from_json(text.str(), "config"), nullptr), to_json(model.description, nullptr));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, KerasArchive, testing::ValuesIn(archives),
                         [](const auto& instance) { return std::string(instance.param); });

TEST(KerasFixtures, OptionsAreThoseThatWereAskedFor) {
    const SavedModel variety = load_keras(fixtures / "variety.keras");
    const auto& layers = variety.description.layers;
    ASSERT_EQ(layers.size(), 14u);
    EXPECT_EQ(std::get<Input>(layers[0]).shape, (Shape{6, 4}));
    EXPECT_EQ(std::get<Rescaling>(layers[1]).scale, 0.5);
    EXPECT_EQ(std::get<Rescaling>(layers[1]).offset, -0.25);
    EXPECT_EQ(std::get<Dense>(layers[3]).activation, "gelu");
    EXPECT_FALSE(std::get<BatchNormalization>(layers[4]).center);
    EXPECT_EQ(std::get<Dropout>(layers[5]).rate, 0.3);
    EXPECT_FALSE(std::get<BatchNormalization>(layers[7]).scale);
    EXPECT_EQ(std::get<Activation>(layers[8]).kind, ActivationKind::elu);
    EXPECT_EQ(std::get<ReLU>(layers[12]),
              ReLU(ReLUOptions{.max_value = 1.5, .negative_slope = 0.2, .threshold = 0.1, .name = "re_lu"}));
    EXPECT_FALSE(variety.compilation);
    EXPECT_EQ(variety.compilation_problem, "");

    const SavedModel adamw = load_keras(fixtures / "adamw.keras");
    ASSERT_TRUE(adamw.compilation);
    const auto& optimizer = std::get<AdamW>(adamw.compilation->optimizer);
    EXPECT_EQ(optimizer.weight_decay, 0.01);
    EXPECT_TRUE(optimizer.decay_gamma_beta);  // as Keras does
    EXPECT_EQ(optimizer.clipnorm, 1.0);
    const auto& schedule = std::get<CosineDecay>(optimizer.learning_rate);
    EXPECT_EQ(schedule.warmup_target, 0.01);
    EXPECT_EQ(schedule.warmup_steps, 2);
    const auto& dense = std::get<Dense>(adamw.description.layers[2]);
    EXPECT_EQ(dense.kernel_initializer, Initializer("he_normal"));
    EXPECT_EQ(dense.kernel_regularizer, L2(1e-3));
    EXPECT_EQ(std::get<BatchNormalization>(adamw.description.layers[3]).gamma_regularizer, L1L2(1e-4, 1e-3));

    const SavedModel activations = load_keras(fixtures / "activations.keras");
    ASSERT_TRUE(activations.compilation);
    EXPECT_TRUE(std::get<SGD>(activations.compilation->optimizer).nesterov);
    ASSERT_EQ(activations.compilation->metrics.size(), 1u);
    EXPECT_EQ(activations.compilation->metrics[0].word(), "top_2_accuracy");
    EXPECT_EQ(std::get<BatchNormalization>(load_keras(fixtures / "axis_1.keras").description.layers[1]).axis, 1);
}

TEST(KerasFixtures, WhatWeCannotTrainWithStillPredicts) {
    const SavedModel smoothed = load_keras(fixtures / "axis_1.keras");
    EXPECT_FALSE(smoothed.compilation);
    EXPECT_THAT(smoothed.compilation_problem,
                testing::HasSubstr("compile_config.loss.label_smoothing] expected 0, got 0.1"));
}

TEST(KerasFixtures, FunctionalModelsAreRefusedByName) {
    expect_refused([] { (void)load_keras(fixtures / "functional.keras"); },
                   "[functional.keras] expected a Sequential model, got Functional");
}

TEST(KerasFixtures, TrainedWithTwoStepsOfAdam) {
    const SavedModel model = load_keras(fixtures / "dense_bn_adam.keras");
    const json arrays = golden("dense_bn_adam").at("arrays");
    ASSERT_TRUE(model.compilation);
    EXPECT_EQ(model.optimizer_values.iteration, 2);
    // optimizer/vars/10 is m of dense_1/kernel, /11 its v: kernel, bias, gamma, beta come before.
    for (int slot = 0; slot < 2; ++slot) {
        const Variable* v = model.layout.find(4, Role::kernel);
        ASSERT_NE(v, nullptr);
        const auto got = model.optimizer_values.slots[static_cast<std::size_t>(slot)].span().subspan(
            static_cast<std::size_t>(v->offset), static_cast<std::size_t>(v->size));
        EXPECT_EQ(std::vector<float>(got.begin(), got.end()),
                  floats(arrays.at("optimizer/vars/" + std::to_string(10 + slot))));
    }
}

}  // namespace
}  // namespace evenkeel::keras_test
