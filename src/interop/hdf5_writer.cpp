#include "interop/hdf5_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "evenkeel/core/error.hpp"
#include "interop/hdf5_bytes.hpp"
#include "interop/hdf5_types.hpp"

namespace evenkeel::hdf5 {
namespace {

constexpr std::size_t max_message = 64512;       // what Keras and HDF5 allow one attribute
constexpr std::size_t tree_fan_out = 32;         // children of a group's B-tree node: 2K with K = 16, HDF5's default
constexpr std::size_t max_children = 2'000'000;  // K has 16 bits
constexpr std::size_t min_collection = 4096;     // the smallest global heap collection HDF5 accepts
constexpr std::size_t full_collection = 60000;   // start another one above this (an index has 16 bits)
constexpr std::size_t superblock_size = 96;

struct Message {
    std::uint16_t type;
    Bytes body;
    std::vector<std::pair<std::size_t, std::string>> texts;  // where in `body` the reference to a text belongs
};

Bytes dataspace_body(const std::vector<std::uint64_t>& shape) {
    Bytes body;
    body.number(1, 1);             // version
    body.number(shape.size(), 1);  // rank; 0 is a scalar
    body.zeros(6);                 // no maximal extents
    for (const std::uint64_t extent : shape) body.number(extent, 8);
    return body;
}

Message message_of(std::uint16_t type, Bytes body) {
    return {type, std::move(body), {}};
}

std::size_t largest_group(const Group& group) {
    std::size_t largest = group.groups.size() + group.datasets.size();
    for (const Group& child : group.groups) largest = std::max(largest, largest_group(child));
    return largest;
}

class Writer {
  public:
    Writer(const Group& root, std::string_view where) : where_(where) {
        // Every group is one B-tree node of up to 32 symbol nodes of 2K entries: K is chosen for the largest
        // group.
        const std::size_t largest = largest_group(root);
        if (largest > max_children) {
            fail("", fmt::format("at most {} children of a group", max_children), fmt::format("{}", largest));
        }
        symbols_per_node_ = 2 * std::max<std::size_t>(4, (largest + 63) / 64);
        file_.zeros(superblock_size);
        const std::uint64_t root_address = group(root, "");
        global_heap();
        superblock(root_address);
    }

    std::vector<std::byte> take() { return file_.take(); }

  private:
    [[noreturn]] void fail(const std::string& path, std::string_view expected, std::string_view got) const {
        fail_input(fmt::format("{}:{}", where_, path.empty() ? "/" : path), expected, got);
    }

    // Children first, so that every address is known when it is needed. Returns the address of the object's
    // header.
    std::uint64_t group(const Group& group, const std::string& path) {
        if (std::count(path.begin(), path.end(), '/') > max_depth) {
            fail(path, fmt::format("groups at most {} deep", max_depth), "a deeper one");
        }
        std::map<std::string, std::uint64_t> children;  // sorted by bytes, as the B-tree must be
        const auto add = [&](const std::string& name, auto write_child) {
            if (name.empty() || name == "." || name.find('/') != std::string::npos ||
                name.find('\0') != std::string::npos) {
                fail(path, "names without '/' and zero bytes, not empty and not \".\"", fmt::format("'{}'", name));
            }
            if (children.contains(name)) fail(path, "each name once in a group", fmt::format("'{}' twice", name));
            children[name] = write_child(path + "/" + name);
        };
        for (const Group& child : group.groups) {
            add(child.name, [&](const std::string& below) { return this->group(child, below); });
        }
        for (const Dataset& child : group.datasets) {
            add(child.name, [&](const std::string& below) { return dataset(child, below); });
        }

        const auto [tree, heap] = symbol_table(children);
        Bytes body;
        body.number(tree, 8);
        body.number(heap, 8);
        std::vector<Message> messages;
        messages.push_back(message_of(message::symbol_table, std::move(body)));
        return header(std::move(messages), group.attributes, path);
    }

    struct SymbolTable {
        std::uint64_t tree;
        std::uint64_t heap;
    };

