#pragma once

#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace evenkeel {

template <class T>
std::string bytes_of(const std::vector<T>& values, std::endian order) {
    std::string bytes;
    for (const T value : values) {
        char raw[sizeof(T)];
        std::memcpy(raw, &value, sizeof(T));
        if (order != std::endian::native) std::reverse(raw, raw + sizeof(T));
        bytes.append(raw, sizeof(T));
    }
    return bytes;
}

inline std::string idx_header(std::uint8_t type, const std::vector<std::uint32_t>& extents) {
    return std::string{0, 0, static_cast<char>(type), static_cast<char>(extents.size())} +
           bytes_of(extents, std::endian::big);
}

template <class T>
std::string idx(std::uint8_t type, const std::vector<std::uint32_t>& extents, const std::vector<T>& values) {
    return idx_header(type, extents) + bytes_of(values, std::endian::big);
}

/// As numpy.lib.format writes version 1: the header padded with spaces to a multiple of 64.
inline std::string npy_header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
    std::string header = "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() & 255) +
           static_cast<char>(header.size() >> 8) + header;
}

template <class T>
std::string npy(const std::string& descr, const std::string& shape, const std::vector<T>& values) {
    return npy_header(descr, shape) + bytes_of(values, std::endian::little);
}

inline void write_npz(const std::filesystem::path& path, const std::map<std::string, std::string>& entries,
                      int method = ZIP_CM_DEFLATE) {
    int code = 0;
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (const auto& [name, bytes] : entries) {
        zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
        const zip_int64_t index = zip_file_add(zip, name.c_str(), source, 0);
        zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), method, 0);
    }
    zip_close(zip);
}

inline std::string gzipped(const std::string& bytes) {
    z_stream stream = {};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<unsigned>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<unsigned>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

/// A ustar archive of regular files.
inline std::string tar(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string archive;
    for (const auto& [name, bytes] : members) {
        std::string header(512, '\0');
        name.copy(header.data(), 100);
        std::snprintf(header.data() + 124, 12, "%011llo", static_cast<unsigned long long>(bytes.size()));
        header[156] = '0';
        std::memcpy(header.data() + 257, "ustar\00000", 8);
        std::fill_n(header.begin() + 148, 8, ' ');
        unsigned sum = 0;
        for (const char c : header) sum += static_cast<unsigned char>(c);
        std::snprintf(header.data() + 148, 8, "%06o", sum);
        archive += header + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
    }
    return archive + std::string(1024, '\0');
}

}  // namespace evenkeel
