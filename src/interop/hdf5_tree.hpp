#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// What an HDF5 file holds, as a tree: what hdf5_reader makes of bytes and hdf5_writer makes bytes of.
namespace evenkeel::hdf5 {

/// Little-endian numbers; everything else (big-endian, compound, enumeration, opaque, …) is refused by name.
enum class Type { float16, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64 };

std::size_t size_of(Type type);  ///< bytes per element
std::string_view name_of(Type type);

/// Row-major numbers of `shape` ({} is a scalar, an extent may be 0). `bytes` belongs to somebody else: to
/// the file that was read, or to the caller who writes; it holds exactly the elements, without any alignment.
struct Array {
    Type type = Type::float32;
    std::vector<std::uint64_t> shape;
    std::span<const std::byte> bytes;
};

std::vector<float> to_floats(const Array& array);    ///< every element, rounded to float where it must be
std::vector<double> to_doubles(const Array& array);  ///< every element; exact but for 64-bit integers above 2^53

/// A text (UTF-8), a list of texts, or numbers. Keras writes an empty list as an Array of shape {0}.
using Attribute = std::variant<std::string, std::vector<std::string>, Array>;

/// In the file's own order, each name once.
struct Attributes {
    std::vector<std::pair<std::string, Attribute>> items;

    const Attribute* find(std::string_view name) const;         ///< nullptr when there is none
    const std::string* find_text(std::string_view name) const;  ///< nullptr when there is none or it is no text
    void set(std::string_view name, Attribute value);           ///< replaces one of the same name
};

struct Dataset {
    std::string name;
    Array array;
    Attributes attributes;
};

/// A reader leaves groups and datasets sorted by natural_less; a writer takes any order. No name occurs twice
/// in a group.
struct Group {
    std::string name;
    Attributes attributes;
    std::vector<Group> groups;
    std::vector<Dataset> datasets;

    /// By path below this group, "layers/dense/vars"; nullptr when there is none.
    const Group* find_group(std::string_view path) const;
    const Dataset* find_dataset(std::string_view path) const;
    /// The group at `path` below this one, made on the way where missing. The reference lives until a sibling
    /// of it, or of a group above it, is added.
    Group& make_group(std::string_view path);
};

/// Orders runs of digits by their number ("2" before "10", "dense_2" before "dense_10"), all else by bytes.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace evenkeel::hdf5
