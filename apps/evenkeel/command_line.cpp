#include "command_line.hpp"

#include <cstring>

namespace evenkeel::cli {
namespace {

int count = 0;
char** words = nullptr;

std::string quoted(const std::string& word) {
    constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + '\'';
}

}  // namespace

void remember_command_line(int argc, char** argv) {
    count = argc;
    words = argv;
}

std::string command_line() {
    std::string line = "evenkeel";
    for (int i = 1; i < count; ++i) line += ' ' + quoted(words[i]);
    return line;
}

std::string command_line_as_given() {
    std::string line;
    for (int i = 0; i < count; ++i) line += (i > 0 ? " " : "") + quoted(words[i]);
    return line;
}

std::string command_line_with_resume() {
    for (int i = 0; i < count; ++i) {
        if (std::strcmp(words[i], "--resume") == 0) return command_line_as_given();
    }
    return command_line_as_given() + " --resume";
}

}  // namespace evenkeel::cli
