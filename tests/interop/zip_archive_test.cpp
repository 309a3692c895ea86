#include "interop/zip_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"

namespace evenkeel {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

const fs::path fixtures = fs::path(EVENKEEL_SOURCE_DIR) / "tests/fixtures/keras";

Bytes bytes_of(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

std::string text_of(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An archive with one deflated entry, made by libzip.
Bytes deflated(const std::string& name, const Bytes& content) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
    zip_t* zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    zip_source_keep(target);
    const auto index = zip_file_add(zip, name.c_str(), zip_source_buffer(zip, content.data(), content.size(), 0), 0);
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), ZIP_CM_DEFLATE, 9);
    if (zip_close(zip) != 0) throw std::runtime_error("libzip failed");
    zip_stat_t stat;
    zip_source_stat(target, &stat);
    Bytes out(stat.size);
    zip_source_open(target);
    zip_source_read(target, out.data(), out.size());
    zip_source_close(target);
    zip_source_free(target);
    return out;
}

Bytes two_entries() {
    static const Bytes first = bytes_of("first");
    static const Bytes second = bytes_of("second text");
    const std::array<ZipContent, 2> contents = {{{"aa/one", first}, {"aa/two", second}}};
    return make_zip(contents, "made");
}

// Replaces every occurrence: a name stands in the entry and in the directory.
Bytes replaced(Bytes bytes, std::string_view from, std::string_view to) {
    const Bytes a = bytes_of(from);
    const Bytes b = bytes_of(to);
    std::size_t count = 0;
    for (auto at = bytes.begin(); (at = std::search(at, bytes.end(), a.begin(), a.end())) != bytes.end(); ++count) {
        at = std::copy(b.begin(), b.end(), at);
    }
    EXPECT_EQ(count, 2u);
    return bytes;
}

std::size_t find(const Bytes& bytes, std::string_view text) {
    const Bytes wanted = bytes_of(text);
    const auto found = std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end());
    if (found == bytes.end()) throw std::logic_error("no such bytes");
    return static_cast<std::size_t>(found - bytes.begin());
}

// Writes a number where local header and directory keep it (offsets as in the ZIP specification, 4.3.7
// and 4.3.12).
void put(Bytes& bytes, std::size_t in_local, std::size_t in_directory, std::uint32_t value, std::size_t width) {
    std::memcpy(bytes.data() + find(bytes, "PK\x03\x04") + in_local, &value, width);
    std::memcpy(bytes.data() + find(bytes, "PK\x01\x02") + in_directory, &value, width);
}

void expect_refused(const std::function<void()>& work, const std::string& message) {
    try {
        work();
        ADD_FAILURE() << "accepted, but expected: " << message;
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::input);
        EXPECT_THAT(error.what(), testing::HasSubstr(message));
    }
}

void expect_refused(Bytes bytes, const std::string& message) {
    expect_refused([&] { ZipArchive(std::move(bytes), "in.zip"); }, message);
}

TEST(ZipArchive, ReadsWhatItWrites) {
    const ZipArchive archive(two_entries(), "in.zip");
    ASSERT_EQ(archive.entries().size(), 2u);
    EXPECT_EQ(archive.entries()[0].name, "aa/one");
    EXPECT_EQ(archive.entries()[1].size, 11u);
    EXPECT_EQ(archive.entries()[1].compressed, 11u);
    EXPECT_EQ(text_of(archive.read("aa/two", 11)), "second text");
    EXPECT_EQ(text_of(archive.read("aa/one", 5)), "first");
    EXPECT_TRUE(archive.contains("aa/one"));
    EXPECT_FALSE(archive.contains("aa"));
    expect_refused([&] { (void)archive.read("aa", 5); }, "[in.zip] expected an entry 'aa', got none of that name");
    expect_refused([&] { (void)archive.read("aa/two", 10); }, "[in.zip:aa/two] expected at most 10 bytes, got 11");
}

TEST(ZipArchive, EqualContentsGiveEqualBytesStoredAndDated1980) {
    const Bytes bytes = two_entries();
    EXPECT_EQ(bytes, two_entries());
    EXPECT_NO_THROW((void)find(bytes, "second text"));  // stored
    for (const auto& [header, date_at] : {std::pair{"PK\x03\x04", 12}, std::pair{"PK\x01\x02", 14}}) {
        const std::array<unsigned char, 2> date = {0x21, 0};
        const std::size_t at = find(bytes, header) + static_cast<std::size_t>(date_at);
        EXPECT_EQ(std::memcmp(bytes.data() + at, date.data(), 2), 0);
    }
}

TEST(ZipArchive, ReadsRealKerasArchive) {
    const ZipArchive archive = open_zip(fixtures / "dense_bn_adam.keras", 1 << 20);
    std::vector<std::string> names;
    for (const ZipEntry& entry : archive.entries()) names.push_back(entry.name);
    EXPECT_EQ(names, (std::vector<std::string>{"metadata.json", "config.json", "model.weights.h5"}));
    EXPECT_THAT(text_of(archive.read("metadata.json", 1000)), testing::HasSubstr("keras_version"));
}

