#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"
#include "interop/hdf5_oracle.hpp"
#include "interop/hdf5_reader.hpp"
#include "interop/hdf5_sample.hpp"
#include "interop/hdf5_writer.hpp"
#include "interop/zip_archive.hpp"

// Files that are damaged, hostile, or outside of the part of HDF5 that we read.
namespace evenkeel::hdf5 {
namespace {

using Bytes = std::vector<std::byte>;

const std::filesystem::path fixtures = std::filesystem::path(EVENKEEL_SOURCE_DIR) / "tests/fixtures/keras";

std::string refusal(std::span<const std::byte> bytes) {
    try {
        (void)read(bytes, "in.h5");
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::input);
        EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
        return error.what();
    }
}

void expect_refused(std::span<const std::byte> bytes, const std::string& message) {
    EXPECT_THAT(refusal(bytes), testing::HasSubstr(message));
}

void put(Bytes& bytes, std::size_t at, std::uint64_t value, std::size_t width) {
    ASSERT_LE(at + width, bytes.size());
    std::memcpy(bytes.data() + at, &value, width);
}

std::size_t find(const Bytes& bytes, std::string_view text, std::size_t from = 0) {
    const auto wanted = std::as_bytes(std::span(text));
    const auto found =
        std::search(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(), wanted.begin(), wanted.end());
    if (found == bytes.end()) throw std::logic_error("the file has changed: no such bytes");
    return static_cast<std::size_t>(found - bytes.begin());
}

Bytes keras_weights() {
    return open_zip(fixtures / "dense_bn_adam.keras", 1 << 20).read("model.weights.h5", 1 << 20);
}

// What libhdf5 can make of a dataset of ten numbers.
Bytes dataset_file(hid_t type, const std::function<void(hid_t plan)>& plan_it, bool newest = false) {
    return oracle::make_file(
        [&](hid_t file) {
            const hid_t plan = H5Pcreate(H5P_DATASET_CREATE);
            plan_it(plan);
            const hsize_t extent = 10;
            const hid_t space = H5Screate_simple(1, &extent, nullptr);
            const hid_t dataset = H5Dcreate2(file, "d", type, space, H5P_DEFAULT, plan, H5P_DEFAULT);
            ASSERT_GE(dataset, 0);
            const std::vector<std::byte> zeros(10 * H5Tget_size(type));
            ASSERT_GE(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data()), 0);
            H5Dclose(dataset);
            H5Sclose(space);
            H5Pclose(plan);
        },
        newest);
}

TEST(Hdf5Foreign, IsRefusedByName) {
    const auto plain = [](hid_t) {};
    EXPECT_EQ(refusal(dataset_file(H5T_IEEE_F32LE, plain)), "");
    expect_refused(dataset_file(H5T_IEEE_F32BE, plain),
                   "[in.h5:/d] expected numbers of 8 to 64 bits, little-endian, got a real number "
                   "(big-endian) of 4 bytes");
    expect_refused(dataset_file(H5T_STD_I32BE, plain), "got an integer (big-endian) of 4 bytes");
    expect_refused(dataset_file(H5T_STD_B8LE, plain), "got a bit field of 1 bytes");
    const hid_t opaque = H5Tcreate(H5T_OPAQUE, 2);  // how h5py writes bfloat16
    expect_refused(dataset_file(opaque, plain), "got an opaque value of 2 bytes");
    const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(pair, "x", 0, H5T_IEEE_F32LE);
    expect_refused(dataset_file(pair, plain), "got a compound of 8 bytes");
    const hid_t boolean = H5Tenum_create(H5T_STD_I8LE);
    const std::int8_t yes = 1;
    H5Tenum_insert(boolean, "TRUE", &yes);
    expect_refused(dataset_file(boolean, plain), "got an enumeration of 1 bytes");
    expect_refused(dataset_file(H5T_C_S1, plain), "a dataset of numbers, got texts");

    const hsize_t chunk = 5;
    expect_refused(dataset_file(H5T_IEEE_F32LE, [&](hid_t plan) { H5Pset_chunk(plan, 1, &chunk); }),
                   "got a chunked one");
    expect_refused(dataset_file(H5T_IEEE_F32LE,
                                [&](hid_t plan) {
                                    H5Pset_chunk(plan, 1, &chunk);
                                    H5Pset_shuffle(plan);
                                }),
                   "got compressed or filtered data");
    expect_refused(dataset_file(H5T_IEEE_F32LE, plain, true),
                   "a superblock of version 0 (h5py's default), got version");
}

