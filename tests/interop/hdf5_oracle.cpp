#include "interop/hdf5_oracle.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "interop/hdf5_types.hpp"

namespace evenkeel::hdf5::oracle {
namespace {

template <class Number>
Number good(Number result) {
    if (result < 0) throw std::runtime_error("libhdf5 failed");
    return result;
}

std::string line(const std::string& path, std::string_view type, const std::vector<std::uint64_t>& shape,
                 std::span<const std::byte> bytes) {
    std::string out = fmt::format("{} {} ({}) ", path, type, fmt::join(shape, ","));
    for (const std::byte byte : bytes) out += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return out;
}

std::string line(const std::string& path, const Attribute& attribute) {
    if (const auto* text = std::get_if<std::string>(&attribute)) return fmt::format("{} text '{}'", path, *text);
    if (const auto* list = std::get_if<std::vector<std::string>>(&attribute)) {
        return list->empty() ? path + " texts none" : fmt::format("{} texts '{}'", path, fmt::join(*list, "', '"));
    }
    const Array& array = std::get<Array>(attribute);
    return line(path, name_of(array.type), array.shape, array.bytes);
}

void describe(const Attributes& attributes, const std::string& path, std::vector<std::string>& out) {
    for (const auto& [name, value] : attributes.items) out.push_back(line(path + "@" + name, value));
}

void describe(const Group& group, const std::string& path, std::vector<std::string>& out) {
    out.push_back(path + "/");
    describe(group.attributes, path, out);
    for (const Group& child : group.groups) describe(child, path + "/" + child.name, out);
    for (const Dataset& child : group.datasets) {
        const std::string below = path + "/" + child.name;
        out.push_back(line(below, name_of(child.array.type), child.array.shape, child.array.bytes));
        describe(child.attributes, below, out);
    }
}

Type type_from(hid_t type) {
    for (const Type ours : all_types) {
        if (H5Tequal(type, type_of(ours)) > 0) return ours;
    }
    throw std::runtime_error("a type that is not ours");
}

std::vector<std::uint64_t> shape_from(hid_t space) {
    std::vector<hsize_t> shape(static_cast<std::size_t>(good(H5Sget_simple_extent_ndims(space))));
    good(H5Sget_simple_extent_dims(space, shape.data(), nullptr));
    return {shape.begin(), shape.end()};
}

std::string describe_attribute(hid_t attribute, const std::string& path) {
    const hid_t type = good(H5Aget_type(attribute));
    const hid_t space = good(H5Aget_space(attribute));
    const std::vector<std::uint64_t> shape = shape_from(space);
    const auto count = static_cast<std::size_t>(good(H5Sget_simple_extent_npoints(space)));
    std::string out;
    if (H5Tget_class(type) == H5T_STRING) {
        std::vector<std::string> texts;
        if (H5Tis_variable_str(type) > 0) {
            std::vector<char*> pointers(count);
            good(H5Aread(attribute, type, pointers.data()));
            for (char* pointer : pointers) texts.emplace_back(pointer != nullptr ? pointer : "");
            good(H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data()));
        } else {
            const std::size_t size = H5Tget_size(type);
            std::string all(size * count, '\0');
            good(H5Aread(attribute, type, all.data()));
            for (std::size_t i = 0; i < count; ++i) texts.emplace_back(all.substr(i * size, size).c_str());
        }
        out = shape.empty() ? line(path, Attribute(texts.at(0))) : line(path, Attribute(texts));
    } else {
        const Type ours = type_from(type);
        std::vector<std::byte> bytes(count * size_of(ours));
        if (count > 0) good(H5Aread(attribute, type, bytes.data()));
        out = line(path, name_of(ours), shape, bytes);
    }
    H5Sclose(space);
    H5Tclose(type);
    return out;
}

void describe_attributes(hid_t object, const std::string& path, std::vector<std::string>& out) {
    H5O_info_t info;
    good(H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS));
    for (hsize_t i = 0; i < info.num_attrs; ++i) {
        const hid_t attribute =
            good(H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT));
        std::string name(static_cast<std::size_t>(good(H5Aget_name(attribute, 0, nullptr))), '\0');
        good(H5Aget_name(attribute, name.size() + 1, name.data()));
        out.push_back(describe_attribute(attribute, path + "@" + name));
        H5Aclose(attribute);
    }
}

