#include "interop/event_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace evenkeel {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::string hex(std::string_view bytes) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += digits[static_cast<unsigned char>(c) >> 4];
        text += digits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

std::string ascending(int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(i);
    return bytes;
}

// RFC 3720, appendix B.4, whose bytes stand in the order of the wire.
TEST(Crc32c, GivesTheVectorsOfTheRfc) {
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
    EXPECT_EQ(crc32c(ascending(32)), 0x46DD794EU);
    const std::string up = ascending(32);
    EXPECT_EQ(crc32c(std::string(up.rbegin(), up.rend())), 0x113FDB5CU);
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);  // the catalogue's check value
    EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventRecord, IsLengthAndDataEachWithAMaskedCrc) {
    // An empty record: both CRCs by hand. crc32c("") is 0, which is masked to the constant.
    const std::string empty = record_bytes("");
    ASSERT_THAT(empty, SizeIs(16));
    EXPECT_EQ(hex(empty.substr(0, 8)), "0000000000000000");
    EXPECT_EQ(hex(empty.substr(12)), "d8ea82a2");
    const std::string record = record_bytes("123456789");
    ASSERT_THAT(record, SizeIs(8 + 4 + 9 + 4));
    EXPECT_EQ(hex(record.substr(0, 8)), "0900000000000000");
    EXPECT_EQ(record.substr(12, 9), "123456789");
    // 0xE3069283 turned right by 15 bits is 0x2507C60D; plus 0xA282EAD8 is 0xC78AB0E5.
    EXPECT_EQ(hex(record.substr(21)), "e5b08ac7");
}

TEST(Events, HaveTheFieldsOfTheirProtocol) {
    EXPECT_EQ(hex(version_event(1.5)),
              "09000000000000f83f"  // wall_time = 1.5
              "1a0d"
              "627261696e2e4576656e743a32");  // file_version = "brain.Event:2"
    EXPECT_EQ(hex(start_event(1.5, 300)),
              "09000000000000f83f"
              "10ac02"  // step = 300
              "3a02"
              "0801");  // session_log {status: START}
    EXPECT_EQ(hex(scalar_event(1.5, 7, "loss", 0.25F)),
              "09000000000000f83f"
              "1007"
              "2a23"
              "0a21"  // summary {value
              "0a04"
              "6c6f7373"  //   tag: "loss"
              "420a"
              "0801"
              "1200"
              "2204"
              "0000803e"  //   tensor {FLOAT, scalar, content}
              "4a0d"      //   metadata {
              "0a09"
              "0a07"
              "7363616c617273"  //     plugin_data {plugin_name: "scalars"}
              "2001");          //     data_class: SCALAR
}

TEST(Events, AHistogramIsATensorOfBuckets) {
    const std::vector<HistogramBucket> buckets = {{-1, 0, 3}, {0, 1, 5}};
    const std::string bytes = hex(histogram_event(0, 1, "w", buckets));
    EXPECT_THAT(bytes, testing::HasSubstr("0a0177"));  // tag
    EXPECT_THAT(bytes, testing::HasSubstr("0802"
                                          "1208"
                                          "12020802"
                                          "12020803"  // tensor {DOUBLE, shape [2, 3]
                                          "2230"      //   content, 48 bytes
                                          "000000000000f0bf"
                                          "0000000000000000"
                                          "0000000000000840"
                                          "0000000000000000"
                                          "000000000000f03f"
                                          "0000000000001440"));
    EXPECT_THAT(bytes, testing::HasSubstr("0a0c0a0a"
                                          "686973746f6772616d73"
                                          "2002"));  // "histograms", TENSOR
}

TEST(HistogramOf, CountsEveryFiniteValueOnce) {
    const std::vector<float> values = {0, 1, 2, 3, 4, 4, NAN, INFINITY};
    const auto buckets = histogram_of(values, 4);
    EXPECT_THAT(buckets,
                ElementsAre(ElementsAre(0, 1, 1), ElementsAre(1, 2, 1), ElementsAre(2, 3, 1), ElementsAre(3, 4, 3)));
    EXPECT_THAT(histogram_of(std::vector<float>{2, 2}), ElementsAre(ElementsAre(1.5, 2.5, 2)));
    EXPECT_THAT(histogram_of(std::vector<float>{NAN}), SizeIs(0));
    EXPECT_THAT(histogram_of(std::vector<float>{-3e38F, 3e38F}), SizeIs(30));
}

}  // namespace
}  // namespace evenkeel
