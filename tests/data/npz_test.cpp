#include "data/npz.hpp"

#include <cmath>

#include "builders.hpp"
#include "data/npy.hpp"
#include "evenkeel/data/open.hpp"
#include "support.hpp"

namespace evenkeel {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Entries = std::map<std::string, std::string>;

class Npy : public testing::Test {
  protected:
    Array read(const std::string& bytes) { return read_npy(*open_bytes(folder_.write("array.npy", bytes))); }
    void refused(const std::vector<std::string>& parts, const std::string& bytes) {
        expect_error(Fault::input, parts, [&] { read(bytes); });
    }
    TemporaryFolder folder_;
};

TEST_F(Npy, ReadsEveryType) {
    EXPECT_EQ(floats_of(read(npy<std::uint8_t>("|b1", "(2,)", {0, 1}))), (std::vector<float>{0, 1}));
    EXPECT_EQ(floats_of(read(npy<std::uint8_t>("|u1", "(2,)", {3, 255}))), (std::vector<float>{3, 255}));
    EXPECT_EQ(floats_of(read(npy<std::int8_t>("|i1", "(2,)", {-3, 4}))), (std::vector<float>{-3, 4}));
    EXPECT_EQ(floats_of(read(npy<std::uint16_t>("<u2", "(1,)", {65535}))), (std::vector<float>{65535}));
    EXPECT_EQ(floats_of(read(npy<std::int16_t>("<i2", "(1,)", {-300}))), (std::vector<float>{-300}));
    EXPECT_EQ(floats_of(read(npy<std::uint32_t>("<u4", "(1,)", {1u << 31}))), (std::vector<float>{0x1p31f}));
    EXPECT_EQ(floats_of(read(npy<std::int32_t>("<i4", "(1,)", {-70000}))), (std::vector<float>{-70000}));
    EXPECT_EQ(floats_of(read(npy<std::uint64_t>("<u8", "(1,)", {1ull << 63}))), (std::vector<float>{0x1p63f}));
    EXPECT_EQ(floats_of(read(npy<std::int64_t>("<i8", "(1,)", {-5}))), (std::vector<float>{-5}));
    EXPECT_EQ(floats_of(read(npy<float>("<f4", "(1,)", {0.25f}))), (std::vector<float>{0.25f}));
    EXPECT_EQ(floats_of(read(npy<double>("<f8", "(1,)", {0.1}))), (std::vector<float>{0.1f}));
    EXPECT_EQ(floats_of(read(npy_header(">i2", "(1,)") + bytes_of<std::int16_t>({258}, std::endian::big))),
              (std::vector<float>{258}));
}

TEST_F(Npy, TakesEveryVersionAndSpelling) {
    const std::string dict = "{\"shape\":(2,2),'fortran_order':False,'descr':'<i2'}\n";
    const std::string values = bytes_of<std::int16_t>({1, 2, 3, 4}, std::endian::little);
    for (const char version : {'\x02', '\x03'}) {
        const std::string bytes = std::string("\x93NUMPY") + version + '\0' + static_cast<char>(dict.size()) +
                                  std::string(3, '\0') + dict + values;
        EXPECT_EQ(read(bytes).shape, (Shape{2, 2}));
    }
    // Fortran order means nothing where there is but one axis to walk along.
    EXPECT_EQ(read(npy_header("|u1", "(1, 3, 1)", "True") + "abc").shape, (Shape{1, 3, 1}));
}

TEST_F(Npy, RefusesEverythingElse) {
    const std::string values(8, '\1');
    refused({"NPY array"}, "\x93NUMPX" + npy_header("|u1", "(8,)").substr(6) + values);
    refused({"version", "got 9"}, std::string("\x93NUMPY\x09\x00", 8) + npy_header("|u1", "(8,)").substr(8) + values);
    refused({"NPY magic", "truncated"}, "\x93NUM");
    refused({"dtype", "<f2"}, npy_header("<f2", "(4,)") + values);
    refused({"dtype", "|O"}, npy_header("|O", "(4,)") + values);
    refused({"C order", "Fortran order, shape (2, 4)"}, npy_header("|u1", "(2, 4)", "True") + values);
    refused({"8 bytes", "truncated", "7 bytes"}, npy_header("|u1", "(8,)") + values.substr(1));
    refused({"more bytes"}, npy_header("|u1", "(8,)") + values + "x");
    refused({"extents of at least 1"}, npy_header("|u1", "(0,)"));
    refused({"whole number"}, npy_header("|u1", "(-8,)") + values);
    refused({"a tuple"}, npy_header("|u1", "(8)") + values);
    refused({"',' or ')'"}, npy_header("|u1", "(2 4)") + values);
    refused({"True or False"}, npy_header("|u1", "(8,)", "1") + values);
    refused({"whole number"}, npy_header("|u1", "(99999999999999999999,)") + values);
    refused({"elements", "(4294967296, 4294967296, 4294967296)"},
            npy_header("<f8", "(4294967296, 4294967296, 4294967296)") + values);
    refused({"1099511627776 bytes"}, npy_header("|u1", "(1099511627776,)") + values);
    refused({"at most 65536 bytes"}, std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12) + values);
}

TEST(NpyHeader, IsReadStrictly) {
    const auto refused = [](const char* text, const char* part) {
        expect_error(Fault::input, {part, "x.npy"}, [&] { parse_npy_header(text, "x.npy"); });
    };
    refused("", "'{'");
    refused("{'descr': '<f4', 'shape': (1,)}", "the keys descr");
    refused("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "each once");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "each once");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "only spaces");
    refused("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", "',' or '}'");
    refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "quoted string");
    refused("{'descr': '<f4", "closing quote");
}

