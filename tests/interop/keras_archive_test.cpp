#include <limits>

#include "core/sha256.hpp"
#include "interop/keras_sample.hpp"

// Archives of our own: what they keep, and what is refused.
namespace evenkeel::keras_test {
namespace {

TEST(KerasSave, KeepsWhatKerasHasNoWordFor) {
    const Folder folder;
    const SavedModel saved = sample_model();
    save_keras(folder / "a.keras", saved);
    const SavedModel loaded = load_keras(folder / "a.keras");
    expect_same_values(saved, loaded);
    EXPECT_EQ(loaded.extra_json, saved.extra_json);
    EXPECT_EQ(loaded.description.name, "sample");
    const auto& first = std::get<BatchNormalization>(loaded.description.layers[4]);
    EXPECT_TRUE(first.debias);
    EXPECT_FALSE(first.train_gamma);
    EXPECT_TRUE(first.train_beta);
    EXPECT_EQ(first.moving_variance, MovingVariance::biased);
    const auto& second = std::get<BatchNormalization>(loaded.description.layers[8]);
    EXPECT_FALSE(second.debias);
    EXPECT_EQ(second.moving_variance, MovingVariance::unbiased);
    EXPECT_EQ(second.single_value, SingleValue::skip);
    EXPECT_FALSE(second.update_statistics);
    EXPECT_TRUE(second.use_moving_statistics);
    EXPECT_FALSE(std::get<Dense>(loaded.description.layers[7]).trainable);
    ASSERT_TRUE(loaded.compilation);
    const auto& adam = std::get<Adam>(loaded.compilation->optimizer);
    EXPECT_FALSE(adam.decay_gamma_beta);                     // though it decays, and Keras's would decay them
    EXPECT_EQ(std::get<double>(adam.learning_rate), 0.002);  // not its rounding to a float
    ASSERT_EQ(loaded.compilation->metrics.size(), 2u);
    EXPECT_EQ(loaded.compilation->metrics[1].word(), "top_2_accuracy");
}

TEST(KerasSave, EqualModelsGiveEqualBytes) {
    const Folder folder;
    save_keras(folder / "a.keras", sample_model());
    save_keras(folder / "b.keras", sample_model());
    EXPECT_EQ(read_file(folder / "a.keras", 1 << 24), read_file(folder / "b.keras", 1 << 24));
}

TEST(KerasSave, WithoutExtrasTheSemanticsAreThoseOfKeras) {
    const Folder folder;
    save_keras(folder / "a.keras", sample_model());
    rewrite(folder / "a.keras", folder / "b.keras", {{"assets/evenkeel.json", ""}});
    const SavedModel loaded = load_keras(folder / "b.keras");
    EXPECT_EQ(loaded.values.updates, (std::vector<std::int64_t>{-1, -1}));
    const auto& second = std::get<BatchNormalization>(loaded.description.layers[8]);
    EXPECT_FALSE(std::get<BatchNormalization>(loaded.description.layers[4]).debias);
    EXPECT_EQ(second.moving_variance, MovingVariance::biased);
    EXPECT_EQ(loaded.extra_json, "");
    ASSERT_TRUE(loaded.compilation);
    EXPECT_TRUE(std::get<Adam>(loaded.compilation->optimizer).decay_gamma_beta);
    // Slots stay where they belong, although γ trains now and did not before.
    expect_same_values(load_keras(folder / "b.keras"), loaded);
    const Variable* bias = loaded.layout.find(3, Role::bias);
    EXPECT_EQ(loaded.optimizer_values.slots[1][bias->offset], 0.02f);
}

TEST(KerasSave, EveryOptimizerKeepsItsSlots) {
    const Folder folder;
    for (const Optimizer& optimizer :
         {Optimizer(SGD{}), Optimizer(SGD{.momentum = 0.9}),
          Optimizer(SGD{.learning_rate = ExponentialDecay{.staircase = true}, .momentum = 0.5}),
          Optimizer(RMSprop{.momentum = 0.5, .epsilon = 1e-6, .centered = true}), Optimizer(RMSprop{}),
          Optimizer(Adam{.learning_rate = PiecewiseConstantDecay{{10, 20}, {0.1, 0.01, 0.001}}}),
          Optimizer(AdamW{.weight_decay = 0.0, .clipvalue = 0.5, .global_clipnorm = 0.0})}) {
        SavedModel saved = sample_model();
        saved.compilation->optimizer = optimizer;
        auto& slots = saved.optimizer_values.slots;
        const Buffer<float> pattern = slots.back();
        slots.assign(static_cast<std::size_t>(slot_count(optimizer)), pattern);
        for (std::size_t i = 0; i < slots.size(); ++i) {
            for (float& value : slots[i].span()) value *= static_cast<float>(i + 1);
        }
        save_keras(folder / "a.keras", saved);
        const SavedModel loaded = load_keras(folder / "a.keras");
        ASSERT_TRUE(loaded.compilation) << loaded.compilation_problem;
        EXPECT_EQ(loaded.compilation->optimizer.index(), optimizer.index());
        EXPECT_EQ(learning_rate(loaded.compilation->optimizer).index(), learning_rate(optimizer).index());
        EXPECT_EQ(learning_rate_at(learning_rate(loaded.compilation->optimizer), 15),
                  learning_rate_at(learning_rate(optimizer), 15));
        expect_same_values(saved, loaded);
        slots.clear();  // stands for zeros
        save_keras(folder / "b.keras", saved);
        const SavedModel fresh = load_keras(folder / "b.keras");
        EXPECT_EQ(fresh.optimizer_values.slots.size(), static_cast<std::size_t>(slot_count(optimizer)));
        for (const Buffer<float>& slot : fresh.optimizer_values.slots) {
            EXPECT_TRUE(std::all_of(slot.span().begin(), slot.span().end(), [](float x) { return x == 0; }));
        }
    }
}

TEST(KerasSave, EveryLossComesBack) {
    const Folder folder;
    for (const char* word : {"sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy",
                             "mean_squared_error", "huber"}) {
        for (const bool from_logits : {false, true}) {
            SavedModel saved = sample_model();
            saved.compilation->loss = Loss(word);
            saved.compilation->loss.delta = 0.75;
            saved.compilation->loss.from_logits = from_logits && std::string_view(word).ends_with("crossentropy");
            save_keras(folder / "a.keras", saved);
            const SavedModel loaded = load_keras(folder / "a.keras");
            ASSERT_TRUE(loaded.compilation) << loaded.compilation_problem;
            EXPECT_EQ(loaded.compilation->loss.kind, saved.compilation->loss.kind);
            EXPECT_EQ(loaded.compilation->loss.from_logits, saved.compilation->loss.from_logits);
            EXPECT_EQ(loaded.compilation->loss.delta, std::string_view(word) == "huber" ? 0.75 : 1.0);
        }
    }
    SavedModel saved = sample_model();
    saved.compilation->loss = Loss(CustomLoss([](auto, auto, auto, auto, auto) { return 0.0; }));
    save_keras(folder / "a.keras", saved);
    const SavedModel loaded = load_keras(folder / "a.keras");
    ASSERT_TRUE(loaded.compilation) << loaded.compilation_problem;
    EXPECT_EQ(loaded.compilation->loss.kind, LossKind::custom);
    EXPECT_FALSE(loaded.compilation->loss.custom);
    EXPECT_EQ(loaded.optimizer_values.iteration, 17);
}

TEST(KerasSave, PartsThatDoNotFitAreRefusedAndNothingIsWritten) {
    const Folder folder;
    const auto refuse = [&](const std::function<void(SavedModel&)>& spoil, const std::string& message) {
        SavedModel model = sample_model();
        spoil(model);
        expect_refused([&] { save_keras(folder / "a.keras", model); }, message);
        EXPECT_FALSE(fs::exists(folder / "a.keras"));
    };
    refuse([](SavedModel& m) { m.values.weights = Buffer<float>(3); }, "weights as in the layout");
    refuse([](SavedModel& m) { m.values.updates.clear(); }, "2 counts of updates");
    refuse([](SavedModel& m) { m.layout = VariableLayout(); }, "the layout of the description's variables");
    refuse([](SavedModel& m) { m.optimizer_values.slots.pop_back(); }, "2 optimizer slots");
    refuse([](SavedModel& m) { m.optimizer_values.slots[1] = Buffer<float>(1); }, "numbers a slot");
    refuse([](SavedModel& m) { m.optimizer_values.iteration = -1; }, "an iteration of at least 0");
    refuse([](SavedModel& m) { m.extra_json = "[1]"; }, "extra_json] expected an object");
    refuse([](SavedModel& m) { m.extra_json = "{"; }, "extra_json] expected JSON");
    refuse([](SavedModel& m) { m.description.name = "\xff"; }, "texts in UTF-8");
    refuse(
        [](SavedModel& m) {
            set_layer_name(m.description.layers[5], "a/b");
            m.layout = VariableLayout(m.description);
        },
        "[layer \"a/b\"] expected a name without '/'");
}

TEST(KerasLoad, ClaimsThatTheFileCannotHoldAreRefusedBeforeAllocating) {
    const Folder folder;
    const fs::path good = fixtures / "lecture.keras";
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string config = entry_of(good, "config.json");
        const std::size_t at = config.find(from);
        ASSERT_NE(at, config.npos);
        config.replace(at, from.size(), to);
        rewrite(good, folder / "bad.keras", {{"config.json", config}});
    };
    const auto load = [&] { (void)load_keras(folder / "bad.keras"); };
    with("\"units\": 8", "\"units\": 2147483648");
    expect_refused(load, "[bad.keras: model.weights.h5] expected at least ");
    with("\"units\": 8", "\"units\": 9007199254740992");
    expect_refused(load, "[bad.keras: layer \"dense\".kernel] expected a shape of at most");
    with("\"batch_shape\": [null, 6, 4]", "\"batch_shape\": [null, 1099511627776, 1099511627776]");
    expect_refused(load, "expected a shape of at most");
    with("\"units\": 8", "\"units\": 7");
    expect_refused(load, "[bad.keras: layer \"dense\".kernel] expected shape (24, 7), got (24, 8)");
    with("\"use_bias\": true", "\"use_bias\": false");
    expect_refused(load,
                   "[bad.keras: layer \"dense\"] expected 1 variables, kernel (24, 8) in "
                   "layers/dense/vars, got 2");
}

TEST(KerasLoad, OtherArchivesAreRefusedByName) {
    const Folder folder;
    const fs::path good = fixtures / "lecture.keras";
    const auto load = [&] { (void)load_keras(folder / "bad.keras"); };
    const std::string weights = entry_of(good, "model.weights.h5");
    rewrite(good, folder / "bad.keras", {{"model.weights.h5", ""}, {"model.weights.npz", weights}});
    expect_refused(load, "[bad.keras] expected weights in model.weights.h5, got in model.weights.npz");
    rewrite(good, folder / "bad.keras", {{"model.weights.h5", ""}});
    expect_refused(load, "expected an entry 'model.weights.h5'");
    rewrite(good, folder / "bad.keras", {{"config.json", ""}});
    expect_refused(load, "expected an entry 'config.json'");
    rewrite(good, folder / "bad.keras", {{"assets/evenkeel.json", "{\"version\": 2}"}});
    expect_refused(load, "[bad.keras: assets/evenkeel.json.version] expected 1 (this Evenkeel's), got 2");
    rewrite(good, folder / "bad.keras",
            {{"assets/evenkeel.json", R"({"version": 1, "batch_normalization": [{"name": "dense"}]})"}});
    expect_refused(load, "expected the name of a BatchNormalization, each once, got \"dense\"");
    rewrite(fixtures / "variety.keras", folder / "bad.keras", {{"model.weights.h5", weights}});
    expect_refused(load, "[bad.keras: ");
    expect_refused([&] { (void)load_keras(folder / "none.keras"); }, "none.keras");
}

TEST(KerasLoad, OptimizerVariablesOfAnotherOptimizerLeaveTheModelUncompiled) {
    const Folder folder;
    std::string config = entry_of(fixtures / "lecture.keras", "config.json");
    const std::string adam = "\"amsgrad\": false";
    config.replace(config.find(adam), adam.size(), "\"amsgrad\": true");
    rewrite(fixtures / "lecture.keras", folder / "a.keras", {{"config.json", config}});
    EXPECT_THAT(load_keras(folder / "a.keras").compilation_problem,
                testing::HasSubstr("compile_config.optimizer.amsgrad] expected false"));

    config = entry_of(fixtures / "lecture.keras", "config.json");
    const json sgd = json::parse(entry_of(fixtures / "activations.keras", "config.json"));
    json changed = json::parse(config);
    changed["compile_config"]["optimizer"] = sgd["compile_config"]["optimizer"];
    rewrite(fixtures / "lecture.keras", folder / "a.keras", {{"config.json", changed.dump()}});
    const SavedModel model = load_keras(folder / "a.keras");
    EXPECT_FALSE(model.compilation);
    EXPECT_THAT(model.compilation_problem,
                testing::HasSubstr("[a.keras: optimizer/vars] expected 12 variables of SGD, got 22"));
    EXPECT_TRUE(model.optimizer_values.slots.empty());
}

TEST(KerasWeights, BytesAreThoseOfGetWeights) {
    const SavedModel model = load_keras(fixtures / "normalization.keras");
    std::vector<float> all;
    const json expected = golden("normalization");
    for (const json& array : expected.at("weights")) {
        for (const float value : floats(array)) all.push_back(value);
    }
    const auto bytes = weights_bytes(model.layout, model.values);
    ASSERT_EQ(bytes.size(), 4 * all.size());
    EXPECT_EQ(std::memcmp(bytes.data(), all.data(), bytes.size()), 0);
    EXPECT_EQ(weights_sha256(model.layout, model.values), sha256_hex(bytes));
}

}  // namespace
}  // namespace evenkeel::keras_test
