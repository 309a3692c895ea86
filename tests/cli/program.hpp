#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/builders.hpp"
#include "data/support.hpp"

namespace evenkeel {

/// How the program ended. `code` is its exit code, or −signal where a signal ended it.
struct Outcome {
    int code = 0;
    std::string out, err;
};

/// The built program while it runs; stdout and stderr go to files in `folder`.
class Program {
  public:
    /// `stdout_path`: where stdout goes instead of being captured; "closed pipe" for a pipe nobody reads.
    Program(const std::vector<std::string>& arguments, const std::string& stdout_path = "");
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void send(int signal) const;
    bool running();
    Outcome wait();

  private:
    TemporaryFolder files_;
    int process_ = -1;
    bool ended_ = false;
    int status_ = 0;
};

Outcome run(const std::vector<std::string>& arguments);

/// Expects this exit code, nothing on stdout and one line on stderr that begins with "evenkeel" and holds all
/// the parts.
void expect_refusal(const std::vector<std::string>& arguments, const std::vector<std::string>& parts, int code = 2);

/// Runs a command that must succeed, and gives what it printed.
std::string output_of(const std::vector<std::string>& arguments);
/// The same with --json: the one document.
nlohmann::json json_of(std::vector<std::string> arguments);

std::string text_of_file(const std::filesystem::path& path);

/// A folder with the MNIST's four names: 240 training and 60 test images of 6×4 bytes in three classes that
/// differ in brightness.
void write_small_idx(const TemporaryFolder& folder);

/// The columns that the longest line fills.
std::size_t widest_line(const std::string& text);

/// A Keras archive or config that the real Keras wrote.
std::string keras_fixture(const std::string& name);

}  // namespace evenkeel
