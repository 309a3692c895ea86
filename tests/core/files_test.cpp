#include "core/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "evenkeel-files-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::size_t count() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}));
    }
    fs::path folder_;
};

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(const fs::path& path) {
    const auto bytes = read_file(path, 1 << 20);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Work>
Fault fault_of(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.fault();
    }
    throw std::logic_error("no error");
}

TEST_F(Files, WritesReadsAndReplaces) {
    const fs::path path = folder_ / "a";
    for (const std::string& text : {std::string("one"), std::string(300000, 'x'), std::string()}) {
        write_file_atomically(path, bytes_of(text));
        EXPECT_EQ(text_of(path), text);
        EXPECT_EQ(count(), 1u) << "a temporary file was left";
    }
}

TEST_F(Files, ManyThreadsWriteOneFileAndItIsOneOfTheirs) {
    const fs::path path = folder_ / "a";
    {
        std::vector<std::jthread> threads;
        for (char c = 'a'; c < 'e'; ++c) {
            threads.emplace_back([&path, c] {
                for (int i = 0; i < 10; ++i) write_file_atomically(path, bytes_of(std::string(50000, c)));
            });
        }
    }
    const std::string text = text_of(path);
    EXPECT_EQ(text, std::string(50000, text.at(0)));
    EXPECT_EQ(count(), 1u);
}

TEST_F(Files, FailedWriteLeavesTheOldFileAndNoTemporary) {
    const fs::path path = folder_ / "a";
    write_file_atomically(path, bytes_of("old"));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);  // stands in for a full disk
    const Fault fault = fault_of([&] { write_file_atomically(path, bytes_of(std::string(5000, 'x'))); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(fault, Fault::work);
    EXPECT_EQ(text_of(path), "old");
    EXPECT_EQ(count(), 1u);
}

TEST_F(Files, KeepsPermissionsAndSymbolicLinks) {
    const fs::path path = folder_ / "a";
    const fs::path link = folder_ / "link";
    write_file_atomically(path, bytes_of("old"));
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    fs::create_symlink("a", link);
    write_file_atomically(link, bytes_of("new"));
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(text_of(path), "new");
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Files, RefusesWhatIsNotAFile) {
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
    fs::create_symlink("nowhere", folder_ / "dangling");
    for (const fs::path& path :
         {folder_, folder_ / "missing" / "a", folder_ / "pipe", folder_ / "dangling", fs::path()}) {
        EXPECT_EQ(fault_of([&] { (void)read_file(path, 100); }), Fault::input) << path;
        EXPECT_EQ(fault_of([&] { write_file_atomically(path, {}); }), Fault::input) << path;
    }
    EXPECT_EQ(count(), 2u);
}

TEST_F(Files, RefusesMoreThanAskedForAndNamesTheAmounts) {
    write_file_atomically(folder_ / "a", bytes_of("12345"));
    EXPECT_EQ(read_file(folder_ / "a", 5).size(), 5u);
    try {
        (void)read_file(folder_ / "a", 4);
        FAIL() << "read";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("at most 4 bytes, got 5 bytes"));
    }
}

}  // namespace
}  // namespace evenkeel
