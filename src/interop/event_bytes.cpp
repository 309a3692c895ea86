#include "interop/event_bytes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace evenkeel {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
        table[i] = crc;
    }
    return table;
}
constexpr auto crc_table = make_crc_table();

// TensorFlow's mask: so that the CRC of data that holds CRCs is still a good one.
std::uint32_t masked(std::uint32_t crc) {
    return std::rotr(crc, 15) + 0xA282EAD8U;
}

template <typename Unsigned>
std::string little_endian(Unsigned value) {
    std::string bytes;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
    return bytes;
}

/// A message of protocol buffers while it is written, field by field (protobuf.dev, "Encoding").
class Message {
  public:
    Message& integer(std::uint32_t field, std::uint64_t value) {
        tag(field, 0);
        varint(value);
        return *this;
    }
    Message& number(std::uint32_t field, double value) {
        tag(field, 1);
        bytes_ += little_endian(std::bit_cast<std::uint64_t>(value));
        return *this;
    }
    Message& bytes(std::uint32_t field, std::string_view value) {
        tag(field, 2);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    Message& message(std::uint32_t field, const Message& inner) { return bytes(field, inner.bytes_); }
    const std::string& text() const { return bytes_; }

  private:
    void tag(std::uint32_t field, std::uint32_t wire_type) { varint(field << 3 | wire_type); }
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
        bytes_ += static_cast<char>(value);
    }
    std::string bytes_;
};

constexpr std::uint32_t type_float = 1, type_double = 2;  // DataType

Message event(double wall_time) {
    return Message().number(1, wall_time);  // Event.wall_time
}

// SummaryMetadata: plugin_data = 1 {plugin_name = 1}, data_class = 4
Message metadata(std::string_view plugin, std::uint64_t data_class) {
    return Message().message(1, Message().bytes(1, plugin)).integer(4, data_class);
}

// Event: step = 2, summary = 5 {value = 1 {tag = 1, tensor = 8, metadata = 9}}
std::string summary_event(double wall_time, std::int64_t step, std::string_view tag, const Message& tensor,
                          const Message& meta) {
    const Message value = Message().bytes(1, tag).message(8, tensor).message(9, meta);
    return event(wall_time).integer(2, static_cast<std::uint64_t>(step)).message(5, Message().message(1, value)).text();
}

Message dimension(std::uint64_t size) {
    return Message().message(2, Message().integer(1, size));  // TensorShapeProto.dim = 2 {size = 1}
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) crc = crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
    return ~crc;
}

std::string record_bytes(std::string_view data) {
    const std::string length = little_endian(static_cast<std::uint64_t>(data.size()));
    std::string record = length + little_endian(masked(crc32c(length)));
    record += data;
    return record + little_endian(masked(crc32c(data)));
}

std::string version_event(double wall_time) {
    return event(wall_time).bytes(3, "brain.Event:2").text();  // Event.file_version
}

std::string start_event(double wall_time, std::int64_t step) {
    // session_log = 7 {status = 1: START = 1}
    return event(wall_time).integer(2, static_cast<std::uint64_t>(step)).message(7, Message().integer(1, 1)).text();
}

std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, float value) {
    // TensorProto: dtype = 1, tensor_shape = 2 (none: a scalar), tensor_content = 4
    const Message tensor = Message()
                               .integer(1, type_float)
                               .message(2, Message())
                               .bytes(4, little_endian(std::bit_cast<std::uint32_t>(value)));
    return summary_event(wall_time, step, tag, tensor, metadata("scalars", 1));  // DATA_CLASS_SCALAR
}

std::vector<HistogramBucket> histogram_of(std::span<const float> values, std::size_t buckets) {
    float low = INFINITY, high = -INFINITY;
    double count = 0;
    for (const float x : values) {
        if (!std::isfinite(x)) continue;
        low = std::min(low, x);
        high = std::max(high, x);
        ++count;
    }
    if (count == 0) return {};
    if (low == high) return {{low - 0.5, high + 0.5, count}};
    const double width = (static_cast<double>(high) - low) / static_cast<double>(buckets);
    std::vector<HistogramBucket> result;
    for (std::size_t b = 0; b < buckets; ++b) {
        const double from = low + width * static_cast<double>(b);
        result.push_back({from, b + 1 == buckets ? high : from + width, 0});
    }
    for (const float x : values) {
        if (!std::isfinite(x)) continue;
        const auto b = static_cast<std::size_t>((static_cast<double>(x) - low) / width);
        ++result[std::min(b, buckets - 1)][2];
    }
    return result;
}

std::string histogram_event(double wall_time, std::int64_t step, std::string_view tag,
                            std::span<const HistogramBucket> buckets) {
    std::string content;
    for (const HistogramBucket& bucket : buckets) {
        for (const double number : bucket) content += little_endian(std::bit_cast<std::uint64_t>(number));
    }
    Message shape = dimension(buckets.size());
    shape.message(2, Message().integer(1, 3));
    const Message tensor = Message().integer(1, type_double).message(2, shape).bytes(4, content);
    return summary_event(wall_time, step, tag, tensor, metadata("histograms", 2));  // DATA_CLASS_TENSOR
}

}  // namespace evenkeel
