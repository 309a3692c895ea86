#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "interop/hdf5_oracle.hpp"
#include "interop/hdf5_reader.hpp"
#include "interop/hdf5_sample.hpp"
#include "interop/hdf5_writer.hpp"
#include "interop/zip_archive.hpp"

namespace evenkeel::hdf5 {
namespace {

const std::filesystem::path fixtures = std::filesystem::path(EVENKEEL_SOURCE_DIR) / "tests/fixtures/keras";

TEST(Hdf5Writer, LibhdfReadsWhatWeWrite) {
    const Group tree = sample_tree();
    EXPECT_EQ(oracle::describe(write(tree, "test")), oracle::describe(tree));
}

TEST(Hdf5Reader, ReadsWhatLibhdfWrites) {
    Group tree = sample_tree();
    const std::vector<std::byte> with_long_text = oracle::write(tree, oracle::Texts::variable, false);
    EXPECT_EQ(oracle::describe(read(with_long_text, "test")), oracle::describe(tree));

    tree.attributes.set("long", "not above 64 kB, as these lie in the header");
    for (const auto texts : {oracle::Texts::variable, oracle::Texts::fixed_zeros, oracle::Texts::fixed_spaces}) {
        for (const bool compact : {false, true}) {
            const std::vector<std::byte> bytes = oracle::write(tree, texts, compact);
            EXPECT_EQ(oracle::describe(read(bytes, "test")), oracle::describe(tree));
        }
    }
}

TEST(Hdf5Reader, ReadsWhatWeWriteAndSortsByNumber) {
    const Group tree = sample_tree();
    const std::vector<std::byte> bytes = write(tree, "test");
    const Group back = read(bytes, "test");
    EXPECT_EQ(oracle::describe(back), oracle::describe(tree));
    const Group* wide = back.find_group("wide300");
    ASSERT_NE(wide, nullptr);
    ASSERT_EQ(wide->groups.size(), 300u);
    for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ(wide->groups[i].name, "dense_" + std::to_string(i));
    EXPECT_EQ(*wide->find_group("dense_7/vars")->attributes.find_text("name"), "layer 7");
    EXPECT_NE(wide->find_dataset("dense_2/vars/2"), nullptr);
    EXPECT_EQ(wide->find_dataset("dense_2/vars/1"), nullptr);
    EXPECT_EQ(wide->find_dataset("dense_900/vars/1"), nullptr);
}

TEST(Hdf5Writer, EqualTreesGiveEqualBytesAndOrderIsFree) {
    Group tree = sample_tree();
    const std::vector<std::byte> bytes = write(tree, "test");
    EXPECT_EQ(write(tree, "elsewhere"), bytes);
    std::reverse(tree.groups.begin(), tree.groups.end());
    EXPECT_EQ(oracle::describe(write(tree, "test")), oracle::describe(tree));
}

TEST(Hdf5Reader, ReadsRealKerasWeightsToTheLastBit) {
    const ZipArchive archive = open_zip(fixtures / "dense_bn_adam.keras", 1 << 20);
    const std::vector<std::byte> bytes = archive.read("model.weights.h5", 1 << 20);
    const Group root = read(bytes, "model.weights.h5");
    EXPECT_EQ(oracle::describe(root), oracle::describe(bytes));

    const auto text = read_file(fixtures / "dense_bn_adam.json", 1 << 20);
    const auto* letters = reinterpret_cast<const char*>(text.data());
    const auto arrays = nlohmann::json::parse(letters, letters + text.size()).at("arrays");
    ASSERT_EQ(arrays.size(), 22u);
    for (const auto& [path, expected] : arrays.items()) {
        const Dataset* dataset = root.find_dataset(path);
        ASSERT_NE(dataset, nullptr) << path;
        EXPECT_EQ(name_of(dataset->array.type), expected.at("dtype").get<std::string>()) << path;
        EXPECT_EQ(dataset->array.shape, expected.at("shape").get<std::vector<std::uint64_t>>()) << path;
        EXPECT_EQ(to_doubles(dataset->array), expected.at("values").get<std::vector<double>>()) << path;
    }
    const Group* optimizer = root.find_group("optimizer/vars");
    ASSERT_NE(optimizer, nullptr);
    for (std::size_t i = 0; i < optimizer->datasets.size(); ++i)
        EXPECT_EQ(optimizer->datasets[i].name, std::to_string(i));
    EXPECT_EQ(*root.find_group("layers/re_lu/vars")->attributes.find_text("name"), "re_lu");
    EXPECT_TRUE(root.find_group("layers/re_lu/vars")->datasets.empty());
}

TEST(Hdf5Reader, ReadsRealLegacyKerasFile) {
    const std::vector<std::byte> bytes = read_file(fixtures / "dense_bn_adam.h5", 1 << 20);
    const Group root = read(bytes, "dense_bn_adam.h5");
    EXPECT_EQ(oracle::describe(root), oracle::describe(bytes));
    const Group* weights = root.find_group("model_weights");
    ASSERT_NE(weights, nullptr);
    EXPECT_EQ(std::get<std::vector<std::string>>(*weights->attributes.find("layer_names")),
              (std::vector<std::string>{"dense", "batch_normalization", "re_lu", "dense_1"}));
    const Group* layer = weights->find_group("batch_normalization");
    for (const auto& name : std::get<std::vector<std::string>>(*layer->attributes.find("weight_names"))) {
        EXPECT_NE(layer->find_dataset(name), nullptr) << name;
    }
    const auto& none = std::get<Array>(*weights->find_group("re_lu")->attributes.find("weight_names"));
    EXPECT_EQ(none.shape, std::vector<std::uint64_t>{0});
    ASSERT_NE(root.attributes.find_text("model_config"), nullptr);
    EXPECT_TRUE(nlohmann::json::accept(*root.attributes.find_text("model_config")));
}

void expect_refused(const Group& tree, const std::string& message) {
    try {
        (void)write(tree, "out.h5");
        ADD_FAILURE() << "written, but expected: " << message;
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::input);
        EXPECT_THAT(error.what(), testing::HasSubstr(message));
    }
}

TEST(Hdf5Writer, RefusesWhatNoFileCouldHold) {
    const std::vector<std::byte> bytes(12);
    const auto with = [&](const std::string& name, std::vector<std::uint64_t> shape) {
        Group tree;
        tree.make_group("layers").datasets.push_back({name, {Type::float32, std::move(shape), bytes}, {}});
        return tree;
    };
    EXPECT_FALSE(write(with("0", {3}), "out.h5").empty());
    for (const std::string name : {"", ".", "a/b"}) expect_refused(with(name, {3}), "[out.h5:/layers] expected names");
    expect_refused(with("0", {4}), "[out.h5:/layers/0] expected 16 bytes of float32, got 12");
    expect_refused(with("0", {1ull << 62, 1ull << 62}), "overflow");
    Group twice = with("0", {3});
    twice.groups[0].make_group("0");
    expect_refused(twice, "'0' twice");
    Group much;
    much.attributes.set("weight_names", std::vector<std::string>(5000, "x"));
    expect_refused(much, "an attribute of at most 64512 bytes");
    Group deep;
    std::string path;
    for (int i = 0; i < 100; ++i) path += "/g";
    deep.make_group(path);
    expect_refused(deep, "at most 64 deep");
}

TEST(Hdf5Tree, ConvertsNumbers) {
    const std::vector<std::uint16_t> halves = {0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000, 0x3555};
    const Array array{Type::float16, {7}, std::as_bytes(std::span(halves))};
    EXPECT_EQ(to_doubles(array),
              (std::vector<double>{1, -2, std::ldexp(1.0, -24), 65504, HUGE_VAL, 0, 1365.0 / 4096.0}));
    const std::vector<std::int64_t> integers = {-3, 1ll << 40};
    EXPECT_EQ(to_floats({Type::int64, {2}, std::as_bytes(std::span(integers))}), (std::vector<float>{-3, 0x1p40f}));
    const std::vector<std::uint8_t> octets = {255};
    EXPECT_EQ(to_doubles({Type::uint8, {1}, std::as_bytes(std::span(octets))}), std::vector<double>{255});
    EXPECT_EQ(to_doubles({Type::int8, {1}, std::as_bytes(std::span(octets))}), std::vector<double>{-1});
}

TEST(Hdf5Tree, OrdersNumbersInNames) {
    const std::vector<std::string> sorted = {"",      "0",       "00",      "2",        "10",         "10a",
                                             "dense", "dense_1", "dense_2", "dense_10", "dense_10_1", "densf"};
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        for (std::size_t j = 0; j < sorted.size(); ++j) {
            EXPECT_EQ(natural_less(sorted[i], sorted[j]), i < j) << sorted[i] << " < " << sorted[j];
        }
    }
}

}  // namespace
}  // namespace evenkeel::hdf5
