#include "help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "terminal.hpp"

namespace evenkeel::cli {
namespace {

constexpr std::size_t width = 100;

/// Words in lines of at most `room` characters; all lines but the first begin behind `indent` spaces.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t room) {
    std::string out;
    std::size_t used = 0;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        const std::size_t length = display_width(word);
        if (used > 0 && used + 1 + length > room) {
            out += '\n' + std::string(indent, ' ');
            used = 0;
        } else if (used > 0) {
            out += ' ';
            ++used;
        }
        out += word;
        used += length;
    }
    return out;
}

struct Entry {
    std::string name, text;
};

Entry entry_of(const CLI::Option& option) {
    Entry e;
    e.name = option.get_positional() ? option.get_name(true) : option.get_name(false, true);
    if (const auto comma = e.name.find(','); comma != std::string::npos) {
        e.name = e.name.substr(comma + 1) + ", " + e.name.substr(0, comma);  // --help, -h
    }
    if (!option.get_positional() && option.get_type_size() > 0 && !option.get_type_name().empty())
        e.name += ' ' + option.get_type_name();
    e.text = option.get_description();
    if (!option.get_default_str().empty()) e.text += fmt::format(" [{}]", option.get_default_str());
    return e;
}

std::string section(const std::string& title, const std::vector<Entry>& entries) {
    if (entries.empty()) return {};
    std::size_t column = 0;
    for (const Entry& e : entries) column = std::max(column, display_width(e.name));
    column = std::min<std::size_t>(column, 34) + 4;
    std::string out = '\n' + title + ":\n";
    for (const Entry& e : entries) {
        out += "  " + e.name;
        if (display_width(e.name) + 4 > column) {
            out += '\n' + std::string(column, ' ');
        } else {
            out += std::string(column - 2 - display_width(e.name), ' ');
        }
        out += wrapped(e.text, column, width - column) + '\n';
    }
    return out;
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
    std::string call = app->get_name();
    for (const CLI::App* parent = app->get_parent(); parent != nullptr; parent = parent->get_parent())
        call = parent->get_name() + ' ' + call;

    std::vector<Entry> positionals, options, commands;
    std::string usage = call;
    for (const CLI::Option* o : app->get_options([](const CLI::Option* x) { return !x->get_group().empty(); })) {
        (o->get_positional() ? positionals : options).push_back(entry_of(*o));
        if (o->get_positional()) usage += o->get_required() ? ' ' + o->get_name(true) : " [" + o->get_name(true) + ']';
    }
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
        const std::string& text = sub->get_description();
        commands.push_back({sub->get_name(), text.substr(0, text.find('\n'))});
    }
    usage += commands.empty() ? " [options]" : " COMMAND [options]";

    std::string out;
    std::istringstream description(app->get_description());
    for (std::string line; std::getline(description, line);) out += wrapped(line, 0, width) + '\n';
    out += "\nUsage: " + usage + '\n';
    out += section("Commands", commands) + section("Arguments", positionals) + section("Options", options);
    if (!app->get_footer().empty()) out += '\n' + app->get_footer() + '\n';
    return out;
}

std::string short_help() {
    return R"(Evenkeel: batch normalization, trained, compared and explained.

  evenkeel compare --data mnist              the lecture's network without batch normalization, with it
                                             before and after the activation: which learns better?
  evenkeel explain                           one batch and one neuron in numbers: μ, σ², γ, β, gradients
  evenkeel train --model model_bn --out DIR  trains a network and saves it as a Keras archive

`evenkeel --help` lists all commands, `evenkeel COMMAND --help` explains one, with examples.
)";
}

}  // namespace evenkeel::cli
