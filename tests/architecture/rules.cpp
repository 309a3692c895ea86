#include "architecture/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <utility>

namespace evenkeel::architecture {
namespace {

constexpr int most_lines = 400;

struct Room {
    const char* name;
    int floor;
};
constexpr std::array<Room, 11> rooms{{{"core", 1},
                                      {"kernels", 2},
                                      {"model", 3},
                                      {"data", 3},
                                      {"plan", 4},
                                      {"interop", 4},
                                      {"train", 5},
                                      {"probe", 6},
                                      {"study", 7},
                                      {"report", 8},
                                      {"apps", 9}}};

// Prefix of an angled include -> where it may stand (prefixes of paths).
const std::vector<std::pair<std::string, std::vector<std::string>>>& borrowed() {
    static const std::vector<std::pair<std::string, std::vector<std::string>>> table = {
        {"dnnl", {"src/kernels/gemm."}},
        {"oneapi/dnnl", {"src/kernels/gemm."}},
        {"omp.h", {"src/kernels/gemm.", "src/core/threads."}},
        {"hwy/", {"src/kernels/"}},
        {"Random123/", {"src/core/"}},
        {"zlib.h", {"src/data/", "src/interop/"}},
        {"zip.h", {"src/data/", "src/interop/"}},
        {"nlohmann/", {"src/interop/", "src/train/", "src/probe/", "src/study/", "src/report/", "apps/"}},
        {"CLI/", {"apps/"}},
        {"hdf5", {}},  // the tests' oracle; the library must never hand untrusted bytes to it
        {"H5", {}},
    };
    return table;
}

std::string first_part(std::string_view path) {
    return std::string(path.substr(0, path.find('/')));
}

bool is_library(const SourceFile& file) {
    return file.path.starts_with("src/") || file.path.starts_with("include/");
}

int line_at(std::string_view text, std::size_t at) {
    return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace

int floor_of(std::string_view room) {
    for (const Room& known : rooms) {
        if (room == known.name) return known.floor;
    }
    return 0;
}

std::string room_of_path(std::string_view path) {
    if (path.starts_with("apps/")) return "apps";
    for (const std::string_view folder : {"src/", "include/evenkeel/"}) {
        if (path.starts_with(folder) && path.find('/', folder.size()) != std::string_view::npos) {
            return first_part(path.substr(folder.size()));
        }
    }
    return "";
}

std::string room_of_include(std::string_view target) {
    constexpr std::string_view api = "evenkeel/";
    if (target.starts_with(api)) target.remove_prefix(api.size());
    return target.find('/') == std::string_view::npos ? "" : first_part(target);
}

std::vector<std::string> check_arrows(const SourceFile& file) {
    std::vector<std::string> wrong;
    const bool umbrella = file.path == "include/evenkeel/evenkeel.hpp";  // the engine's whole face
    const std::string room = umbrella ? "probe" : room_of_path(file.path);
    const int floor = floor_of(room);
    if (floor == 0) return {fmt::format("{}:1: stands in no room that has a floor", file.path)};
    for (const Include& include : file.includes) {
        if (include.angled) continue;
        const std::string other = room_of_include(include.target);
        if (other.empty()) {
            const bool beside = include.target.find('/') == std::string::npos && room == "apps";
            const bool face = include.target == "evenkeel/evenkeel.hpp" && floor > floor_of("train");
            if (beside || face) continue;
            wrong.push_back(fmt::format("{}:{}: \"{}\" names no room", file.path, include.line, include.target));
            continue;
        }
        const int other_floor = floor_of(other);
        if (other == room || (other_floor > 0 && other_floor < floor)) continue;
        const char* way = other_floor == 0 ? "to a room without a floor" : other_floor == floor ? "sideways" : "up";
        wrong.push_back(fmt::format("{}:{}: {} (floor {}) includes \"{}\" of {} (floor {}): an arrow {}", file.path,
                                    include.line, room, floor, include.target, other, other_floor, way));
    }
    return wrong;
}

std::vector<std::string> check_public_header(const SourceFile& file) {
    std::vector<std::string> wrong;
    if (!file.path.starts_with("include/")) return wrong;
    for (const Include& include : file.includes) {
        const bool fine = include.angled ? include.target.find_first_of("/.") == std::string::npos
                                         : include.target.starts_with("evenkeel/");
        if (!fine) {
            wrong.push_back(fmt::format("{}:{}: a public header includes {}", file.path, include.line, include.target));
        }
    }
    return wrong;
}

std::vector<std::string> check_borrowed(const SourceFile& file) {
    std::vector<std::string> wrong;
    for (const Include& include : file.includes) {
        for (const auto& [library, allowed] : borrowed()) {
            if (!include.target.starts_with(library)) continue;
            const bool fine = std::any_of(allowed.begin(), allowed.end(),
                                          [&](const std::string& where) { return file.path.starts_with(where); });
            if (!fine) {
                wrong.push_back(
                    fmt::format("{}:{}: <{}> does not belong here", file.path, include.line, include.target));
            }
        }
    }
    return wrong;
}

std::vector<std::string> check_silence(const SourceFile& file) {
    std::vector<std::string> wrong;
    if (!is_library(file)) return wrong;
    static const std::regex forbidden(
        R"(std::(cout|cerr|clog)\b|\b(printf|fprintf|vprintf|vfprintf|puts|putchar|perror)\s*\(|\bfmt::print\b)"
        R"(|(^|[^\w.>])(exit|_Exit|quick_exit|abort|terminate)\s*\()");
    for (std::sregex_iterator it(file.code.begin(), file.code.end(), forbidden), end; it != end; ++it) {
        const auto at = static_cast<std::size_t>(it->position()) + static_cast<std::size_t>(it->str()[0] == '\n');
        wrong.push_back(fmt::format("{}:{}: library code prints or ends the process ({})", file.path,
                                    line_at(file.code, at), it->str()));
    }
    return wrong;
}

std::vector<std::string> check_form(const SourceFile& file) {
    std::vector<std::string> wrong;
    if (file.lines > most_lines) {
        wrong.push_back(fmt::format("{}:{}: longer than {} lines", file.path, file.lines, most_lines));
    }
    const bool guarded = file.pragma_once || file.path.ends_with("-inl.h");  // Highway includes those several times
    if (file.is_header() && !guarded) wrong.push_back(fmt::format("{}:1: a header without #pragma once", file.path));
    return wrong;
}

}  // namespace evenkeel::architecture
