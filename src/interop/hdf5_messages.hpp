#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "interop/hdf5_source.hpp"
#include "interop/hdf5_tree.hpp"

// What stands in an object's header, decoded message by message.
namespace evenkeel::hdf5 {

/// One message of a header, undecoded.
struct RawMessage {
    std::uint16_t type;
    Cursor body;
};

/// All messages of the version 1 object header at `address`, with its continuations. Refuses what cannot be
/// ignored: shared messages, and messages that no version of the format knows.
std::vector<RawMessage> read_messages(Source& source, std::uint64_t address);

/// Texts of variable length are stored apart, in collections; each collection is read once.
class GlobalHeap {
  public:
    explicit GlobalHeap(Source& source) : source_(source) {}
    std::string text(std::uint32_t length, std::uint64_t address, std::uint32_t index);

  private:
    using Collection = std::map<std::uint32_t, std::span<const std::byte>>;
    const Collection& collection(std::uint64_t address);

    Source& source_;
    std::map<std::uint64_t, Collection> collections_;
};

/// The attribute that an attribute message holds.
std::pair<std::string, Attribute> read_attribute(Source& source, GlobalHeap& heap, Cursor body);

/// The numbers of a dataset: its messages of dataspace, datatype and layout.
Array read_array(Source& source, const std::vector<RawMessage>& messages);

}  // namespace evenkeel::hdf5
