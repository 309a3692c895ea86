#include "data/idx.hpp"

#include <fmt/format.h>

#include "data/assemble.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

ElementType type_of(const ByteSource& source, std::uint8_t code) {
    switch (code) {
        case 0x08:
            return ElementType::u8;
        case 0x09:
            return ElementType::i8;
        case 0x0b:
            return ElementType::i16;
        case 0x0c:
            return ElementType::i32;
        case 0x0d:
            return ElementType::f32;
        case 0x0e:
            return ElementType::f64;
        default:
            fail_input(source.name(), "an IDX element type (08, 09, 0b, 0c, 0d or 0e)", fmt::format("{:02x}", code));
    }
}

// The first that exists of NAME-idxN-ubyte, NAME.idxN-ubyte, and each with .gz.
std::filesystem::path find(const std::filesystem::path& folder, const std::string& name, const std::string& type) {
    for (const char* ending : {"", ".gz"}) {
        for (const char* joint : {"-", "."}) {
            std::filesystem::path path = folder / (name + joint + type + ending);
            std::error_code ignored;
            if (std::filesystem::exists(path, ignored)) return path;
        }
    }
    fail_input(folder.string(), fmt::format("the IDX file {}-{} (or .gz) in this folder", name, type), "none");
}

Array read_idx_file(const std::filesystem::path& path) {
    return read_idx(*open_bytes(path));
}

Examples read_half(const std::filesystem::path& folder, const std::string& half) {
    const auto images = find(folder, half + "-images", "idx3-ubyte");
    const auto labels = find(folder, half + "-labels", "idx1-ubyte");
    return assemble(read_idx_file(images), read_idx_file(labels), TargetKind::labels);
}

}  // namespace

Array read_idx(ByteSource& source) {
    if (source.most_bytes_left() == 0) fail_input(source.name(), "an IDX file", "an empty file");
    const auto magic = read_exactly(source, 4, "IDX magic");
    if (magic[0] != 0 || magic[1] != 0) {
        fail_input(source.name(), "an IDX file, which begins with two zero bytes",
                   fmt::format("{:02x} {:02x}", magic[0], magic[1]));
    }
    Array array{
        .name = source.name(), .shape = {}, .type = type_of(source, magic[2]), .order = std::endian::big, .bytes = {}};
    const unsigned rank = magic[3];
    if (rank == 0) fail_input(source.name(), "an IDX rank of at least 1", "0");
    const auto extents = read_exactly(source, 4 * rank, "IDX extents");
    for (unsigned axis = 0; axis < rank; ++axis) {
        std::uint32_t extent = 0;
        for (unsigned i = 0; i < 4; ++i) extent = extent << 8 | extents[4 * axis + i];
        array.shape.push_back(extent);
    }
    const auto count = static_cast<std::uint64_t>(elements(array.shape, source.name()));
    const std::uint64_t bytes = count * width_of(array.type);
    array.bytes = read_exactly(source, bytes, fmt::format("values of shape {}", to_string(array.shape)));
    expect_end(source, 4 + 4 * rank + bytes);
    return array;
}

Dataset read_idx_folder(const std::filesystem::path& folder, std::int64_t classes) {
    Dataset data;
    data.name = folder.string();
    data.train = read_half(folder, "train");
    data.test = read_half(folder, "t10k");
    settle(data, classes);
    return data;
}

}  // namespace evenkeel