TEST(Hdf5Foreign, LinksAndDataElsewhereAreRefused) {
    const auto make = [](const std::function<void(hid_t)>& fill) {
        return oracle::make_file([&](hid_t file) {
            H5Gclose(H5Gcreate2(file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
            fill(file);
        });
    };
    expect_refused(make([](hid_t file) { H5Lcreate_soft("/g", file, "s", H5P_DEFAULT, H5P_DEFAULT); }),
                   "got a symbolic link 's'");
    expect_refused(make([](hid_t file) { H5Lcreate_hard(file, "g", file, "h", H5P_DEFAULT, H5P_DEFAULT); }),
                   "[in.h5:/h] expected an object of its own");
    expect_refused(make([](hid_t file) {
                       const hid_t group = H5Gopen2(file, "g", H5P_DEFAULT);
                       H5Lcreate_hard(file, "/", group, "up", H5P_DEFAULT, H5P_DEFAULT);
                       H5Gclose(group);
                   }),
                   "[in.h5:/g/up] expected an object of its own");
    expect_refused(make([](hid_t file) { H5Lcreate_external("other.h5", "/", file, "e", H5P_DEFAULT, H5P_DEFAULT); }),
                   "expected a group");
    expect_refused(make([](hid_t file) {
                       const hid_t plan = H5Pcreate(H5P_DATASET_CREATE);
                       H5Pset_external(plan, "elsewhere.bin", 0, 40);
                       const hsize_t extent = 10;
                       const hid_t space = H5Screate_simple(1, &extent, nullptr);
                       H5Dclose(H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, plan, H5P_DEFAULT));
                       H5Sclose(space);
                       H5Pclose(plan);
                   }),
                   "got external data");
    expect_refused(make([](hid_t file) {
                       const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
                       H5Tcommit2(file, "type", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
                       H5Tclose(type);
                   }),
                   "[in.h5:/type] expected a group, or a dataset");
}

TEST(Hdf5Hostile, ClaimsBeyondTheFileAreRefusedWithTheAmount) {
    Group tree;
    const std::vector<float> numbers(6);
    tree.datasets.push_back({"d", {Type::float32, {2, 3}, std::as_bytes(std::span(numbers))}, {}});
    tree.attributes.set("text", "hello");
    const Bytes good = write(tree, "x");
    ASSERT_EQ(refusal(good), "");

    // The extents of the dataset stand behind version, rank and six zeros.
    const std::array<std::uint8_t, 8> space = {1, 2, 0, 0, 0, 0, 0, 0};
    const std::size_t extents = find(good, {reinterpret_cast<const char*>(space.data()), space.size()}) + 8;
    Bytes bytes = good;
    put(bytes, extents, 1ull << 60, 8);
    expect_refused(bytes, "expected an array within the " + std::to_string(good.size()) + " bytes of the file");
    put(bytes, extents, 1ull << 32, 8);
    put(bytes, extents + 8, 1ull << 32, 8);
    expect_refused(bytes, "expected an array within the");
    put(bytes, extents, 0, 8);  // empty, however large the other extent claims to be
    EXPECT_EQ(refusal(bytes), "");

    bytes = good;
    const std::size_t heap = find(bytes, "GCOL");
    put(bytes, heap + 8, ~0ull, 8);  // the size of the collection
    expect_refused(bytes, "a collection of texts inside the");
    bytes = good;
    put(bytes, heap + 24, 1ull << 40, 8);  // the size of a text
    expect_refused(bytes, "1099511627776 more bytes of a collection of texts");
    bytes = good;
    put(bytes, 40, good.size() + 1, 8);  // the end of the file
    expect_refused(bytes, "(the file is cut off)");
    bytes = good;
    put(bytes, find(bytes, "TREE") + 6, 0xffff, 2);  // children of the B-tree
    expect_refused(bytes, "a B-tree of a group inside the");
}

TEST(Hdf5Hostile, CirclesEnd) {
    Group tree;
    tree.make_group("a/b");
    tree.attributes.set("text", "hello");
    const Bytes good = write(tree, "x");
    const std::size_t leaf = find(good, "TREE", find(good, "SNOD"));  // of a: the first with a child
    Bytes bytes = good;
    put(bytes, leaf + 5, 1, 1);      // now an inner node …
    put(bytes, leaf + 32, leaf, 8);  // … whose child it is itself
    expect_refused(bytes, "a node at level 0, got level 1");

    // A header that goes on in itself: the root's only other message becomes a continuation.
    bytes = good;
    std::uint64_t root = 0;
    std::memcpy(&root, bytes.data() + 64, 8);
    put(bytes, root + 16, message::continuation, 2);
    put(bytes, root + 24, root + 16, 8);
    put(bytes, root + 32, 24, 8);
    expect_refused(bytes, "parts that overlap or lead in circles");

    // Many texts that are one: what they would fill exceeds the file.
    Group texts;
    std::vector<std::string> list(500, "x");
    list[0] = std::string(20000, 'y');
    texts.attributes.set("list", list);
    bytes = write(texts, "x");
    ASSERT_EQ(refusal(bytes), "");
    const std::size_t heap = find(bytes, "GCOL");
    std::size_t references = find(bytes, "list");
    while (true) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + references, 8);
        if (word == heap) break;
        references += 4;
    }
    for (std::size_t i = 1; i < list.size(); ++i) {
        std::memcpy(bytes.data() + references - 4 + 16 * i, bytes.data() + references - 4, 16);
    }
    expect_refused(bytes, "parts that overlap or lead in circles");
}

