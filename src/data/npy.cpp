#include "data/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::uint64_t most_header_bytes = 65536;

// A cursor over the literal that knows only what an NPY header may hold.
class Literal {
  public:
    Literal(std::string_view text, std::string_view where) : text_(text), where_(where) {}

    bool take(char wanted) {
        skip_space();
        if (text_.empty() || text_[0] != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char wanted) {
        if (!take(wanted)) fail(fmt::format("'{}'", wanted));
    }
    std::string_view string() {
        skip_space();
        if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) fail("a quoted string");
        const std::size_t end = text_.find(text_[0], 1);
        if (end == std::string_view::npos) fail("a closing quote");
        const std::string_view inside = text_.substr(1, end - 1);
        text_.remove_prefix(end + 1);
        return inside;
    }
    bool boolean() {
        skip_space();
        for (const std::string_view word : {"True", "False"}) {
            if (!text_.starts_with(word)) continue;
            text_.remove_prefix(word.size());
            return word == "True";
        }
        fail("True or False");
    }
    std::int64_t integer() {
        skip_space();
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (error != std::errc() || value < 0) fail("a whole number");
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return value;
    }
    void end() {
        skip_space();
        if (!text_.empty()) fail("only spaces behind the header");
    }
    [[noreturn]] void fail(std::string_view expected) const {
        std::string seen;
        for (const char c : text_.substr(0, 20)) seen += c >= ' ' && c <= '~' ? c : '?';
        fail_input(where_, fmt::format("{} in the NPY header", expected),
                   text_.empty() ? "its end" : fmt::format("\"{}\"", seen));
    }

  private:
    void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }

    std::string_view text_, where_;
};

void parse_type(std::string_view descr, NpyHeader& header, const Literal& literal) {
    struct Known {
        std::string_view code;
        ElementType type;
    };
    static constexpr Known known[] = {{"b1", ElementType::boolean}, {"u1", ElementType::u8},  {"i1", ElementType::i8},
                                      {"u2", ElementType::u16},     {"i2", ElementType::i16}, {"u4", ElementType::u32},
                                      {"i4", ElementType::i32},     {"u8", ElementType::u64}, {"i8", ElementType::i64},
                                      {"f4", ElementType::f32},     {"f8", ElementType::f64}};
    if (descr.size() == 3 && std::string_view("<>|=").find(descr[0]) != std::string_view::npos) {
        for (const Known& candidate : known) {
            if (candidate.code != descr.substr(1)) continue;
            header.type = candidate.type;
            header.order = descr[0] == '>' ? std::endian::big : std::endian::little;
            return;
        }
    }
    std::string seen;
    for (const char c : descr.substr(0, 20)) seen += c >= ' ' && c <= '~' ? c : '?';
    literal.fail(fmt::format("dtype b1, i1…i8, u1…u8, f4 or f8 instead of '{}'", seen));
}

Shape parse_shape(Literal& literal) {
    Shape shape;
    literal.expect('(');
    bool comma = true;
    while (!literal.take(')')) {
        if (!comma) literal.fail("',' or ')'");
        if (shape.size() == 32) literal.fail("at most 32 axes");  // as NumPy has them
        shape.push_back(literal.integer());
        comma = literal.take(',');
    }
    if (shape.size() == 1 && !comma) literal.fail("a tuple");  // (3) is a number in Python
    return shape;
}

}  // namespace

NpyHeader parse_npy_header(std::string_view text, std::string_view where) {
    Literal literal(text, where);
    NpyHeader header;
    bool have_descr = false, have_order = false, have_shape = false;
    literal.expect('{');
    bool comma = true;
    while (!literal.take('}')) {
        if (!comma) literal.fail("',' or '}'");
        const std::string_view key = literal.string();
        literal.expect(':');
        if (key == "descr" && !std::exchange(have_descr, true)) {
            parse_type(literal.string(), header, literal);
        } else if (key == "fortran_order" && !std::exchange(have_order, true)) {
            header.fortran_order = literal.boolean();
        } else if (key == "shape" && !std::exchange(have_shape, true)) {
            header.shape = parse_shape(literal);
        } else {
            literal.fail("the keys descr, fortran_order and shape, each once,");
        }
        comma = literal.take(',');
    }
    literal.end();
    if (!have_descr || !have_order || !have_shape) literal.fail("the keys descr, fortran_order and shape");
    return header;
}

Array read_npy(ByteSource& source) {
    const auto magic = read_exactly(source, 8, "NPY magic and version");
    if (std::memcmp(magic.data(), "\x93NUMPY", 6) != 0) fail_input(source.name(), "an NPY array", "another magic");
    if (magic[6] < 1 || magic[6] > 3) {
        fail_input(source.name(), "NPY version 1, 2 or 3", fmt::format("{}", magic[6]));
    }
    const auto length_bytes = read_exactly(source, magic[6] == 1 ? 2 : 4, "NPY header length");
    std::uint64_t length = 0;
    for (std::size_t i = length_bytes.size(); i-- > 0;) length = length << 8 | length_bytes[i];
    if (length > most_header_bytes) {
        fail_input(source.name(), fmt::format("an NPY header of at most {} bytes", most_header_bytes),
                   fmt::format("{}", length));
    }
    const auto text = read_exactly(source, length, "NPY header");
    const NpyHeader header = parse_npy_header({reinterpret_cast<const char*>(text.data()), text.size()}, source.name());
    const auto count = static_cast<std::uint64_t>(elements(header.shape, source.name()));
    const auto wide = std::count_if(header.shape.begin(), header.shape.end(), [](std::int64_t n) { return n > 1; });
    if (header.fortran_order && wide > 1) {
        fail_input(source.name(), "an array in C order (numpy.ascontiguousarray makes one)",
                   "Fortran order, shape " + to_string(header.shape));
    }
    Array array{.name = source.name(), .shape = header.shape, .type = header.type, .order = header.order, .bytes = {}};
    const std::uint64_t bytes = count * width_of(header.type);
    array.bytes = read_exactly(source, bytes, fmt::format("values of shape {}", to_string(header.shape)));
    expect_end(source, bytes);
    return array;
}

}  // namespace evenkeel
