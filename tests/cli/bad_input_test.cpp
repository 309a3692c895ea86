#include <zip.h>

#include <limits>

#include "cli/program.hpp"

namespace evenkeel {
namespace {

using Words = std::vector<std::string>;
namespace fs = std::filesystem;

/// Trains on the data with the options: must be refused in one line, and leave no folder behind.
void refuses(const std::string& data, const std::vector<std::string>& parts, const Words& options = {}) {
    const TemporaryFolder folder;
    Words words = {"train", "--epochs", "1", "--quiet", "--data", data, "--out", folder.path() / "run"};
    words.insert(words.end(), options.begin(), options.end());
    expect_refusal(words, parts);
    EXPECT_FALSE(fs::exists(folder.path() / "run"));
}

const char* const images = "train-images-idx3-ubyte";
const char* const labels = "train-labels-idx1-ubyte";

TEST(BadInput, IdxFilesThatAreDamaged) {
    const TemporaryFolder folder;
    write_small_idx(folder);
    const std::string good = text_of_file(folder.path() / images);
    const auto with_images = [&](const std::string& bytes) {
        folder.write(images, bytes);
        refuses(folder.path(), {images});
    };
    with_images(good.substr(0, good.size() - 1));
    with_images(good.substr(0, 10));
    with_images(good + 'x');
    with_images("");
    with_images("\x1f\x8b");
    with_images('\x01' + good.substr(1));
    with_images(idx_header(0x07, {240, 6, 4}) + good.substr(16));
    with_images(idx_header(0x08, {0xFFFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFFFu}) + good.substr(16));
    with_images(idx_header(0x08, {0xFFFFFFFFu, 28, 28}));
    with_images(idx_header(0x08, {240, 0, 4}));
    with_images(gzipped(good).substr(0, 100));
    with_images(idx<std::uint8_t>(0x08, {239, 6, 4}, std::vector<std::uint8_t>(239 * 24)));
    with_images(idx<float>(0x0D, {240, 6, 4}, std::vector<float>(240 * 24, std::numeric_limits<float>::quiet_NaN())));
    fs::remove(folder.path() / images);
    refuses(folder.path(), {images});
}

TEST(BadInput, LabelsThatDoNotFit) {
    const TemporaryFolder folder;
    write_small_idx(folder);
    const auto with_labels = [&](const char* name, const std::string& bytes) {
        const std::string before = text_of_file(folder.path() / name);
        folder.write(name, bytes);
        refuses(folder.path(), {});
        folder.write(name, before);
    };
    with_labels(labels, idx<std::uint8_t>(0x08, {239}, std::vector<std::uint8_t>(239)));
    with_labels(labels, idx<std::int8_t>(0x09, {240}, std::vector<std::int8_t>(240, -1)));
    with_labels(labels, idx<std::int32_t>(0x0C, {240}, std::vector<std::int32_t>(240, 2000000000)));
    with_labels(labels, idx<float>(0x0D, {240}, std::vector<float>(240, 0.5F)));
    with_labels("t10k-labels-idx1-ubyte", idx<std::uint8_t>(0x08, {60}, std::vector<std::uint8_t>(60, 77)));
}

TEST(BadInput, CsvFiles) {
    const TemporaryFolder folder;
    const Words options = {"--target", "y", "--model", "mlp:2-4-1"};
    const auto with_csv = [&](const std::string& text, const std::vector<std::string>& parts) {
        refuses(folder.write("data.csv", text), parts, options);
    };
    with_csv("a,b,y\n1,2,3\n4,nan,6\n7,8,9\n", {"line 3", "\"b\"", "nan"});
    with_csv("a,b,y\n1,2,3\n4,inf,6\n7,8,9\n", {"line 3"});
    with_csv("a,b,y\n1,2,3\n4,,6\n7,8,9\n", {"line 3", "empty"});
    with_csv("a,b,y\n1,2,3\n4,6\n", {"line 3"});
    with_csv("a,b,z\n1,2,3\n4,5,6\n", {"y"});
    with_csv("", {"data.csv"});
    with_csv("a,b,y\n", {"data.csv"});
    with_csv("a,b,y\n1,2,\"3\n", {"quote"});
    refuses(folder.write("data.csv", "a,y\n1,2\n3,4\n"), {"[--target]"});
    refuses(folder.path() / "none.csv", {"none.csv"}, options);
    refuses(folder.write("data.txt", "a,y\n1,2\n"), {"data.txt"});
    refuses(folder.write("data.npz", "PK"), {"data.npz"});
    refuses("nowhere", {"nowhere", "digits"});
}

TEST(BadInput, ArchivesThatAreNone) {
    const TemporaryFolder folder;
    const std::string good = text_of_file(keras_fixture("lecture.keras"));
    std::vector<std::string> bad = {"", "junk", std::string(100000, '\0'), good.substr(0, good.size() / 2),
                                    good.substr(good.size() / 2)};
    for (std::size_t i = 0; i < 12; ++i) {  // flipped bits, spread over the archive
        std::string flipped = good;
        for (std::size_t at = 1000 + 97 * i; at < flipped.size(); at += 1499)
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << i % 8));
        bad.push_back(flipped);
    }
    for (const std::string& bytes : bad) {
        const std::string file = folder.write("model.keras", bytes);
        expect_refusal({"evaluate", file, "--data", "digits"}, {"model.keras"});
    }
    const std::string file = folder.write("model.keras", "junk");
    expect_refusal({"predict", file, "--data", "digits", "--out", folder.path() / "p.csv"}, {"model.keras"});
    EXPECT_FALSE(fs::exists(folder.path() / "p.csv"));
    expect_refusal({"summary", file}, {"model.keras"});
    expect_refusal({"summary", folder.path() / "none.keras"}, {"none.keras"});
    expect_refusal({"evaluate", keras_fixture("functional.keras"), "--data", "digits"}, {"Sequential"});
    expect_refusal({"evaluate", folder.path(), "--data", "digits"}, {"MODEL"});
    expect_refusal({"evaluate", keras_fixture("lecture.keras"), "--data", keras_fixture("lecture.keras")}, {"data"});
    refuses("digits", {"model.keras"}, {"--model", file});
}