void describe_object(hid_t object, const std::string& path, std::vector<std::string>& out) {
    describe_attributes(object, path, out);
    if (H5Iget_type(object) == H5I_DATASET) {
        const hid_t type = good(H5Dget_type(object));
        const hid_t space = good(H5Dget_space(object));
        const Type ours = type_from(type);
        std::vector<std::byte> bytes(static_cast<std::size_t>(good(H5Sget_simple_extent_npoints(space))) *
                                     size_of(ours));
        if (!bytes.empty()) good(H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()));
        out.push_back(line(path, name_of(ours), shape_from(space), bytes));
        H5Sclose(space);
        H5Tclose(type);
        return;
    }
    out.push_back(path + "/");
    H5G_info_t info;
    good(H5Gget_info(object, &info));
    for (hsize_t i = 0; i < info.nlinks; ++i) {
        const auto size = good(H5Lget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT));
        std::string name(static_cast<std::size_t>(size), '\0');
        good(H5Lget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size() + 1, H5P_DEFAULT));
        // By name and not by index: only so libhdf5 searches the B-tree by its keys.
        const hid_t child = good(H5Oopen(object, name.c_str(), H5P_DEFAULT));
        describe_object(child, path + "/" + name, out);
        H5Oclose(child);
    }
}

hid_t space_of(const std::vector<std::uint64_t>& shape) {
    if (shape.empty()) return good(H5Screate(H5S_SCALAR));
    const std::vector<hsize_t> extents(shape.begin(), shape.end());
    return good(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr));
}

void write_attribute(hid_t object, const std::string& name, const Attribute& value, Texts how) {
    std::vector<std::string> texts;
    std::vector<std::uint64_t> shape;
    if (const auto* text = std::get_if<std::string>(&value)) texts = {*text};
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) texts = *list, shape = {texts.size()};
    const auto* array = std::get_if<Array>(&value);
    if (array != nullptr) shape = array->shape;

    const hid_t space = space_of(shape);
    const hid_t type = good(H5Tcopy(array != nullptr ? type_of(array->type) : H5T_C_S1));
    std::vector<const char*> pointers;
    std::string all;
    const void* data = array != nullptr ? static_cast<const void*>(array->bytes.data()) : nullptr;
    if (array == nullptr && how == Texts::variable) {
        good(H5Tset_size(type, H5T_VARIABLE));
        good(H5Tset_cset(type, H5T_CSET_UTF8));
        for (const std::string& text : texts) pointers.push_back(text.c_str());
        data = pointers.data();
    } else if (array == nullptr) {
        std::size_t size = 1;
        for (const std::string& text : texts) size = std::max(size, text.size());
        good(H5Tset_size(type, size));
        good(H5Tset_strpad(type, how == Texts::fixed_zeros ? H5T_STR_NULLPAD : H5T_STR_SPACEPAD));
        for (std::string text : texts) {
            text.resize(size, how == Texts::fixed_zeros ? '\0' : ' ');
            all += text;
        }
        data = all.data();
    }
    const hid_t attribute = good(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT));
    if (H5Sget_simple_extent_npoints(space) > 0) good(H5Awrite(attribute, type, data));
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}

