#include "evenkeel/probe/tensorboard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "core/files.hpp"
#include "data/support.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/train/sequential.hpp"
#include "interop/event_bytes.hpp"
#include "support/small_data.hpp"

namespace evenkeel {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using tests::three_classes;
namespace fs = std::filesystem;

/// The records of a file, each held against its CRCs.
std::vector<std::string> records_of(const fs::path& path) {
    const std::vector<std::byte> bytes = read_file(path, 1 << 24);
    std::string rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::vector<std::string> records;
    while (!rest.empty()) {
        std::uint64_t length = 0;
        if (rest.size() < 16) throw std::runtime_error("a torn record");
        std::memcpy(&length, rest.data(), 8);
        const std::string data = rest.substr(12, length);
        EXPECT_EQ(record_bytes(data), rest.substr(0, 16 + length));
        records.push_back(data);
        rest.erase(0, 16 + length);
    }
    return records;
}

std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

/// How many records carry the tag.
std::ptrdiff_t tagged(const std::vector<std::string>& records, const std::string& tag) {
    const std::string field = "\x0a" + std::string(1, static_cast<char>(tag.size())) + tag;
    return std::count_if(records.begin(), records.end(),
                         [&](const std::string& r) { return r.find(field) != std::string::npos; });
}

Sequential small_model() {
    Sequential model({.threads = 1});
    model.add(Input({8}));
    model.add(Dense(4));
    model.add(BatchNormalization());
    model.add(ReLU());
    model.add(Dense(3, {.activation = "softmax"}));
    model.compile({.metrics = {"accuracy"}});
    return model;
}

TEST(TensorBoard, WritesScalarsEachEpochAndHistogramsEachLook) {
    const TemporaryFolder folder;
    const Examples data = three_classes(100);
    Sequential model = small_model();
    const auto probe = std::make_shared<Probe>(DataView(data), ProbeOptions{.looks = 6, .share = 1e6});
    const auto board = std::make_shared<TensorBoard>(folder.path() / "a" / "b", probe);
    model.fit(data, {.batch_size = 10, .epochs = 3, .validation_split = 0.2, .callbacks = {probe, board}});
    const auto files = files_in(folder.path() / "a" / "b");
    ASSERT_THAT(files, SizeIs(1));
    EXPECT_THAT(files[0].filename(), HasSubstr("tfevents"));
    const auto records = records_of(files[0]);
    EXPECT_THAT(records.at(0), HasSubstr("brain.Event:2"));
    for (const char* tag : {"loss/train", "loss/validation", "accuracy/train", "accuracy/validation", "learning_rate"})
        EXPECT_EQ(tagged(records, tag), 3) << tag;
    const auto looks = static_cast<std::ptrdiff_t>(probe->record().steps.size());
    EXPECT_GE(looks, 5);
    for (const char* tag : {"dense/entering", "dense/next_input", "dense/kernel", "batch_normalization/gamma",
                            "batch_normalization/beta", "dense_1/kernel"})
        EXPECT_EQ(tagged(records, tag), looks) << tag;
    EXPECT_EQ(tagged(records, "batch_normalization/moving_mean"), 0);
    EXPECT_THAT(records, SizeIs(2 + 3 * 5 + looks * 8));
}

TEST(TensorBoard, WithoutAProbeWritesScalarsOnly) {
    const TemporaryFolder folder;
    const Examples data = three_classes(100);
    Sequential model = small_model();
    for (int run = 0; run < 2; ++run)
        model.fit(data, {.epochs = 2, .callbacks = {std::make_shared<TensorBoard>(folder.path())}});
    const auto files = files_in(folder.path());
    ASSERT_THAT(files, SizeIs(2)) << "a file a training";
    for (const fs::path& file : files) EXPECT_THAT(records_of(file), SizeIs(2 + 2 * 3));
}

TEST(TensorBoard, SaysWhichFolderItCannotWrite) {
    const TemporaryFolder folder;
    folder.write("file", "x");
    const Examples data = three_classes(100);
    Sequential model = small_model();
    try {
        model.fit(data, {.callbacks = {std::make_shared<TensorBoard>(folder.path() / "file" / "inside")}});
        FAIL() << "it trained";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("[tensorboard] expected a folder that can be made"));
    }
}

}  // namespace
}  // namespace evenkeel
