#include "interop/hdf5_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "interop/hdf5_types.hpp"

namespace evenkeel::hdf5 {
namespace {

enum class Kind { number, fixed_text, variable_text };

struct Element {
    Kind kind = Kind::number;
    Type type = Type::uint8;        // of a number
    std::size_t size = 1;           // bytes where it is stored
    bool padded_by_spaces = false;  // a fixed text
};

constexpr std::array<std::string_view, 11> class_names = {
    "an integer", "a real number", "a time",         "a text",          "a bit field", "an opaque value",
    "a compound", "a reference",   "an enumeration", "variable-length", "an array"};

std::vector<std::uint64_t> read_dataspace(Source& source, Cursor body) {
    const unsigned version = body.u8();
    const unsigned rank = body.u8();
    body.skip(1);  // whether maximal extents follow: we stop before them
    if (version != 1 && version != 2) source.fail("a dataspace of version 1 or 2", fmt::format("version {}", version));
    if (rank > 32) source.fail("a rank of at most 32", fmt::format("{}", rank));
    const unsigned kind = version == 2 ? body.u8() : 1;  // 0 scalar, 1 simple, 2 null
    if (version == 1) body.skip(5);
    if (kind > 2) source.fail("a scalar, simple or null dataspace", fmt::format("kind {}", kind));
    if (kind == 0 && rank != 0) source.fail("a scalar of rank 0", fmt::format("rank {}", rank));
    if (kind == 2) return {0};
    std::vector<std::uint64_t> shape(rank);
    for (std::uint64_t& extent : shape) extent = body.u64();
    return shape;
}

std::uint64_t count_bytes(const Source& source, const std::vector<std::uint64_t>& shape, std::size_t element) {
    // An extent of 0 empties the array, however large the others are.
    if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return 0;
    std::uint64_t bytes = element;
    for (const std::uint64_t extent : shape) {
        if (extent > source.size() / bytes) {
            source.fail(fmt::format("an array within the {} bytes of the file", source.size()),
                        fmt::format("{} x {} bytes", extent, bytes));
        }
        bytes *= extent;
    }
    return bytes;
}

Element read_number(Source& source, unsigned type_class, Cursor whole) {
    // A number is one of ours if its description is ours to the last bit; only the version may differ.
    for (const Type type : all_types) {
        const std::vector<std::uint8_t> ours = datatype_message(type);
        if (whole.left() < ours.size()) continue;
        const auto theirs = whole.rest();
        const auto same = [](std::uint8_t a, std::byte b) { return a == std::to_integer<std::uint8_t>(b); };
        if ((ours[0] & 15u) == type_class && std::equal(ours.begin() + 1, ours.end(), theirs.begin() + 1, same)) {
            return {Kind::number, type, size_of(type), false};
        }
    }
    whole.skip(1);
    const bool big_endian = (whole.u8() & 1u) != 0;
    whole.skip(2);
    source.fail("numbers of 8 to 64 bits, little-endian", fmt::format("{}{} of {} bytes", class_names[type_class],
                                                                      big_endian ? " (big-endian)" : "", whole.u32()));
}

Element read_datatype(Source& source, Cursor body) {
    const Cursor whole = body;
    const unsigned first = body.u8();
    const unsigned type_class = first & 15u;
    const unsigned version = first >> 4;
    const unsigned bits = body.u8();
    body.skip(2);
    const std::uint32_t size = body.u32();
    if (version < 1 || version > 3) source.fail("a datatype of version 1 to 3", fmt::format("version {}", version));
    if (type_class >= class_names.size()) source.fail("a datatype of a known class", fmt::format("{}", type_class));

    if (type_class == type_class::integer || type_class == type_class::real) {
        return read_number(source, type_class, whole);
    }
    if (type_class == type_class::text) {
        if (size == 0) source.fail("texts of at least 1 byte", "0 bytes");
        return {Kind::fixed_text, Type::uint8, size, (bits & 15u) == 2};
    }
    if (type_class == type_class::variable_length && (bits & 15u) == 1) {
        if (size != text_reference_size) source.fail("variable-length texts of 16 bytes", fmt::format("{}", size));
        return {Kind::variable_text, Type::uint8, size, false};
    }
    source.fail("numbers or texts", fmt::format("{} of {} bytes", class_names[type_class], size));
}

std::string fixed_text(std::span<const std::byte> bytes, bool padded_by_spaces) {
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    text.resize(std::min(text.size(), text.find('\0')));
    if (padded_by_spaces) text.resize(text.find_last_not_of(' ') + 1);
    return text;
}

std::span<const std::byte> read_layout(Source& source, Cursor body, std::uint64_t wanted) {
    const unsigned version = body.u8();
    if (version != 3 && version != 4) source.fail("a layout of version 3 or 4", fmt::format("version {}", version));
    const unsigned kind = body.u8();
    if (kind == 2) source.fail("a contiguous dataset", "a chunked one (or compressed, or of growing extents)");
    if (kind == 3) source.fail("a contiguous dataset", "a virtual one");
    if (kind > 3) source.fail("a contiguous dataset", fmt::format("layout {}", kind));
    if (kind == 0) {  // compact: the numbers stand here
        const std::uint16_t size = body.u16();
        if (size != wanted) source.fail(fmt::format("{} bytes of data", wanted), fmt::format("{}", size));
        return body.take(size);
    }
    const std::uint64_t address = body.u64();
    const std::uint64_t size = body.u64();
    if (wanted == 0) return {};
    if (address == undefined_address)
        source.fail(fmt::format("{} bytes of data", wanted), "none: it was never written");
    if (size != wanted) source.fail(fmt::format("{} bytes of data", wanted), fmt::format("{}", size));
    return source.at(address, size, "data").rest();
}

// The messages of one block of a header; continuations are appended to `blocks`.
void read_block(Source& source, Cursor block, std::vector<Cursor>& blocks, std::vector<RawMessage>& messages) {
    while (block.left() >= 8) {
        const std::uint16_t type = block.u16();
        const std::uint16_t size = block.u16();
        const unsigned flags = block.u8();
        block.skip(3);
        Cursor body(source, block.take(size), "a message of an object's header");
        if (type == 0) continue;
        if (type > message::last_known) source.fail("messages of a known type", fmt::format("type {}", type));
        if ((flags & 2u) != 0) source.fail("messages of its own", "a shared message (a committed datatype)");
        if (type == message::continuation) {
            const std::uint64_t address = body.u64();
            blocks.push_back(source.at(address, body.u64(), "a continued header"));
        } else {
            messages.push_back({type, body});
        }
    }
}

}  // namespace

std::vector<RawMessage> read_messages(Source& source, std::uint64_t address) {
    Cursor prefix = source.at(address, 16, "an object's header");
    const unsigned version = prefix.u8();
    if (version != 1) source.fail("an object's header of version 1", fmt::format("version {}", version));
    prefix.skip(7);  // reserved, the number of messages (the blocks say it better), links to this object
    std::vector<Cursor> blocks = {source.at(address + 16, prefix.u32(), "an object's header")};
    std::vector<RawMessage> messages;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        // Copied, as `blocks` grows. An endless chain of continuations runs out of the source's allowance,
        // unless its links are empty.
        const Cursor block = blocks[i];
        if (i > 0 && block.left() == 0) source.fail("a continued header", "an empty one");
        read_block(source, block, blocks, messages);
    }
    return messages;
}