void write_group(hid_t object, const Group& group, Texts how, bool compact) {
    for (const auto& [name, value] : group.attributes.items) write_attribute(object, name, value, how);
    for (const Group& child : group.groups) {
        const hid_t below = good(H5Gcreate2(object, child.name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        write_group(below, child, how, compact);
        H5Gclose(below);
    }
    for (const Dataset& child : group.datasets) {
        const hid_t space = space_of(child.array.shape);
        const hid_t plan = good(H5Pcreate(H5P_DATASET_CREATE));
        if (compact) good(H5Pset_layout(plan, H5D_COMPACT));
        const hid_t type = type_of(child.array.type);
        const hid_t dataset = good(H5Dcreate2(object, child.name.c_str(), type, space, H5P_DEFAULT, plan, H5P_DEFAULT));
        if (!child.array.bytes.empty()) {
            good(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, child.array.bytes.data()));
        }
        for (const auto& [name, value] : child.attributes.items) write_attribute(dataset, name, value, how);
        H5Dclose(dataset);
        H5Pclose(plan);
        H5Sclose(space);
    }
}

// Every open file needs a name of its own, though none is on disk.
std::string unused_name() {
    static int count = 0;
    return fmt::format("in-memory-only-{}", count++);
}

hid_t in_memory() {
    const hid_t access = good(H5Pcreate(H5P_FILE_ACCESS));
    good(H5Pset_fapl_core(access, 1 << 16, false));
    return access;
}

// libhdf5 1.10 has no constant of this type; it is IEEE 754 binary16.
hid_t half() {
    static const hid_t type = [] {
        const hid_t made = good(H5Tcopy(H5T_IEEE_F32LE));
        good(H5Tset_fields(made, 15, 10, 5, 0, 10));
        good(H5Tset_precision(made, 16));
        good(H5Tset_ebias(made, 15));
        good(H5Tset_size(made, 2));
        return made;
    }();
    return type;
}

}  // namespace

hid_t type_of(Type type) {
    switch (type) {
        case Type::float16:
            return half();
        case Type::float32:
            return H5T_IEEE_F32LE;
        case Type::float64:
            return H5T_IEEE_F64LE;
        case Type::int8:
            return H5T_STD_I8LE;
        case Type::int16:
            return H5T_STD_I16LE;
        case Type::int32:
            return H5T_STD_I32LE;
        case Type::int64:
            return H5T_STD_I64LE;
        case Type::uint8:
            return H5T_STD_U8LE;
        case Type::uint16:
            return H5T_STD_U16LE;
        case Type::uint32:
            return H5T_STD_U32LE;
        case Type::uint64:
            return H5T_STD_U64LE;
    }
    throw std::logic_error("no such type");
}

std::vector<std::string> describe(const Group& root) {
    std::vector<std::string> out;
    describe(root, "", out);
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string> describe(std::span<const std::byte> bytes) {
    std::vector<std::byte> copy(bytes.begin(), bytes.end());
    const hid_t access = in_memory();
    good(H5Pset_file_image(access, copy.data(), copy.size()));
    const hid_t file = good(H5Fopen(unused_name().c_str(), H5F_ACC_RDONLY, access));
    const hid_t root = good(H5Gopen2(file, "/", H5P_DEFAULT));
    std::vector<std::string> out;
    describe_object(root, "", out);
    H5Gclose(root);
    H5Fclose(file);
    H5Pclose(access);
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::byte> make_file(const std::function<void(hid_t)>& fill, bool newest) {
    const hid_t access = in_memory();
    if (newest) good(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
    const hid_t file = good(H5Fcreate(unused_name().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
    fill(file);
    good(H5Fflush(file, H5F_SCOPE_GLOBAL));
    std::vector<std::byte> bytes(static_cast<std::size_t>(good(H5Fget_file_image(file, nullptr, 0))));
    good(H5Fget_file_image(file, bytes.data(), bytes.size()));
    H5Fclose(file);
    H5Pclose(access);
    return bytes;
}

std::vector<std::byte> write(const Group& root, Texts texts, bool compact) {
    return make_file([&](hid_t file) { write_group(file, root, texts, compact); });
}

}  // namespace evenkeel::hdf5::oracle
