#include "data/idx.hpp"

#include <cmath>
#include <limits>

#include "builders.hpp"
#include "evenkeel/data/open.hpp"
#include "support.hpp"

namespace evenkeel {
namespace {

using Bytes = std::vector<std::uint8_t>;

Array read(const std::filesystem::path& path) {
    return read_idx(*open_bytes(path));
}

template <class T>
std::vector<float> floats(const TemporaryFolder& folder, std::uint8_t type, const std::vector<T>& values) {
    const auto count = static_cast<std::uint32_t>(values.size());
    return floats_of(read(folder.write("array", idx<T>(type, {count, 1}, values))));
}

TEST(Idx, ReadsEveryElementType) {
    const TemporaryFolder folder;
    EXPECT_EQ(floats<std::uint8_t>(folder, 0x08, {0, 7, 255}), (std::vector<float>{0, 7, 255}));
    EXPECT_EQ(floats<std::int8_t>(folder, 0x09, {-128, 7, 127}), (std::vector<float>{-128, 7, 127}));
    EXPECT_EQ(floats<std::int16_t>(folder, 0x0b, {-32768, 258, 3}), (std::vector<float>{-32768, 258, 3}));
    EXPECT_EQ(floats<std::int32_t>(folder, 0x0c, {-65537, 66051, 3}), (std::vector<float>{-65537, 66051, 3}));
    EXPECT_EQ(floats<float>(folder, 0x0d, {-1.5f, 3e38f, 0.1f}), (std::vector<float>{-1.5f, 3e38f, 0.1f}));
    EXPECT_EQ(floats<double>(folder, 0x0e, {-1.5, 1e-300, 0.1}), (std::vector<float>{-1.5f, 0.0f, 0.1f}));
}

TEST(Idx, KeepsBytesAndShapePlainAndInflated) {
    const TemporaryFolder folder;
    const std::string bytes = idx<std::uint8_t>(0x08, {2, 1, 3}, {1, 2, 3, 4, 5, 6});
    for (const auto& path : {folder.write("plain", bytes), folder.write("packed", gzipped(bytes))}) {
        Array array = read(path);
        EXPECT_EQ(array.shape, (Shape{2, 1, 3}));
        EXPECT_EQ(std::get<Bytes>(features_of(std::move(array))), (Bytes{1, 2, 3, 4, 5, 6}));
    }
}

TEST(Idx, InflatesMoreThanItsFirstBuffer) {
    const TemporaryFolder folder;
    Bytes values(3'000'000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i * i >> 7);
    const auto path = folder.write("packed", gzipped(idx<std::uint8_t>(0x08, {3000, 1000}, values)));
    EXPECT_EQ(read(path).bytes, values);
}

TEST(Idx, RefusesWhatIsNotOneArray) {
    const TemporaryFolder folder;
    const std::string good = idx<std::uint8_t>(0x08, {2, 2}, {1, 2, 3, 4});
    const auto refused = [&](const std::vector<std::string>& parts, const std::string& bytes) {
        expect_error(Fault::input, parts, [&] { read(folder.write("array", bytes)); });
        if (!bytes.empty()) {
            expect_error(Fault::input, {"packed"}, [&] { read(folder.write("packed", gzipped(bytes))); });
        }
    };
    refused({"empty file"}, "");
    refused({"two zero bytes", "01 00"}, "\x01" + good.substr(1));
    refused({"element type", "0a"}, std::string{0, 0, 0x0a, 1} + good.substr(4));
    refused({"rank"}, std::string{0, 0, 8, 0});
    refused({"4 bytes", "(2, 2)", "truncated", "3 bytes"}, good.substr(0, good.size() - 1));
    refused({"16 bytes", "more bytes"}, good + "x");
    refused({"extents of at least 1", "(0, 2)"}, idx_header(0x08, {0, 2}));
    expect_error(Fault::input, {"readable file"}, [&] { read(folder.path() / "missing"); });
    expect_error(Fault::input, {"regular file"}, [&] { read(folder.path()); });
}

TEST(Idx, AllocatesNothingThatIsOnlyClaimed) {
    const TemporaryFolder folder;
    const std::uint32_t most = 0xffffffff;
    const std::string overflow = idx_header(0x0e, {most, most, most});  // would wrap around in 64 bits
    const std::string large = idx_header(0x08, {most, 16});             // 64 GiB
    for (const std::string& bytes : {overflow, large}) {
        expect_error(Fault::input, {"4294967295"}, [&] { read(folder.write("array", bytes)); });
        expect_error(Fault::input, {"4294967295"}, [&] { read(folder.write("packed", gzipped(bytes))); });
    }
    expect_error(Fault::input, {"68719476720 bytes"}, [&] { read(folder.write("array", large)); });
}

TEST(Idx, SurvivesDamage) {
    const TemporaryFolder folder;
    const std::string plain = idx<float>(0x0d, {3, 2}, {1, 2, 3, 4, 5, 6});
    const auto act = [&](const std::string& bytes) {
        Array array = read(folder.write("array", bytes));
        features_of(std::move(array));
    };
    EXPECT_EQ(feed_damaged(plain, 1000, act), 0);
    EXPECT_EQ(feed_damaged(gzipped(plain), 1000, act), 0);
}

class IdxFolder : public testing::Test {
  protected:
    void SetUp() override {
        write("train-images-idx3-ubyte", idx<std::uint8_t>(0x08, {3, 2, 2}, Bytes(12, 9)));
        write("train-labels-idx1-ubyte", idx<std::uint8_t>(0x08, {3}, Bytes{0, 2, 1}));
        write("t10k-images-idx3-ubyte", idx<std::uint8_t>(0x08, {1, 2, 2}, Bytes{1, 2, 3, 4}));
        write("t10k-labels-idx1-ubyte", idx<std::uint8_t>(0x08, {1}, Bytes{2}));
    }
    void write(const std::string& name, const std::string& bytes) { folder_.write(name, bytes); }
    Dataset open(std::int64_t classes = 0) { return open_dataset(folder_.path().string(), {.classes = classes}); }
    void refused(const std::vector<std::string>& parts, std::int64_t classes = 0) {
        expect_error(Fault::input, parts, [&] { open(classes); });
    }

