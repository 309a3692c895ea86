#include "interop/hdf5_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "interop/hdf5_messages.hpp"
#include "interop/hdf5_source.hpp"
#include "interop/hdf5_types.hpp"

namespace evenkeel::hdf5 {
namespace {

struct Link {
    std::string name;
    std::uint64_t address;
};

class Reader {
  public:
    Reader(std::span<const std::byte> bytes, std::string_view where) : source_(bytes, where), heap_(source_) {}

    Group read() {
        const std::uint64_t address = superblock();
        seen_.insert(address);
        const auto messages = read_messages(source_, address);
        const RawMessage* table = find(messages, message::symbol_table);
        if (table == nullptr) source_.fail("a group at the root", "something else");
        Group root;
        group(*table, messages, 0, root);
        return root;
    }

  private:
    std::uint64_t superblock() {
        Cursor block = source_.at(0, 96, "an HDF5 superblock");
        for (const std::uint8_t letter : signature) {
            if (block.u8() != letter) source_.fail("an HDF5 file", "other first bytes");
        }
        const unsigned version = block.u8();
        if (version != 0)
            source_.fail("HDF5 with a superblock of version 0 (h5py's default)", fmt::format("version {}", version));
        block.skip(4);
        const unsigned address_size = block.u8();
        const unsigned length_size = block.u8();
        if (address_size != 8 || length_size != 8) {
            source_.fail("addresses and lengths of 8 bytes", fmt::format("{} and {}", address_size, length_size));
        }
        block.skip(9);  // reserved, sizes of nodes (each node says its own), consistency flags
        if (block.u64() != 0) source_.fail("an HDF5 file that starts at its first byte", "another base address");
        block.skip(8);
        const std::uint64_t end = block.u64();
        if (end > source_.size()) {
            source_.fail(fmt::format("{} bytes", end), fmt::format("{} (the file is cut off)", source_.size()));
        }
        block.skip(16);  // driver information, the root's name
        return block.u64();
    }

    static const RawMessage* find(const std::vector<RawMessage>& messages, std::uint16_t type) {
        const auto found =
            std::find_if(messages.begin(), messages.end(), [type](const RawMessage& one) { return one.type == type; });
        return found == messages.end() ? nullptr : &*found;
    }

    Attributes attributes(const std::vector<RawMessage>& messages) {
        Attributes out;
        std::set<std::string> names;
        for (const RawMessage& message : messages) {
            if (message.type == message::attribute_info)
                source_.fail("attributes in the header", "a newer storage of them");
            if (message.type != message::attribute) continue;
            auto attribute = read_attribute(source_, heap_, message.body);
            if (!names.insert(attribute.first).second) {
                source_.fail("each name of an attribute once", fmt::format("'{}' twice", attribute.first));
            }
            out.items.push_back(std::move(attribute));
        }
        return out;
    }

    void group(const RawMessage& table, const std::vector<RawMessage>& messages, int depth, Group& out) {
        if (depth > max_depth) source_.fail(fmt::format("groups at most {} deep", max_depth), "a deeper one");
        out.attributes = attributes(messages);
        Cursor body = table.body;
        const std::uint64_t tree = body.u64();
        const std::uint64_t heap = body.u64();
        std::vector<Link> links;
        tree_node(tree, local_heap(heap), -1, links);
        std::sort(links.begin(), links.end(),
                  [](const Link& a, const Link& b) { return natural_less(a.name, b.name); });
        for (std::size_t i = 1; i < links.size(); ++i) {
            if (links[i].name == links[i - 1].name) {
                source_.fail("each name once in a group", fmt::format("'{}' twice", links[i].name));
            }
        }
        // Appended and cut, not copied: a hostile path may be as long as the file, with as many children.
        const std::size_t own_length = source_.path.size();
        for (const Link& link : links) {
            source_.path += '/';
            source_.path += link.name;
            child(link, depth, out);
            source_.path.resize(own_length);
        }
    }