TEST(BadInput, ConfigsThatAreHostile) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const std::string good = text_of_file(keras_fixture("lecture.config.json"));
    const auto replaced = [&](const std::string& what, const std::string& by) {
        std::string text = good;
        const auto at = text.find(what);
        EXPECT_NE(at, std::string::npos) << what;
        if (at != std::string::npos) text.replace(at, what.size(), by);
        return text;
    };
    std::vector<std::string> bad = {"",
                                    "{}",
                                    "[]",
                                    "null",
                                    "{\"class_name\": 3}",
                                    good.substr(0, 200),
                                    std::string(100000, '['),
                                    replaced("\"Dense\"", "\"Conv2D\""),
                                    replaced("\"units\": 8", "\"units\": -128"),
                                    replaced("\"units\": 8", "\"units\": 0"),
                                    replaced("\"units\": 8", "\"units\": 1e400"),
                                    replaced("\"units\": 8", "\"units\": \"many\""),
                                    replaced("\"units\": 8", "\"units\": 999999999999"),
                                    replaced("\"units\": 8", "\"units\": 9223372036854775807")};
    for (const std::string& text : bad) {
        const std::string file = folder.write("model.json", text);
        refuses(data.path(), {"expected"}, {"--model", file});
    }
    const std::string file = folder.write("model.json", replaced("\"Dense\"", "\"Conv2D\""));
    refuses(data.path(), {"Conv2D"}, {"--model", file});
    refuses(data.path(), {"none.json"}, {"--model", "none.json"});
}

TEST(BadInput, ANetworkTooLargeIsRefusedWithTheAmount) {
    refuses("digits", {"2000000000"}, {"--model", "mlp:784-2000000000-2000000000-10"});
    // Fewer numbers than a shape may have, and more than a machine's memory holds.
    refuses("digits", {"memory", "got 3180.0 GB"}, {"--model", "mlp:784-1000000000-10"});
}

TEST(BadInput, DataThatDoesNotFitTheNetwork) {
    const TemporaryFolder folder;
    write_small_idx(folder);
    refuses(folder.path(), {"784"}, {"--model", "mlp:784-10"});
    refuses("digits", {"(None, 6, 4)", "(None, 28, 28)"}, {"--model", keras_fixture("lecture.keras")});
    expect_refusal({"evaluate", keras_fixture("lecture.keras"), "--data", "digits"}, {"(None, 6, 4)"});
}

TEST(BadInput, FoldersThatCannotBeWritten) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const std::string file = folder.write("file", "precious");
    for (const char* command : {"train", "compare"}) {
        for (const std::string& out : {file, file + "/run", std::string("/proc/evenkeel/run"), std::string("/dev/null"),
                                       std::string("/proc"), folder.path().string() + "/" + std::string(300, 'x')}) {
            expect_refusal({command, "--data", data.path(), "--epochs", "1", "--out", out}, {"[--out]"});
        }
        expect_refusal({command, "--data", data.path(), "--epochs", "1", "--out", ""}, {"[--out]"});
    }
    EXPECT_EQ(text_of_file(file), "precious");
    const std::string model = keras_fixture("lecture.keras");
    for (const std::string& out : {folder.path().string(), (folder.path() / "none" / "p.csv").string(),
                                   std::string("/proc/p.csv"), file, (folder.path() / "p.txt").string()}) {
        expect_refusal({"predict", model, "--data", "digits", "--out", out}, {"[--out]"});
    }
    expect_refusal({"standardize", "--data", "digits", "--out", "/proc/x.csv"}, {"[--out]"});
    // Something in the way inside the folder.
    folder.write("checkpoint", "a file");
    expect_refusal({"train", "--data", data.path(), "--epochs", "1", "--out", folder.path()}, {"checkpoint"});
}

}  // namespace
}  // namespace evenkeel