    SymbolTable symbol_table(const std::map<std::string, std::uint64_t>& children) {
        // Local heap: the names, each ended by a zero and padded to 8; offset 0 is the empty name.
        Bytes names;
        names.zeros(8);
        std::vector<std::size_t> name_at;
        for (const auto& [name, address] : children) {
            name_at.push_back(names.size());
            names.text(name);
            names.zeros(1);
            names.align();
        }
        const std::uint64_t heap = file_.size();
        file_.text("HEAP");
        file_.number(0, 4);  // version 0
        file_.number(names.size(), 8);
        file_.number(1, 8);          // no free block (1, not an address)
        file_.number(heap + 32, 8);  // the names follow
        file_.bytes(names.view());

        // Symbol nodes of up to 2K entries; between them the B-tree's keys: the last name of each.
        Bytes entries;
        entries.number(0, 8);
        std::size_t nodes = 0;
        auto child = children.begin();
        for (std::size_t first = 0; first < children.size(); first += symbols_per_node_, ++nodes) {
            const std::size_t count = std::min(symbols_per_node_, children.size() - first);
            entries.number(file_.size(), 8);
            entries.number(name_at[first + count - 1], 8);
            file_.text("SNOD");
            file_.number(1, 2);  // version 1
            file_.number(count, 2);
            for (std::size_t i = 0; i < count; ++i, ++child) {
                file_.number(name_at[first + i], 8);
                file_.number(child->second, 8);
                file_.zeros(24);  // nothing cached
            }
            file_.zeros(40 * (symbols_per_node_ - count));
        }

        const std::uint64_t tree = file_.size();
        file_.text("TREE");
        file_.number(0, 2);  // of a group, a leaf
        file_.number(nodes, 2);
        file_.numbers(undefined_address, 8, 2);  // no siblings
        file_.bytes(entries.view());
        file_.zeros(16 * (tree_fan_out - nodes));
        return {tree, heap};
    }

    std::uint64_t dataset(const Dataset& dataset, const std::string& path) {
        const Array& array = dataset.array;
        check(array, path);
        const std::uint64_t address = array.bytes.empty() ? undefined_address : file_.size();
        file_.bytes(array.bytes);
        file_.align();

        std::vector<Message> messages;
        messages.push_back(message_of(message::dataspace, dataspace_body(array.shape)));
        Bytes type;
        type.octets(datatype_message(array.type));
        messages.push_back(message_of(message::datatype, std::move(type)));
        Bytes fill;  // version 2, allocated late, written if set, and it is the default: zero
        for (const unsigned byte : {2, 2, 2, 1}) fill.number(byte, 1);
        fill.number(0, 4);
        messages.push_back(message_of(message::fill_value, std::move(fill)));
        Bytes layout;
        layout.number(3, 1);  // version 3
        layout.number(1, 1);  // contiguous
        layout.number(address, 8);
        layout.number(array.bytes.size(), 8);
        messages.push_back(message_of(message::layout, std::move(layout)));
        return header(std::move(messages), dataset.attributes, path);
    }

    void check(const Array& array, const std::string& path) const {
        std::uint64_t wanted = size_of(array.type);
        for (const std::uint64_t extent : array.shape) {
            if (extent != 0 && wanted > std::numeric_limits<std::uint64_t>::max() / extent) {
                fail(path, "a shape whose bytes can be counted", "an overflow");
            }
            wanted *= extent;
        }
        if (array.shape.size() > 32) fail(path, "a rank of at most 32", fmt::format("{}", array.shape.size()));
        if (wanted != array.bytes.size()) {
            fail(path, fmt::format("{} bytes of {}", wanted, name_of(array.type)),
                 fmt::format("{}", array.bytes.size()));
        }
    }

    Message attribute(const std::string& name, const Attribute& value, const std::string& path) const {
        std::vector<std::string> texts;
        std::vector<std::uint64_t> shape;
        std::vector<std::uint8_t> type = text_datatype_message();
        std::span<const std::byte> numbers;
        if (const auto* text = std::get_if<std::string>(&value)) {
            texts = {*text};
        } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
            texts = *list;
            shape = {texts.size()};
        } else {
            const Array& array = std::get<Array>(value);
            check(array, path);
            shape = array.shape;
            type = datatype_message(array.type);
            numbers = array.bytes;
        }
        if (name.empty() || name.find('\0') != std::string::npos) {
            fail(path, "names of attributes without zero bytes and not empty", fmt::format("'{}'", name));
        }

