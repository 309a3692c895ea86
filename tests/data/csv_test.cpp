#include <fmt/format.h>

#include <set>

#include "evenkeel/data/open.hpp"
#include "evenkeel/data/table.hpp"
#include "support.hpp"

namespace evenkeel {
namespace {

class Csv : public testing::Test {
  protected:
    Table table(const std::string& text) { return read_table(folder_.write("t.csv", text)); }
    Dataset open(const std::string& text, const std::string& target, std::int64_t classes = 0) {
        return open_dataset(folder_.write("t.csv", text).string(), {.target = target, .classes = classes});
    }
    void refused(const std::vector<std::string>& parts, const std::string& text, const std::string& target = "y") {
        expect_error(Fault::input, parts, [&] { open(text, target); });
    }
    TemporaryFolder folder_;
};

TEST_F(Csv, ReadsQuotesCarriageReturnsMarksAndEmptyLines) {
    const Table t = table(
        "\xef\xbb\xbf age , \"income, \"\"net\"\"\",note\r\n\r\n 1 ,\"2\",\"two\nlines\"\r\n\n3,+4e1, x y "
        "\r\n");
    EXPECT_EQ(t.columns, (std::vector<std::string>{"age", "income, \"net\"", "note"}));
    EXPECT_EQ(t.cells, (std::vector<std::string>{"1", "2", "two\nlines", "3", "+4e1", "x y"}));
    EXPECT_EQ(t.lines, (std::vector<std::int64_t>{3, 6}));
    EXPECT_EQ(number_at(t, 1, 1), 40.0);
}

TEST_F(Csv, ReadsOtherSeparatorsAndNoHeader) {
    EXPECT_EQ(table("a;b\n1;2").cells, (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(table("a\tb\n1\t\n").cells, (std::vector<std::string>{"1", ""}));
    const Table numbers = table("-1,2\n2.1,0\n");
    EXPECT_EQ(numbers.columns, (std::vector<std::string>{"x1", "x2"}));
    EXPECT_EQ(numbers.rows(), 2u);
    EXPECT_EQ(number_at(numbers, 0, 0), -1.0);
}

TEST_F(Csv, RefusesWhatIsNoTable) {
    refused({"header", "empty file"}, "");
    refused({"header", "empty file"}, "\n\r\n");
    refused({"rows of data"}, "a,y\n");
    refused({"2 cells in line 3", "got 3"}, "a,y\n1,2\n1,2,3\n");
    refused({"closing quote for line 2"}, "a,y\n1,\"2\n3,4\n");
    refused({"separator", "line 2"}, "a,y\n\"1\"x,2\n");
    refused({"zero bytes"}, std::string("a,y\n1,\0002\n", 8));
}

TEST_F(Csv, NamesLineAndColumnOfBadCells) {
    refused({"line 3", "column \"b\"", "empty cell"}, "a,b,y\n1,2,0\n1,,0\n");
    refused({"line 2", "column \"a\"", "\"red\""}, "a,b,y\nred,2,0\n1,2,0\n");
    for (const char* cell : {"nan", "NaN", "inf", "-inf", "1e999", "0x10", "1 2", "++1", "NA"}) {
        refused({"line 2", "column \"b\"", cell}, std::string("a,b,y\n1,") + cell + ",0\n1,2,0\n");
    }
    refused({"float32", "line 2", "column \"b\""}, "a,b,y\n1,1e39,0\n1,2,0\n");
    refused({"line 3", "column \"y\"", "empty cell"}, "a,y\n1,0\n1,\n");
    refused({"line 3", "column \"y\"", "nan"}, "a,y\n1,0\n1,nan\n");
    refused({"a number in line 4", "column \"y\"", "\"?\""}, "a,y\n1,0\n1,5\n1,?\n");
    refused({"one of: a, y", "\"z\""}, "a,y\n1,0\n1,1\n", "z");
    refused({"one of: a, y", "none named"}, "a,y\n1,0\n1,1\n", "");
    refused({"one target column"}, "y,y\n1,0\n1,1\n");
    refused({"feature columns"}, "y\n0\n1\n");
    refused({"at least 2 rows"}, "a,y\n1,0\n");
}

TEST_F(Csv, TellsClassesFromNumbers) {
    const auto rows = [](const std::vector<std::string>& targets) {
        std::string text = "a,y\n";
        for (const std::string& t : targets) text += "1," + t + "\n";
        return text;
    };
    EXPECT_EQ(open(rows({"0", "1", "2", "1"}), "y").classes, 3);
    EXPECT_EQ(open(rows({"1", "2", "2"}), "y").classes, 0);  // no 0: counts, not classes
    EXPECT_EQ(open(rows({"0", "0.5", "1"}), "y").classes, 0);
    EXPECT_EQ(open(rows({"0", "-1", "1"}), "y").classes, 0);
    EXPECT_EQ(open(rows({"1", "2", "2"}), "y", 4).classes, 4);  // the caller says what they are
    const Dataset regression = open(rows({"1.5", "2.5", "3.5"}), "y");
    EXPECT_EQ(regression.train.target_width, 1);
    EXPECT_EQ(regression.train.rows() + regression.test.rows(), 3);
    const Dataset texts = open(rows({"rose", "iris", "rose", "aster"}), "y");
    EXPECT_EQ(texts.classes, 3);
    EXPECT_EQ(texts.class_names, (std::vector<std::string>{"aster", "iris", "rose"}));
}

TEST_F(Csv, SplitsByASeedAndKeepsEachRowOnce) {
    std::string text = "b,y,a\n";
    for (int i = 0; i < 53; ++i) text += fmt::format("{},{},{}\n", i, i % 3, -i);
    const Dataset data = open(text, "y"), again = open(text, "y");
    EXPECT_EQ(data.train.rows(), 43);
    EXPECT_EQ(data.test.rows(), 10);
    EXPECT_EQ(data.feature_names, (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(data.train.values, again.train.values);
    std::set<float> seen;
    for (const Examples* half : {&data.train, &data.test}) {
        const auto& values = std::get<std::vector<float>>(half->values);
        for (std::size_t row = 0; row < half->labels.size(); ++row) {
            seen.insert(values[2 * row]);
            EXPECT_EQ(values[2 * row + 1], -values[2 * row]);
            EXPECT_EQ(half->labels[row], static_cast<int>(values[2 * row]) % 3);
        }
    }
    EXPECT_EQ(seen.size(), 53u);
    const Dataset other = open_dataset((folder_.path() / "t.csv").string(), {.target = "y", .split_seed = 1});
    EXPECT_NE(data.test.values, other.test.values);
}

TEST_F(Csv, SurvivesDamage) {
    feed_damaged("a,\"b\",y\r\n1,2.5,0\n\"3\",4,1\n-5,6e2,1\n", 1000,
                 [&](const std::string& bytes) { open(bytes, "y"); });
}

TEST(OpenDataset, NamesTheChoices) {
    const TemporaryFolder folder;
    for (const std::string& name : {std::string("imagenet"), std::string(), folder.write("x.txt", "1").string()}) {
        expect_error(Fault::input, {"mnist, digits, a folder with IDX files, a .npz or a .csv file"},
                     [&] { open_dataset(name); });
    }
    expect_error(Fault::input, {"train-images-idx3-ubyte"}, [&] { open_dataset(folder.path().string()); });
    expect_error(Fault::input, {"0 to 65536 classes"}, [&] { open_dataset("digits", {.classes = -1}); });
}

}  // namespace
}  // namespace evenkeel