TEST(ZipArchive, UnpacksDeflatedEntriesUpToTheBound) {
    const Bytes zeros(20'000'000);
    const Bytes packed = deflated("bomb", zeros);
    ASSERT_LT(packed.size(), 30'000u);
    const ZipArchive archive(packed, "in.zip");
    expect_refused([&] { (void)archive.read("bomb", 1'000'000); }, "expected at most 1000000 bytes, got 20000000");
    EXPECT_EQ(archive.read("bomb", 20'000'000), zeros);
}

TEST(ZipArchive, ClaimsThatAreNotTrueAreRefused) {
    const Bytes packed = deflated("bomb", Bytes(20'000'000));
    Bytes small = packed;
    put(small, 22, 24, 1000, 4);  // says 1000 bytes, holds 20 million
    expect_refused([&] { (void)ZipArchive(small, "in.zip").read("bomb", 1'000'000); }, "[in.zip:bomb] expected 1000 ");
    Bytes large = packed;
    put(large, 22, 24, 4'000'000'000u, 4);  // no deflated stream can unpack so far
    expect_refused(large, "sizes that are possible in an archive");
    Bytes stored = two_entries();
    put(stored, 22, 24, 4'000'000'000u, 4);
    expect_refused(stored, "sizes that are possible in an archive");
    Bytes damaged = two_entries();
    damaged[find(damaged, "second text")] = std::byte{'S'};
    expect_refused([&] { (void)ZipArchive(damaged, "in.zip").read("aa/two", 100); }, "CRC error");
}

TEST(ZipArchive, DangerousEntriesAreRefused) {
    const Bytes good = two_entries();
    expect_refused(replaced(good, "aa/two", "aa/one"), "");  // libzip or we: twice the same name
    expect_refused(replaced(good, "aa/two", "../two"), "plain relative names, got '../two'");
    expect_refused(replaced(good, "aa/two", "/a/two"), "plain relative names, got '/a/two'");
    expect_refused(replaced(good, "aa/two", "a/../b"), "plain relative names, got 'a/../b'");
    expect_refused(replaced(good, "aa/two", "aa\\two"), "plain relative names");
    expect_refused(replaced(good, "aa/two", "C:/two"), "plain relative names");
    expect_refused(replaced(good, "aa/two", "aa\ntwo"), "plain relative names, got 'aa?two'");
    Bytes encrypted = good;
    put(encrypted, 6, 8, 1, 2);
    expect_refused(encrypted, "'aa/one' encrypted");
    Bytes method = good;
    put(method, 8, 10, 12, 2);
    expect_refused(method, "'aa/one' by method 12");
    expect_refused(bytes_of("not a zip"), "[in.zip] expected a ZIP archive");
    expect_refused(Bytes(), "[in.zip] expected a ZIP archive");
}

TEST(ZipArchive, WriterHoldsToTheSameRules) {
    const Bytes bytes = bytes_of("x");
    for (const std::string name : {"", "/a", "../a", "a//b", "a\\b"}) {
        const std::array<ZipContent, 1> one = {{{name, bytes}}};
        expect_refused([&] { (void)make_zip(one, "out.zip"); }, "[out.zip] expected entries with plain relative names");
    }
    const std::array<ZipContent, 2> twice = {{{"a", bytes}, {"a", bytes}}};
    expect_refused([&] { (void)make_zip(twice, "out.zip"); }, "'a' twice");
    expect_refused([&] { (void)make_zip({}, "out.zip"); }, "at least one entry");
}

TEST(ZipArchive, EveryTruncationIsRefused) {
    const Bytes whole = read_file(fixtures / "dense_bn_adam.keras", 1 << 20);
    for (std::size_t size = 0; size < whole.size(); size += 64) {
        expect_refused(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), "[in.zip] expected");
    }
}

TEST(ZipArchive, RandomDamageIsRefusedOrHarmless) {
    const Bytes stored = read_file(fixtures / "dense_bn_adam.keras", 1 << 20);
    const Bytes packed = deflated("config.json", ZipArchive(stored, "x").read("config.json", 1 << 20));
    const ZipArchive original(stored, "x");
    std::size_t refused = 0;
    for (const Bytes* good : {&stored, &packed}) {
        const std::size_t directory = find(*good, "PK\x01\x02");
        for (std::uint64_t round = 0; round < 1000; ++round) {
            const Random random(round, purpose_of("damage"));
            Bytes bytes = *good;
            // Every other time in the directory at the end, else anywhere.
            const std::size_t from = round % 2 == 0 ? directory : 0;
            for (std::uint64_t i = 0; i < 1 + round % 3; ++i) {
                bytes[from + random.below(2 * i, bytes.size() - from)] = static_cast<std::byte>(random.bits(2 * i + 1));
            }
            try {
                const ZipArchive archive(bytes, "in.zip");
                for (const ZipEntry& entry : archive.entries()) {
                    const Bytes got = archive.read(entry.name, 1 << 20);
                    // What passes the checksum is what was written, whatever the damage was.
                    if (original.contains(entry.name)) {
                        EXPECT_EQ(got, original.read(entry.name, 1 << 20));
                    }
                }
            } catch (const Error&) {
                ++refused;
            }
        }
    }
    EXPECT_GT(refused, 1000u);
}

TEST(ZipArchive, FilesAreReplacedWholeOrNotAtAll) {
    std::string folder = (fs::temp_directory_path() / "evenkeel-zip-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const fs::path path = fs::path(folder) / "model.keras";
    const Bytes bytes = bytes_of("x");
    const std::array<ZipContent, 1> good = {{{"a", bytes}}};
    const std::array<ZipContent, 1> bad = {{{"../a", bytes}}};
    write_zip(path, good);
    EXPECT_THROW(write_zip(path, bad), Error);
    EXPECT_EQ(text_of(open_zip(path, 1000).read("a", 1)), "x");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1);
    expect_refused([&] { (void)open_zip(path, 10); }, "a file of at most 10 bytes");
    fs::remove_all(folder);
}

}  // namespace
}  // namespace evenkeel
