#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "evenkeel/core/error.hpp"

namespace evenkeel {

/// A folder of the test's own, gone at its end.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "evenkeel-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& bytes) const {
        std::filesystem::remove(path_ / name);  // file systems flush a file that is truncated and written again
        std::ofstream(path_ / name, std::ios::binary) << bytes;
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

/// Fails unless `act` throws an Error of this fault whose one-line message holds every one of `parts`.
inline void expect_error(Fault fault, const std::vector<std::string>& parts, const std::function<void()>& act) {
    try {
        act();
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        const std::string message = error.what();
        EXPECT_EQ(error.fault(), fault) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        for (const std::string& part : parts) EXPECT_THAT(message, testing::HasSubstr(part));
    }
}

/// Runs `act`, which may succeed or throw an Error, and tells which; anything else fails the test.
inline bool survives(const std::function<void()>& act) {
    try {
        act();
        return true;
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::input) << error.what();
        return false;
    } catch (const std::exception& other) {
        ADD_FAILURE() << "not an Error: " << other.what();
        return false;
    }
}

/// Feeds `act` every prefix of `bytes` (or `steps` of them) and every byte changed in three ways (or `steps`
/// of them). Returns how many of the prefixes were accepted: a format with a length inside must refuse them
/// all.
inline int feed_damaged(const std::string& bytes, std::size_t steps,
                        const std::function<void(const std::string&)>& act) {
    int accepted = 0;
    const std::size_t stride = std::max<std::size_t>(1, bytes.size() / steps);
    for (std::size_t at = 0; at < bytes.size(); at += stride) {
        accepted += survives([&] { act(bytes.substr(0, at)); });
        for (const char flip : {'\x01', '\x80', '\xff'}) {
            std::string damaged = bytes;
            damaged[at] = static_cast<char>(damaged[at] ^ flip);
            survives([&] { act(damaged); });
        }
    }
    return accepted;
}

}  // namespace evenkeel
