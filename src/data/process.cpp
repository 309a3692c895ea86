#include "data/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::size_t most_output = 16384;

std::string read_all(int pipe_end) {
    std::string output;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t got = ::read(pipe_end, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return output;
        output.append(buffer.data(), static_cast<std::size_t>(got));
        if (output.size() > most_output) output.erase(0, output.size() - most_output);
    }
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail_work(arguments.at(0), "a pipe to read its output", std::strerror(errno));

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);

    ProgramResult result;
    result.started = error == 0;
    if (result.started) {
        result.output = read_all(ends[0]);
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    ::close(ends[0]);
    if (error != 0 && error != ENOENT && error != EACCES) {
        fail_work(arguments[0], "a program that starts", std::strerror(error));
    }
    return result;
}

}  // namespace evenkeel