const GlobalHeap::Collection& GlobalHeap::collection(std::uint64_t address) {
    const auto known = collections_.find(address);
    if (known != collections_.end()) return known->second;
    Cursor head = source_.at(address, 16, "a collection of texts");
    head.expect("GCOL");
    const unsigned version = head.u8();
    if (version != 1) source_.fail("a collection of texts of version 1", fmt::format("version {}", version));
    head.skip(3);
    const std::uint64_t size = head.u64();
    if (size < 16) source_.fail("a collection of texts of at least 16 bytes", fmt::format("{}", size));
    Cursor body = source_.at(address + 16, size - 16, "a collection of texts");
    Collection& out = collections_[address];
    while (body.left() >= 16) {
        const std::uint16_t index = body.u16();
        body.skip(6);
        const std::uint64_t length = body.u64();
        if (index == 0) break;  // what remains is free
        if (!out.emplace(index, body.take(length)).second) {
            source_.fail("each text once in a collection", fmt::format("number {} twice", index));
        }
        body.skip(std::min<std::uint64_t>((8 - length % 8) % 8, body.left()));
    }
    return out;
}

std::string GlobalHeap::text(std::uint32_t length, std::uint64_t address, std::uint32_t index) {
    if (length == 0) return {};
    const Collection& texts = collection(address);
    const auto found = texts.find(index);
    if (found == texts.end())
        source_.fail("a text in its collection", fmt::format("no number {} at {}", index, address));
    if (found->second.size() < length) {
        source_.fail(fmt::format("a text of {} bytes", length), fmt::format("{}", found->second.size()));
    }
    source_.charge(length);
    return fixed_text(found->second.first(length), false);
}