        const Bytes space = dataspace_body(shape);
        Message out{message::attribute, {}, {}};
        out.body.number(1, 2);  // version 1
        out.body.number(name.size() + 1, 2);
        out.body.number(type.size(), 2);
        out.body.number(space.size(), 2);
        out.body.text(name);
        out.body.zeros(1);
        out.body.align();
        out.body.octets(type);
        out.body.align();
        out.body.bytes(space.view());
        out.body.bytes(numbers);
        for (const std::string& text : texts) {
            if (!text.empty()) out.texts.emplace_back(out.body.size(), text);
            out.body.zeros(text_reference_size);
        }
        if (out.body.size() > max_message || name.size() >= max_message) {
            fail(path, fmt::format("an attribute of at most {} bytes", max_message),
                 fmt::format("{} bytes of '{}'", out.body.size(), name));
        }
        return out;
    }

    // A version 1 object header in one piece.
    std::uint64_t header(std::vector<Message> messages, const Attributes& attributes, const std::string& path) {
        for (const auto& [name, value] : attributes.items) {
            const auto same = [&name = name](const auto& item) { return item.first == name; };
            if (std::count_if(attributes.items.begin(), attributes.items.end(), same) > 1) {
                fail(path, "each name of an attribute once", fmt::format("'{}' twice", name));
            }
            messages.push_back(attribute(name, value, path));
        }
        std::size_t size = 0;
        for (Message& message : messages) {
            message.body.align();
            size += 8 + message.body.size();
        }
        if (messages.size() > std::numeric_limits<std::uint16_t>::max()) {
            fail(path, "at most 65535 attributes", fmt::format("{}", messages.size()));
        }
        const std::uint64_t address = file_.size();
        file_.number(1, 2);  // version 1
        file_.number(messages.size(), 2);
        file_.number(1, 4);  // one link to this object
        file_.number(size, 4);
        file_.align();
        for (Message& message : messages) {
            file_.number(message.type, 2);
            file_.number(message.body.size(), 2);
            file_.zeros(4);
            for (auto& [at, text] : message.texts) texts_.emplace_back(file_.size() + at, std::move(text));
            file_.bytes(message.body.view());
        }
        return address;
    }

    // The texts of all attributes, in collections; each reference is filled in where it was left open.
    void global_heap() {
        for (std::size_t next = 0; next < texts_.size();) {
            const std::uint64_t start = file_.size();
            file_.text("GCOL");
            file_.number(1, 4);  // version 1
            file_.zeros(8);      // its size, below
            for (std::uint64_t index = 1; next < texts_.size() && file_.size() - start < full_collection;
                 ++index, ++next) {
                const auto& [at, text] = texts_[next];
                if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
                    fail("", "texts below 4 GiB", fmt::format("{} bytes", text.size()));
                }
                file_.patch(at, text.size(), 4);
                file_.patch(at + 4, start, 8);
                file_.patch(at + 12, index, 4);
                file_.number(index, 2);
                file_.number(1, 2);  // one reference
                file_.zeros(4);
                file_.number(text.size(), 8);
                file_.text(text);
                file_.align();
            }
            const std::size_t used = file_.size() - start;
            if (used + 16 <= min_collection) {  // the rest is object 0, free space
                file_.zeros(8);
                file_.number(min_collection - used, 8);
            }
            if (used < min_collection) file_.zeros(start + min_collection - file_.size());
            file_.patch(start + 8, file_.size() - start, 8);
        }
    }

    void superblock(std::uint64_t root_address) {
        std::size_t at = 0;
        const auto put = [&](std::uint64_t value, std::size_t width) {
            file_.patch(at, value, width);
            at += width;
        };
        for (const std::uint8_t byte : signature) put(byte, 1);
        put(0, 5);  // versions of superblock, free space, root group; reserved; shared headers
        put(8, 1);  // bytes of an address
        put(8, 1);  // bytes of a length
        put(0, 1);
        put(symbols_per_node_ / 2, 2);
        put(tree_fan_out / 2, 2);
        put(0, 4);
        put(0, 8);  // the file starts at 0
        put(undefined_address, 8);
        put(file_.size(), 8);
        put(undefined_address, 8);
        put(0, 8);  // the root's entry: no name, its header, nothing cached
        put(root_address, 8);
    }

    std::string where_;
    Bytes file_;
    std::size_t symbols_per_node_ = 8;
    std::vector<std::pair<std::size_t, std::string>> texts_;  // where the reference is, and the text
};

}  // namespace

std::vector<std::byte> write(const Group& root, std::string_view where) {
    return Writer(root, where).take();
}

}  // namespace evenkeel::hdf5