TEST_F(Npy, SurvivesDamage) {
    EXPECT_EQ(feed_damaged(npy<float>("<f4", "(2, 2)", {1, 2, 3, 4}), 1000,
                           [&](const std::string& bytes) { floats_of(read(bytes)); }),
              0);
}

class Npz : public testing::Test {
  protected:
    std::filesystem::path path() const { return folder_.path() / "data.npz"; }
    Dataset open(const Entries& entries, int method = ZIP_CM_DEFLATE) {
        write_npz(path(), entries, method);
        return open_dataset(path().string());
    }
    void refused(const std::vector<std::string>& parts, const Entries& entries) {
        write_npz(path(), entries);
        expect_error(Fault::input, parts, [&] { open_dataset(path().string()); });
    }

    TemporaryFolder folder_;
    Entries entries_ = {{"x_train.npy", npy<std::uint8_t>("|u1", "(3, 2)", {1, 2, 3, 4, 5, 6})},
                        {"y_train.npy", npy<std::int64_t>("<i8", "(3,)", {0, 2, 1})},
                        {"x_test.npy", npy<std::uint8_t>("|u1", "(1, 2)", {7, 8})},
                        {"y_test.npy", npy<std::int64_t>("<i8", "(1,)", {2})}};
};

TEST_F(Npz, ReadsKerasNamesStoredAndDeflated) {
    for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
        const Dataset data = open(entries_, method);
        EXPECT_EQ(data.classes, 3);
        EXPECT_EQ(data.train.shape, (Shape{2}));
        EXPECT_EQ(data.train.labels, (std::vector<std::int32_t>{0, 2, 1}));
        EXPECT_EQ(std::get<Bytes>(data.test.values), (Bytes{7, 8}));
    }
}

TEST_F(Npz, ReadsTheOtherNamesAndColumnsOfLabels) {
    const Dataset data = open({{"train_images.npy", entries_["x_train.npy"]},
                               {"train_labels.npy", npy<std::uint8_t>("|u1", "(3, 1)", {0, 1, 1})},
                               {"test_images.npy", entries_["x_test.npy"]},
                               {"test_labels.npy", npy<std::uint8_t>("|u1", "(1, 1)", {0})}});
    EXPECT_EQ(data.train.labels, (std::vector<std::int32_t>{0, 1, 1}));
}

TEST_F(Npz, KeepsFloatAndOneHotTargets) {
    entries_["y_train.npy"] = npy<double>("<f8", "(3,)", {0.5, 1, 2});
    entries_["y_test.npy"] = npy<double>("<f8", "(1,)", {4});
    const Dataset numbers = open(entries_);
    EXPECT_EQ(numbers.classes, 0);
    EXPECT_EQ(numbers.train.rows(), 3);
    EXPECT_EQ(numbers.train.targets, (std::vector<float>{0.5f, 1, 2}));
    entries_["y_train.npy"] = npy<std::uint8_t>("|u1", "(3, 2)", {0, 1, 1, 0, 1, 0});
    refused({"one kind and width", "2 and 1"}, entries_);
    entries_["y_test.npy"] = npy<std::uint8_t>("|u1", "(1, 2)", {1, 0});
    const Dataset one_hot = open(entries_);
    EXPECT_EQ(one_hot.train.target_width, 2);
    EXPECT_EQ(one_hot.train.rows(), 3);
}

TEST_F(Npz, NamesWhatIsWrong) {
    Entries entries = entries_;
    entries.erase("x_test.npy");
    refused({"x_train, y_train, x_test and y_test", "no x_test among", "y_train.npy"}, entries);
    entries = entries_;
    entries["y_train.npy"] = npy<std::int64_t>("<i8", "(2,)", {0, 1});
    refused({"y_train.npy", "3 rows", "got 2"}, entries);
    entries["y_train.npy"] = npy<std::int64_t>("<i8", "(3,)", {0, -1, 1});
    refused({"y_train.npy", "-1 in row 1"}, entries);
    entries["y_train.npy"] = npy<std::int64_t>("<i8", "(3,)", {0, std::int64_t{1} << 62, 1});
    refused({"4611686018427387904 in row 1"}, entries);
    entries["y_train.npy"] = npy<float>("<f4", "(3,)", {0, std::nanf(""), 1});
    refused({"y_train.npy", "nan at row 1"}, entries);
    entries = entries_;
    entries["x_train.npy"] = npy<std::uint8_t>("|u1", "(6,)", {1, 2, 3, 4, 5, 6});
    refused({"x_train.npy", "(rows, features…)"}, entries);
    entries["x_train.npy"] = npy_header("|u1", "(3000000000, 300)");
    refused({"x_train.npy", "900000000000 bytes", "compressed data"}, entries);
    folder_.write("data.npz", "not a ZIP archive");
    expect_error(Fault::input, {"ZIP archive"}, [&] { open_dataset(path().string()); });
    folder_.write("data.npz", "");
    expect_error(Fault::input, {"ZIP archive"}, [&] { open_dataset(path().string()); });
}

TEST_F(Npz, SurvivesDamage) {
    for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
        write_npz(path(), entries_, method);
        std::ifstream in(path(), std::ios::binary);
        const std::string good{std::istreambuf_iterator<char>(in), {}};
        EXPECT_EQ(feed_damaged(good, 400,
                               [&](const std::string& bytes) {
                                   folder_.write("data.npz", bytes);
                                   open_dataset(path().string());
                               }),
                  0);
    }
}

}  // namespace
}  // namespace evenkeel
