#include "evenkeel/study/bench_job.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "evenkeel/core/error.hpp"
#include "study/bench_time.hpp"

namespace evenkeel {
namespace {

std::string read_to_end(int pipe_end) {
    std::string output;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = ::read(pipe_end, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return output;
        output.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

BenchJobRun bench_job(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail_work("bench job", "a pipe to read the output", std::strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);

    BenchJobRun run;
    int error = 0, status = 0;
    run.seconds = 1e-6 * time_call([&] {
                      pid_t child = 0;
                      error = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
                      ::close(ends[1]);
                      if (error != 0) return;
                      run.output = read_to_end(ends[0]);
                      rusage usage{};
                      while (::wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
                      }
                      run.peak_bytes = usage.ru_maxrss * std::int64_t{1024};
                  });
    ::close(ends[0]);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) fail_work("bench job", fmt::format("{} to start", command.at(0)), std::strerror(error));
    if (!WIFEXITED(status)) fail_work("bench job", "a job that ends", fmt::format("signal {}", WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0) {
        while (!run.output.empty() && run.output.back() == '\n') run.output.pop_back();
        const std::string got = fmt::format("{} ({:.400})", WEXITSTATUS(status), run.output);
        if (WEXITSTATUS(status) == 2) fail_input("bench job", "exit code 0 of the job", got);
        fail_work("bench job", "exit code 0 of the job", got);
    }
    return run;
}

}  // namespace evenkeel