TEST(Hdf5Hostile, EveryTruncationIsRefused) {
    for (const Bytes& whole : {keras_weights(), read_file(fixtures / "dense_bn_adam.h5", 1 << 20)}) {
        ASSERT_EQ(refusal(whole), "");
        for (std::size_t size = 0; size < whole.size(); size += 64) {
            Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_NE(refusal(cut), "") << size;
            if (size < 96) continue;
            put(cut, 40, size, 8);  // even where the header agrees with the shorter file
            // The first parts of the file may be all of a tree only if nothing is missing at its end.
            if (size + 512 < whole.size()) {
                EXPECT_NE(refusal(cut), "") << size;
            } else {
                (void)refusal(cut);
            }
        }
    }
}

TEST(Hdf5Hostile, RandomDamageNeverDoesMoreThanThrow) {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    Group small = sample_tree();
    std::erase_if(small.groups, [](const Group& group) { return group.name == "wide300" || group.name == "wide40"; });
    small.attributes.set("long", "short");
    const std::array<Bytes, 3> files = {keras_weights(), read_file(fixtures / "dense_bn_adam.h5", 1 << 20),
                                        write(small, "x")};
    for (std::size_t which = 0; which < files.size(); ++which) {
        const Bytes& good = files[which];
        // Most bytes of a file are zeros that nobody reads: damage what is not.
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < good.size(); ++i) {
            if (good[i] != std::byte{0}) places.push_back(i);
        }
        for (std::uint64_t round = 0; round < 4000; ++round) {
            const Random random(round, purpose_of("damage", std::to_string(which).c_str()));
            std::uint64_t draw = 0;
            const auto below = [&](std::uint64_t bound) { return random.below(draw++, bound); };
            Bytes bytes = good;
            const std::uint64_t damages = 1 + below(4);
            for (std::uint64_t i = 0; i < damages; ++i) {
                const std::size_t place = places[below(places.size())];
                const std::size_t word = std::min(place / 8 * 8, bytes.size() - 8);
                switch (below(5)) {
                    case 0:
                        bytes[place] = static_cast<std::byte>(below(256));
                        break;
                    case 1:
                        bytes[place] ^= static_cast<std::byte>(1u << below(8));
                        break;
                    case 2:
                        put(bytes, word, below(bytes.size()) / 8 * 8, 8);
                        break;  // another address
                    case 3:
                        put(bytes, word, ~0ull >> below(64), 8);
                        break;
                    default:
                        std::memcpy(bytes.data() + word,
                                    good.data() + places[below(places.size())] / 8 * 8 % (good.size() - 8), 8);
                }
            }
            try {
                // Whatever is accepted must be whole: touch all of it.
                EXPECT_FALSE(oracle::describe(read(bytes, "in.h5")).empty());
                ++accepted;
            } catch (const Error&) {
                ++refused;
            }
        }
    }
    EXPECT_GT(accepted, 1000u);  // changed numbers and texts
    EXPECT_GT(refused, 3000u);
}

}  // namespace
}  // namespace evenkeel::hdf5