std::pair<std::string, Attribute> read_attribute(Source& source, GlobalHeap& heap, Cursor body) {
    const unsigned version = body.u8();
    if (version < 1 || version > 3) source.fail("an attribute of version 1 to 3", fmt::format("version {}", version));
    const unsigned flags = body.u8();
    if (version > 1 && flags != 0) source.fail("an attribute with a type of its own", "a committed datatype");
    const std::uint16_t name_size = body.u16();
    const std::uint16_t type_size = body.u16();
    const std::uint16_t space_size = body.u16();
    if (version == 3) body.skip(1);  // ASCII or UTF-8: the same to us
    const auto part = [&](std::size_t size) {
        const auto bytes = body.take(size);
        if (version == 1) body.skip((8 - size % 8) % 8);
        return bytes;
    };
    std::string name = fixed_text(part(name_size), false);
    const Element element = read_datatype(source, Cursor(source, part(type_size), "an attribute's type"));
    std::vector<std::uint64_t> shape = read_dataspace(source, Cursor(source, part(space_size), "an attribute's shape"));
    Cursor data(source, body.take(count_bytes(source, shape, element.size)), "an attribute");
    if (element.kind == Kind::number) return {std::move(name), Array{element.type, std::move(shape), data.rest()}};

    std::vector<std::string> texts;
    while (data.left() > 0) {
        if (element.kind == Kind::fixed_text) {
            texts.push_back(fixed_text(data.take(element.size), element.padded_by_spaces));
        } else {
            const std::uint32_t length = data.u32();
            const std::uint64_t address = data.u64();
            texts.push_back(heap.text(length, address, data.u32()));
        }
    }
    if (shape.empty()) return {std::move(name), std::move(texts.front())};
    return {std::move(name), std::move(texts)};
}

Array read_array(Source& source, const std::vector<RawMessage>& messages) {
    std::optional<Cursor> space, type, layout;
    const auto set = [&](std::optional<Cursor>& target, Cursor body) {
        if (target) source.fail("one shape, one type and one layout of a dataset", "two of a kind");
        target = body;
    };
    for (const RawMessage& message : messages) {
        if (message.type == message::dataspace) set(space, message.body);
        if (message.type == message::datatype) set(type, message.body);
        if (message.type == message::layout) set(layout, message.body);
        if (message.type == message::external) source.fail("data in this file", "external data");
        if (message.type == message::filters) source.fail("plain data", "compressed or filtered data");
    }
    if (!space || !type || !layout) source.fail("a group, or a dataset with shape, type and layout", "neither");
    const Element element = read_datatype(source, *type);
    if (element.kind != Kind::number) source.fail("a dataset of numbers", "texts");
    Array array{element.type, read_dataspace(source, *space), {}};
    array.bytes = read_layout(source, *layout, count_bytes(source, array.shape, element.size));
    return array;
}

}  // namespace evenkeel::hdf5
