#include "option_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "evenkeel/core/error.hpp"

namespace evenkeel::cli {
namespace {

std::string quoted(const std::string& text) {
    return fmt::format("\"{:.60}\"", text);
}

template <typename T>
bool reads(std::string_view text, T& value) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::int64_t whole(const std::string& name, const std::string& text, std::int64_t low, std::int64_t high) {
    std::int64_t value = 0;
    if (!reads(text, value) || value < low || value > high)
        fail_input(name, fmt::format("a whole number from {} to {}", low, high), quoted(text));
    return value;
}

std::string words_of(const Range& range) {
    if (range.high >= 1e300 && range.low <= -1e300) return "a finite number";
    if (range.high >= 1e300) return fmt::format("a number {} {}", range.above ? "above" : "of at least", range.low);
    return fmt::format("a number {} {} and at most {}", range.above ? "above" : "of at least", range.low, range.high);
}

double number(const std::string& name, const std::string& text, const Range& range) {
    double value = 0;
    if (!reads(text, value) || !std::isfinite(value) || value < range.low || value > range.high ||
        (range.above && value <= range.low)) {
        fail_input(name, words_of(range), quoted(text));
    }
    return value;
}

std::vector<std::string> split(const std::string& name, const std::string& text) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == ',') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    if (parts.size() > 1000) fail_input(name, "at most 1000 values", fmt::format("{}", parts.size()));
    return parts;
}

}  // namespace

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& value, const std::string& help,
                      const std::string& type) {
    return app
        .add_option_function<std::string>(
            name,
            [&value, name](const std::string& text) {
                if (text.empty()) fail_input(name, "a value", "an empty one");
                if (text.find('\0') != std::string::npos) fail_input(name, "a text", "one with a zero byte");
                value = text;
            },
            help)
        ->type_name(type)
        ->default_str(value);
}

CLI::Option* add_whole(CLI::App& app, const std::string& name, std::int64_t& value, std::int64_t low, std::int64_t high,
                       const std::string& help) {
    return app
        .add_option_function<std::string>(
            name, [&value, name, low, high](const std::string& text) { value = whole(name, text, low, high); }, help)
        ->type_name("N")
        ->default_str(value >= low ? fmt::format("{}", value) : "");
}

CLI::Option* add_whole_list(CLI::App& app, const std::string& name, std::vector<std::int64_t>& values, std::int64_t low,
                            std::int64_t high, const std::string& help) {
    return app
        .add_option_function<std::string>(
            name,
            [&values, name, low, high](const std::string& text) {
                values.clear();
                for (const std::string& part : split(name, text)) values.push_back(whole(name, part, low, high));
            },
            help)
        ->type_name("N,N,…")
        ->default_str(fmt::format("{}", fmt::join(values, ",")));
}

CLI::Option* add_number(CLI::App& app, const std::string& name, double& value, Range range, const std::string& help) {
    return app
        .add_option_function<std::string>(
            name, [&value, name, range](const std::string& text) { value = number(name, text, range); }, help)
        ->type_name("X")
        ->default_str(std::isnan(value) ? "" : fmt::format("{}", value));
}

CLI::Option* add_number_list(CLI::App& app, const std::string& name, std::vector<double>& values, Range range,
                             const std::string& help) {
    return app
        .add_option_function<std::string>(
            name,
            [&values, name, range](const std::string& text) {
                values.clear();
                for (const std::string& part : split(name, text)) values.push_back(number(name, part, range));
            },
            help)
        ->type_name("X,X,…")
        ->default_str(fmt::format("{}", fmt::join(values, ",")));
}

CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& value, std::span<const char* const> words,
                        const std::string& help) {
    return app
        .add_option_function<std::string>(
            name,
            [&value, name, words](const std::string& text) {
                if (std::find(words.begin(), words.end(), text) == words.end())
                    fail_input(name, fmt::format("one of {}", fmt::join(words, ", ")), quoted(text));
                value = text;
            },
            fmt::format("{}: {}", help, fmt::join(words, ", ")))
        ->type_name("WORD")
        ->default_str(value);
}

}  // namespace evenkeel::cli