    void child(const Link& link, int depth, Group& parent) {
        // Keras never gives one object two names; a circle of groups would be one.
        if (!seen_.insert(link.address).second) source_.fail("an object of its own", "another name of one seen before");
        const auto messages = read_messages(source_, link.address);
        if (const RawMessage* table = find(messages, message::symbol_table)) {
            Group& out = parent.groups.emplace_back();
            out.name = link.name;
            group(*table, messages, depth + 1, out);
        } else if (find(messages, message::link) != nullptr || find(messages, message::link_info) != nullptr) {
            source_.fail("a group with a symbol table (h5py's default)", "a group of the newer format");
        } else {
            parent.datasets.push_back({link.name, read_array(source_, messages), attributes(messages)});
        }
    }

    // The names of a group's children, each ended by a zero.
    std::span<const std::byte> local_heap(std::uint64_t address) {
        Cursor head = source_.at(address, 32, "the names of a group");
        head.expect("HEAP");
        const unsigned version = head.u8();
        if (version != 0) source_.fail("names of version 0", fmt::format("version {}", version));
        head.skip(3);
        const std::uint64_t size = head.u64();
        head.skip(8);  // the list of free space
        return source_.at(head.u64(), size, "the names of a group").rest();
    }

    std::string name_at(std::span<const std::byte> names, std::uint64_t offset) {
        const auto rest = names.subspan(std::min<std::uint64_t>(offset, names.size()));
        const auto end = std::find(rest.begin(), rest.end(), std::byte{0});
        const auto length = static_cast<std::size_t>(end - rest.begin());
        if (end == rest.end()) source_.fail("a name among the names of the group", fmt::format("offset {}", offset));
        source_.charge(length);
        std::string name(reinterpret_cast<const char*>(rest.data()), length);
        if (name.empty() || name == "." || name.find('/') != std::string::npos) {
            source_.fail("names without '/', not empty and not \".\"", fmt::format("'{}'", name));
        }
        return name;
    }

    // Levels must fall by one from node to node, which also ends every circle; -1 takes the root as it is.
    void tree_node(std::uint64_t address, std::span<const std::byte> names, int level, std::vector<Link>& links) {
        Cursor head = source_.at(address, 24, "a B-tree of a group");
        head.expect("TREE");
        const unsigned kind = head.u8();
        if (kind != 0) source_.fail("a B-tree of a group", "one of chunks");
        const int own_level = head.u8();
        if (level >= 0 && own_level != level) {
            source_.fail(fmt::format("a node at level {}", level), fmt::format("level {}", own_level));
        }
        const std::uint16_t children = head.u16();
        Cursor entries = source_.at(address + 24, 16 * std::uint64_t{children}, "a B-tree of a group");
        for (unsigned i = 0; i < children; ++i) {
            entries.skip(8);  // the key: the last name before this child
            const std::uint64_t child = entries.u64();
            if (own_level > 0) {
                tree_node(child, names, own_level - 1, links);
            } else {
                symbol_node(child, names, links);
            }
        }
    }

    void symbol_node(std::uint64_t address, std::span<const std::byte> names, std::vector<Link>& links) {
        Cursor head = source_.at(address, 8, "a symbol node");
        head.expect("SNOD");
        const unsigned version = head.u8();
        if (version != 1) source_.fail("a symbol node of version 1", fmt::format("version {}", version));
        head.skip(1);
        const std::uint16_t count = head.u16();
        Cursor entries = source_.at(address + 8, 40 * std::uint64_t{count}, "a symbol node");
        for (unsigned i = 0; i < count; ++i) {
            std::string name = name_at(names, entries.u64());
            const std::uint64_t object = entries.u64();
            const std::uint32_t cached = entries.u32();
            entries.skip(20);  // what is cached: the child's header says it too
            if (cached == 2) source_.fail("plain links", fmt::format("a symbolic link '{}'", name));
            if (cached > 2) source_.fail("a link of a known kind", fmt::format("kind {} of '{}'", cached, name));
            links.push_back({std::move(name), object});
        }
    }

    Source source_;
    GlobalHeap heap_;
    std::set<std::uint64_t> seen_;
};

}  // namespace

Group read(std::span<const std::byte> bytes, std::string_view where) {
    return Reader(bytes, where).read();
}

}  // namespace evenkeel::hdf5
