#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/interop/keras.hpp"
#include "interop/zip_archive.hpp"

// What the tests of Keras archives share.
namespace evenkeel::keras_test {

namespace fs = std::filesystem;
using nlohmann::json;

inline const fs::path fixtures = fs::path(EVENKEEL_SOURCE_DIR) / "tests/fixtures/keras";

/// A folder that goes away with the test.
class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "evenkeel-keras-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    fs::path operator/(const char* name) const { return path_ / name; }

  private:
    fs::path path_;
};

inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string entry_of(const fs::path& path, std::string_view name) {
    return text_of(open_zip(path, 1 << 24).read(name, 1 << 24));
}

/// The archive with other contents; an empty one leaves the entry out.
inline std::vector<std::byte> changed(const ZipArchive& archive,
                                      const std::vector<std::pair<std::string, std::string>>& changes) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (const ZipEntry& entry : archive.entries()) {
        entries.emplace_back(entry.name, text_of(archive.read(entry.name, 1 << 24)));
    }
    for (const auto& change : changes) {
        std::erase_if(entries, [&](const auto& entry) { return entry.first == change.first; });
        if (!change.second.empty()) entries.push_back(change);
    }
    std::vector<ZipContent> contents;
    for (const auto& [name, text] : entries) contents.push_back({name, std::as_bytes(std::span(text))});
    return make_zip(contents, "changed");
}

inline void rewrite(const fs::path& from, const fs::path& to,
                    const std::vector<std::pair<std::string, std::string>>& changes) {
    write_file_atomically(to, changed(open_zip(from, 1 << 24), changes));
}

inline std::string refusal(const std::function<void()>& work) {
    try {
        work();
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::input);
        EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
        return error.what();
    }
}

inline void expect_refused(const std::function<void()>& work, const std::string& message) {
    EXPECT_THAT(refusal(work), testing::HasSubstr(message));
}

inline json golden(const std::string& name) {
    std::ifstream file(fixtures / (name + ".json"));
    return json::parse(file);
}

inline std::vector<float> floats(const json& array) {
    std::vector<float> out;
    for (const auto& value : array.at("values")) out.push_back(static_cast<float>(value.get<double>()));
    return out;
}

/// A compiled model with everything that Keras has no word for.
inline SavedModel sample_model() {
    SavedModel model;
    model.description.name = "sample";
    model.description.add(Input({6, 4}));
    model.description.add(Normalization{});
    model.description.add(Flatten{});
    model.description.add(Dense(8, {.kernel_initializer = "he_normal", .kernel_regularizer = L2(1e-3)}));
    model.description.add(BatchNormalization({.momentum = 0.9, .train_gamma = false}));
    model.description.add(ReLU{});
    model.description.add(Dropout(0.25));
    model.description.add(Dense(5, {.activation = "gelu", .trainable = false}));
    model.description.add(BatchNormalization({.scale = false,
                                              .debias = false,
                                              .moving_variance = MovingVariance::unbiased,
                                              .single_value = SingleValue::skip,
                                              .update_statistics = false,
                                              .use_moving_statistics = true}));
    model.description.add(Dense(3, {.activation = "softmax"}));
    model.layout = VariableLayout(model.description);
    model.values = VariableValues(model.description, model.layout, 5);
    model.values.updates = {17, -1};
    model.compilation = Compilation{Adam{.learning_rate = 0.002, .weight_decay = 0.01, .clipnorm = 1.5},
                                    Loss("sparse_categorical_crossentropy"),
                                    {"accuracy", "top_2_accuracy"}};
    model.optimizer_values.iteration = 17;
    for (int slot = 0; slot < 2; ++slot) {
        Buffer<float> values(model.layout.weights_size);
        for (const Variable& v : model.layout.variables) {
            // Keras has no slots for a layer that does not train.
            if (v.statistic || v.layer == 7) continue;
            for (std::int64_t i = 0; i < v.size; ++i) {
                values[v.offset + i] = static_cast<float>(0.01 * static_cast<double>(i + 1 + slot));
            }
        }
        model.optimizer_values.slots.push_back(std::move(values));
    }
    model.extra_json = R"({"epoch":3,"seed":18446744073709551615})";
    return model;
}

inline void expect_same_values(const SavedModel& a, const SavedModel& b) {
    EXPECT_EQ(weights_bytes(a.layout, a.values), weights_bytes(b.layout, b.values));
    EXPECT_EQ(a.values.updates, b.values.updates);
    EXPECT_EQ(a.optimizer_values.iteration, b.optimizer_values.iteration);
    ASSERT_EQ(a.optimizer_values.slots.size(), b.optimizer_values.slots.size());
    for (std::size_t i = 0; i < a.optimizer_values.slots.size(); ++i) {
        const auto left = a.optimizer_values.slots[i].span();
        const auto right = b.optimizer_values.slots[i].span();
        EXPECT_TRUE(std::equal(left.begin(), left.end(), right.begin(), right.end())) << "slot " << i;
    }
}

}  // namespace evenkeel::keras_test