    TemporaryFolder folder_;
};

TEST_F(IdxFolder, HoldsTheFourFiles) {
    const Dataset data = open();
    EXPECT_EQ(data.classes, 3);
    EXPECT_EQ(data.train.rows(), 3);
    EXPECT_EQ(data.train.shape, (Shape{2, 2}));
    EXPECT_EQ(data.train.labels, (std::vector<std::int32_t>{0, 2, 1}));
    EXPECT_EQ(std::get<Bytes>(data.test.values), (Bytes{1, 2, 3, 4}));
    EXPECT_EQ(open(10).classes, 10);
}

TEST_F(IdxFolder, TakesDotsAndGzip) {
    std::filesystem::rename(folder_.path() / "t10k-images-idx3-ubyte", folder_.path() / "t10k-images.idx3-ubyte");
    std::filesystem::remove(folder_.path() / "train-labels-idx1-ubyte");
    write("train-labels-idx1-ubyte.gz", gzipped(idx<std::int32_t>(0x0c, {3}, {1, 1, 0})));
    EXPECT_EQ(open(3).train.labels, (std::vector<std::int32_t>{1, 1, 0}));
}

TEST_F(IdxFolder, NamesTheMissingFile) {
    std::filesystem::remove(folder_.path() / "t10k-labels-idx1-ubyte");
    refused({"t10k-labels-idx1-ubyte", folder_.path().string()});
}

TEST_F(IdxFolder, RefusesUnequalCounts) {
    write("train-labels-idx1-ubyte", idx<std::uint8_t>(0x08, {2}, Bytes{0, 1}));
    refused({"train-labels-idx1-ubyte", "3 rows", "got 2"});
}

TEST_F(IdxFolder, RefusesLabelsOutOfRange) {
    refused({"training labels", "[0, 2)", "2 in row 1"}, 2);
    write("t10k-labels-idx1-ubyte", idx<std::uint8_t>(0x08, {1}, Bytes{3}));
    refused({"test labels", "[0, 3)", "3 in row 0"});
    write("t10k-labels-idx1-ubyte", idx<std::int8_t>(0x09, {1}, {-1}));
    refused({"t10k-labels-idx1-ubyte", "-1 in row 0"});
    write("t10k-labels-idx1-ubyte", idx<std::int32_t>(0x0c, {1}, {2'000'000'000}));
    refused({"2000000000 in row 0"});
    write("t10k-labels-idx1-ubyte", idx<float>(0x0d, {1}, {1.5f}));
    refused({"integer labels", "1.5 in row 0"});
    write("t10k-labels-idx1-ubyte", idx<float>(0x0d, {1}, {std::nanf("")}));
    refused({"integer labels", "nan in row 0"});
}

TEST_F(IdxFolder, RefusesValuesThatAreNotFinite) {
    std::vector<float> values(12, 0.5f);
    values[6] = std::nanf("");
    write("train-images-idx3-ubyte", idx<float>(0x0d, {3, 2, 2}, values));
    refused({"train-images-idx3-ubyte", "nan at row 1, element 2"});
    values[6] = -std::numeric_limits<float>::infinity();
    write("train-images-idx3-ubyte", idx<float>(0x0d, {3, 2, 2}, values));
    refused({"-inf at row 1, element 2"});
    write("train-images-idx3-ubyte", idx<double>(0x0e, {3, 2, 2}, std::vector<double>(12, 1e39)));
    refused({"1e+39 at row 0, element 0"});
}

TEST_F(IdxFolder, RefusesHalvesThatDoNotFit) {
    write("t10k-images-idx3-ubyte", idx<std::uint8_t>(0x08, {1, 4, 1}, Bytes(4)));
    refused({"(2, 2)", "(4, 1)"});
    write("t10k-images-idx3-ubyte", idx<float>(0x0d, {1, 2, 2}, std::vector<float>(4)));
    refused({"bytes in one and numbers in the other"});
    write("t10k-images-idx3-ubyte", idx<std::uint8_t>(0x08, {1}, Bytes{1}));
    refused({"(rows, features…)", "(1,)"});
    SetUp();
    write("t10k-labels-idx1-ubyte", idx<std::uint8_t>(0x08, {1, 2}, Bytes{1, 1}));
    refused({"labels of shape (rows,)", "(1, 2)"});
}

}  // namespace
}  // namespace evenkeel
