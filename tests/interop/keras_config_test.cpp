#include "evenkeel/core/random.hpp"
#include "interop/keras_archive.hpp"
#include "interop/keras_sample.hpp"

// Keras's config as text: what is understood, what is refused by name, and damage.
namespace evenkeel::keras_test {
namespace {

json config_of(const char* fixture) {
    return json::parse(entry_of(fixtures / (std::string(fixture) + ".keras"), "config.json"));
}

json& layer_config(json& model, std::size_t index) {
    return model["config"]["layers"][index]["config"];
}

std::string refusal_of(const json& model) {
    return refusal([&] { (void)description_from_json(model.dump(), "in.json"); });
}

TEST(KerasConfig, UnknownThingsAreRefusedByName) {
    // lecture: 0 input, 1 flatten, 2 dense, 3 batch_normalization, 4 re_lu, …
    struct Case {
        const char* pointer;  // below "config/layers"
        json value;
        const char* message;
    };
    const json initializer = {{"module", "keras.initializers"}, {"class_name", "Identity"}, {"config", json::object()}};
    const json leaky = {
        {"module", "keras.layers"}, {"class_name", "ReLU"}, {"config", {{"name", "re_lu"}, {"negative_slope", 0.1}}}};
    const json half = {{"module", "keras"}, {"class_name", "DTypePolicy"}, {"config", {{"name", "mixed_float16"}}}};
    const Case cases[] = {
        {"/2/class_name", "Conv2D", "[in.json: layer \"dense\"] expected one of InputLayer, "},
        {"/2/class_name", "Conv2D", "Normalization, got Conv2D"},
        {"/2/module", "mine", "[in.json: config.layers[2]] expected an object of Keras's own, got Dense of mine"},
        {"/2/registered_name", "mine>Dense", "got mine>Dense"},
        {"/2/config/activation", "mish", "[in.json: layer \"dense\".activation] expected one of linear, relu"},
        {"/2/config/activation", leaky, "a ReLU without options"},
        {"/2/config/kernel_initializer", initializer,
         "layer \"dense\".kernel_initializer] expected one of glorot_uniform"},
        {"/2/config/kernel_initializer", initializer, "got Identity"},
        {"/2/config/kernel_regularizer", "orthogonal", "expected one of L1, L2, L1L2, got \"orthogonal\""},
        {"/2/config/kernel_constraint",
         {{"class_name", "MaxNorm"}},
         "layer \"dense\".kernel_constraint] expected null or false (Evenkeel has no such option), got "
         "MaxNorm"},
        {"/2/config/activity_regularizer", {{"class_name", "L2"}}, "activity_regularizer] expected null"},
        {"/2/config/quantization_config", {{"class_name", "Int8QuantizationConfig"}}, "quantization_config]"},
        {"/2/config/lora_rank", 4, "lora_rank] expected null or false"},
        {"/2/config/dtype", half, "dtype.name] expected float32, got \"mixed_float16\""},
        {"/2/config/dtype", "bfloat16", "dtype] expected float32"},
        {"/2/config/units", 8.5, "units] expected a whole number, got 8.5"},
        {"/2/config/units", "8", "units] expected a number, got \"8\""},
        {"/2/config/units", nullptr, "[in.json: layer \"dense\"] expected a key \"units\", got none"},
        {"/2/config/units", 0, "[in.json: layer \"dense\".units] expected a positive number"},
        {"/2/config/name", "a/b", "expected a name without '/'"},
        {"/2/config/name", "flatten", "[in.json: layer \"flatten\"] expected each name once"},
        {"/2/config/use_bias", "yes", "use_bias] expected true or false"},
        {"/3/config/renorm", true, "layer \"batch_normalization\".renorm] expected null or false"},
        {"/3/config/synchronized", true, "synchronized] expected null or false"},
        {"/3/config/axis", {1, 2}, "layer \"batch_normalization\".axis] expected one axis, got [1, 2]"},
        {"/3/config/axis", 2, "layer \"batch_normalization\".axis] expected a channel axis"},
        {"/3/config/epsilon", 0.0, "epsilon] expected a positive number"},
        {"/3/config/gamma_constraint", "non_neg", "gamma_constraint]"},
        {"/4/config/max_value", -1.0, "[in.json: layer \"re_lu\".max_value]"},
        {"/1/config/data_format", "channels_first", "data_format] expected channels_last"},
        {"/0/config/batch_shape", {32, 6, 4}, "batch_shape] expected null for the batch"},
        {"/0/config/batch_shape", {nullptr, nullptr, 4}, "batch_shape[1]] expected a known extent"},
        {"/0/config/batch_shape", {nullptr, -6, 4}, "expected extents of at least 1"},
        {"/0/config/dtype", "uint8", "dtype] expected float32, got \"uint8\""},
        {"/0/config/sparse", true, "sparse] expected null or false"},
    };
    for (const Case& c : cases) {
        json model = config_of("lecture");
        model["config"]["layers"][json::json_pointer(c.pointer)] = c.value;
        EXPECT_THAT(refusal_of(model), testing::HasSubstr(c.message)) << c.pointer;
    }
}

TEST(KerasConfig, NormalizationIsOfTheLastAxis) {
    json model = config_of("normalization");
    const auto refuse = [&](const char* key, const json& value, const char* message) {
        json changed = model;
        layer_config(changed, 1)[key] = value;
        EXPECT_THAT(refusal_of(changed), testing::HasSubstr(message));
    };
    const auto accept = [&](const char* key, const json& value) {
        json changed = model;
        layer_config(changed, 1)[key] = value;
        EXPECT_EQ(refusal_of(changed), "");
    };
    refuse("axis", nullptr, "layer \"normalization\".axis] expected the last axis, got none (one mean");
    refuse("axis", json::array(), "one mean of everything");
    refuse("axis", 1, "axis] expected the last axis, got 1");
    refuse("axis", {1, 2}, "axis] expected one axis, got [1, 2]");
    refuse("invert", true, "invert] expected null or false");
    refuse("mean", 0.5, "mean] expected a list of numbers");
    refuse("mean", {1, 2, 3, 4}, "expected as many means as variances, got 4 and 0");
    accept("axis", -1);
    accept("axis", 2);
    accept("axis", {2});
    layer_config(model, 1)["variance"] = {1, 2, 3, 4};
    accept("mean", {1, 2, 3, 4});
    refuse("mean", {1, 2, 3}, "as many means as variances");
}

TEST(KerasConfig, OlderAndShorterTextsAreRead) {
    json model = config_of("lecture");
    const std::string whole = to_json(description_from_json(model.dump(), "in"), nullptr);
    json& dense = layer_config(model, 2);
    dense["dtype"] = "float32";
    dense["kernel_initializer"] = "glorot_uniform";
    dense["bias_initializer"] = {{"class_name", "Zeros"}, {"config", json::object()}};
    dense["activation"] = {{"module", "builtins"}, {"class_name", "function"}, {"config", "linear"}};
    for (const char* key : {"trainable", "bias_regularizer", "kernel_constraint", "quantization_config"}) {
        dense.erase(key);
    }
    json& bn = layer_config(model, 3);
    bn = {{"name", bn["name"]}, {"axis", {-1}}};
    model["config"]["layers"][4].erase("registered_name");
    model.erase("compile_config");
    model.erase("build_config");
    EXPECT_EQ(to_json(description_from_json(model.dump(), "in"), nullptr), whole);
    model["config"]["layers"].erase(0);  // then build_input_shape says it
    EXPECT_EQ(to_json(description_from_json(model.dump(), "in"), nullptr), whole);
    model["config"].erase("build_input_shape");
    EXPECT_TRUE(description_from_json(model.dump(), "in").input_shape().empty());
    json negative = model;
    layer_config(negative, 1)["units"] = -3;
    EXPECT_THAT(refusal_of(negative), testing::HasSubstr("units] expected a positive number, got -3"));

    dense["activation"] = {{"module", "keras.layers"}, {"class_name", "ReLU"}, {"config", {{"name", "r"}}}};
    EXPECT_EQ(std::get<Dense>(description_from_json(model.dump(), "in").layers[1]).activation, "relu");
}

TEST(KerasConfig, EveryInitializerComesBack) {
    using Fan = Initializer::Fan;
    using Distribution = Initializer::Distribution;
    std::vector<Initializer> all = {Constant(0.5),
                                    RandomNormal(1.0, 2.0),
                                    RandomUniform(-1.0, 3.0),
                                    Orthogonal(1.5),
                                    VarianceScaling(3.0, Fan::out, Distribution::normal),
                                    Constant(-1e-7)};
    for (const char* word : initializer_words()) all.emplace_back(word);
    for (const Initializer& initializer : all) {
        ModelDescription model;
        model.add(Input({3}));
        model.add(Dense(2, {.kernel_initializer = initializer, .bias_regularizer = L1L2(0.5, 0.25)}));
        const ModelDescription again = description_from_json(to_json(model, nullptr), "in");
        EXPECT_EQ(std::get<Dense>(again.layers[1]).kernel_initializer, initializer);
        EXPECT_EQ(std::get<Dense>(again.layers[1]).bias_regularizer, L1L2(0.5, 0.25));
    }
}

TEST(KerasConfig, TextsThatAreNoConfig) {
    const auto refuse = [](const std::string& text, const std::string& message) {
        expect_refused([&] { (void)description_from_json(text, "in.json"); }, message);
    };
    refuse("", "[in.json] expected JSON, got parse error");
    refuse("{\"class_name\": \"Sequential\"", "[in.json] expected JSON");
    refuse("[]", "[in.json] expected an object, got []");
    refuse("{}", "[in.json] expected a key \"class_name\"");
    refuse(std::string(1 << 20, '['), "[in.json] expected JSON of at most 64 levels, got a deeper nesting");
    refuse("{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}", "at least one layer");
    refuse("{\"class_name\": \"Functional\"}", "[in.json] expected a Sequential model, got Functional");
    refuse("{\"class_name\": 1e999}", "[in.json] expected JSON");
    refuse("{\"class_name\": \"\xff\"}", "[in.json] expected JSON");
    json model = config_of("lecture");
    json& layers = model["config"]["layers"];
    for (int i = 0; i < 10001; ++i) layers.push_back(layers[1]);
    EXPECT_THAT(refusal_of(model), testing::HasSubstr("layers] expected a list of at most 10000"));
}

// Replaces, removes or doubles some bytes, or puts tokens in.
std::string damaged(std::string text, const Random& random) {
    static constexpr std::array tokens = {"null", "-1",  "1e300", "\"\"", "[]", "{}",
                                          "true", "[[",  "}}",    "\\",   "\"", "9223372036854775807",
                                          "0.5",  "NaN", ",",     ":"};
    std::uint64_t draw = 0;
    const std::uint64_t times = 1 + random.below(draw++, 3);
    for (std::uint64_t i = 0; i < times; ++i) {
        const auto at = static_cast<std::size_t>(random.below(draw, text.size()));
        const auto how = random.below(draw + 1, 4);
        const auto length = static_cast<std::size_t>(random.below(draw + 2, 40));
        const char* token = tokens[random.below(draw + 3, tokens.size())];
        if (how == 0) text[at] = static_cast<char>(random.bits(draw + 4));
        if (how == 1) text.erase(at, length);
        if (how == 2) text.insert(at, text.substr(at, length));
        if (how == 3) text.replace(at, length / 8, token);
        draw += 5;
    }
    return text;
}

// A value anywhere in the document becomes another one: damage that parses.
void change(json& value, const Random& random, std::uint64_t& draw) {
    static const std::vector<json> others = {
        nullptr, true,          false,          0,      -1,
        1.5,     1e300,         4294967296,     "",     "relu",
        "a/b",   json::array(), json::object(), {1, 2}, {{"class_name", "ReLU"}, {"config", {{"name", "x"}}}}};
    if (!value.empty() && (value.is_object() || value.is_array()) && random.below(draw++, 8) != 0) {
        auto at = value.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(random.below(draw++, value.size())));
        return change(*at, random, draw);
    }
    value = others[random.below(draw++, others.size())];
}

TEST(KerasConfigHostile, DamagedTextIsRefusedOrRead) {
    int refused = 0, read = 0;
    for (const char* fixture : {"variety", "normalization", "adamw"}) {
        const json good = config_of(fixture);
        const std::string text = good.dump();
        for (std::uint64_t round = 0; round < 700; ++round) {
            const Random random(round, purpose_of(fixture));
            std::string bad = text;
            if (round % 2 == 0) {
                bad = damaged(text, random);
            } else {
                json document = good;
                std::uint64_t draw = 0;
                change(document, random, draw);
                bad = document.dump();
            }
            std::string again;
            if (refusal([&] { again = to_json(description_from_json(bad, "in.json"), nullptr); }).empty()) {
                ++read;
                EXPECT_EQ(to_json(description_from_json(again, "again"), nullptr), again);
            } else {
                ++refused;
            }
        }
    }
    EXPECT_GT(refused, 1000);
    EXPECT_GT(read, 100);
}

TEST(KerasConfigHostile, DamagedArchivesAreRefusedOrRead) {
    const ZipArchive good(keras::write_archive(sample_model(), "good"), "good");
    int refused = 0, uncompiled = 0, whole = 0;
    for (std::uint64_t round = 0; round < 1200; ++round) {
        const Random random(round, purpose_of("archive"));
        const char* entry = round % 3 == 0   ? "config.json"
                            : round % 3 == 1 ? "assets/evenkeel.json"
                                             : "model.weights.h5";
        std::string bad = text_of(good.read(entry, 1 << 24));
        if (round % 3 == 2) {
            for (std::uint64_t i = 0; i < 4; ++i) {
                bad[random.below(2 * i, bad.size())] = static_cast<char>(random.bits(2 * i + 1));
            }
        } else {
            json document = json::parse(bad);
            std::uint64_t draw = 0;
            change(round % 6 == 0 ? document["compile_config"] : document, random, draw);
            bad = document.dump();
        }
        SavedModel model;
        const auto bytes = changed(good, {{entry, bad}});
        if (!refusal([&] { model = keras::read_archive(bytes, "bad.keras"); }).empty()) {
            ++refused;
        } else {
            ++(model.compilation ? whole : uncompiled);
            // What was read can be written.
            EXPECT_EQ(refusal([&] { (void)keras::write_archive(model, "again.keras"); }), "");
        }
    }
    EXPECT_GT(refused, 100);
    EXPECT_GT(uncompiled, 10);
    EXPECT_GT(whole, 100);
}

}  // namespace
}  // namespace evenkeel::keras_test
