#include "cli/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

extern char** environ;

namespace evenkeel {

Program::Program(const std::vector<std::string>& arguments, const std::string& stdout_path) {
    std::vector<std::string> words = {EVENKEEL_CLI};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int pipe_ends[2] = {-1, -1};
    if (stdout_path == "closed pipe") {
        EXPECT_EQ(::pipe(pipe_ends), 0);
        posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
        posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
        posix_spawn_file_actions_addclose(&actions, pipe_ends[1]);
        ::close(pipe_ends[0]);
        pipe_ends[0] = -1;
    } else {
        const std::string out = stdout_path.empty() ? (files_.path() / "out").string() : stdout_path;
        posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }
    posix_spawn_file_actions_addopen(&actions, 2, (files_.path() / "err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    EXPECT_EQ(::posix_spawn(&process_, EVENKEEL_CLI, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    if (pipe_ends[1] >= 0) ::close(pipe_ends[1]);
}

Program::~Program() {
    if (ended_) return;
    send(SIGKILL);
    ::waitpid(process_, &status_, 0);
}

void Program::send(int signal) const {
    ::kill(process_, signal);
}

bool Program::running() {
    if (!ended_ && ::waitpid(process_, &status_, WNOHANG) == process_) ended_ = true;
    return !ended_;
}

Outcome Program::wait() {
    if (!ended_) ::waitpid(process_, &status_, 0);
    ended_ = true;
    Outcome outcome;
    outcome.code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
    std::error_code none;
    if (std::filesystem::exists(files_.path() / "out", none)) outcome.out = text_of_file(files_.path() / "out");
    outcome.err = text_of_file(files_.path() / "err");
    return outcome;
}

Outcome run(const std::vector<std::string>& arguments) {
    return Program(arguments).wait();
}

void expect_refusal(const std::vector<std::string>& arguments, const std::vector<std::string>& parts, int code) {
    const Outcome o = run(arguments);
    std::string call;
    for (const std::string& word : arguments) call += word + ' ';
    SCOPED_TRACE(call);
    EXPECT_EQ(o.code, code) << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(o.err.starts_with("evenkeel")) << o.err;
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
    EXPECT_THAT(o.err, testing::HasSubstr("expected "));
    EXPECT_THAT(o.err, testing::HasSubstr(", got "));
    for (const std::string& part : parts) EXPECT_THAT(o.err, testing::HasSubstr(part));
}

std::string output_of(const std::vector<std::string>& arguments) {
    const Outcome o = run(arguments);
    EXPECT_EQ(o.code, 0) << arguments.front() << ": " << o.err;
    return o.out;
}

nlohmann::json json_of(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const std::string text = output_of(arguments);
    nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << text;
    for (const char* key : {"command", "version", "arguments", "machine", "seconds"})
        EXPECT_TRUE(document.contains(key)) << key;
    for (const char* key : {"cpu", "threads", "simd"}) EXPECT_TRUE(document["machine"].contains(key)) << key;
    return document;
}

std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_small_idx(const TemporaryFolder& folder) {
    for (const auto& [prefix, rows] : {std::pair<std::string, std::uint32_t>{"train", 240}, {"t10k", 60}}) {
        std::vector<std::uint8_t> images, labels;
        for (std::uint32_t r = 0; r < rows; ++r) {
            labels.push_back(static_cast<std::uint8_t>(r % 3));
            for (std::uint32_t p = 0; p < 24; ++p)
                images.push_back(static_cast<std::uint8_t>(r % 3 * 80 + (r * 7 + p * 13) % 60));
        }
        folder.write(prefix + "-images-idx3-ubyte", idx<std::uint8_t>(0x08, {rows, 6, 4}, images));
        folder.write(prefix + "-labels-idx1-ubyte", idx<std::uint8_t>(0x08, {rows}, labels));
    }
}

std::size_t widest_line(const std::string& text) {
    std::istringstream lines(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto width = std::count_if(line.begin(), line.end(),
                                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
        widest = std::max(widest, static_cast<std::size_t>(width));
    }
    return widest;
}

std::string keras_fixture(const std::string& name) {
    return std::string(EVENKEEL_SOURCE_DIR) + "/tests/fixtures/keras/" + name;
}

}  // namespace evenkeel
