#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>

#include "command.hpp"
#include "command_line.hpp"
#include "evenkeel/core/error.hpp"
#include "help.hpp"
#include "kernels/simd.hpp"
#include "terminal.hpp"
#include "version.hpp"

namespace evenkeel::cli {
namespace {

/// "evenkeel train", "evenkeel bench step": whose error it is.
std::string called(const CLI::App& app) {
    std::string name = app.get_name();
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        name += ' ' + at->get_name();
    }
    return name;
}

int report(const CLI::App& app, std::string_view problem, int code) {
    notice(one_line(fmt::format("{}: {}", called(app), problem)));
    return code;
}

/// CLI11's own complaints, in the words of ours.
std::string in_our_words(const CLI::App& app, const CLI::ParseError& error) {
    const std::string text = error.what();
    const std::string help = fmt::format("see {} --help", called(app));
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        const auto colon = text.find(": ");
        const std::string extra = colon == std::string::npos ? text : text.substr(colon + 2);
        const bool command = app.get_subcommands().empty() && !extra.starts_with('-');
        return fmt::format("[arguments] expected {} ({}), got {}", command ? "a command" : "known options", help,
                           extra);
    }
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        const auto is = text.find(" is required");
        if (is != std::string::npos && !text.starts_with("A subcommand"))
            return fmt::format("[{}] expected a value ({}), got none", text.substr(0, is), help);
        return fmt::format("[arguments] expected a subcommand ({}), got none", help);
    }
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        const bool missing = text.find("missing") != std::string::npos;
        return fmt::format("[{}] expected one value, got {}", text.substr(0, text.find(':')),
                           missing ? "none" : "several");
    }
    return fmt::format("[arguments] expected a call as in {} --help, got {}", called(app), text);
}

void add_all(CLI::App& app, Action& chosen) {
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_help_flag("--help,-h", "this help");
    app.set_version_flag("--version", fmt::format("evenkeel {}\n", version), "the version");
    app.footer(
        "Every command explains itself: evenkeel COMMAND --help\n"
        "EVENKEEL_SIMD=avx512|avx2|sse4|portable in the environment picks the kernels' instruction set.\n"
        "Exit codes: 0 done, 1 the work failed, 2 the command or its input was wrong, 130 interrupted.");
    add_compare(app, chosen);
    add_train(app, chosen);
    add_report(app, chosen);
    add_explain(app, chosen);
    add_evaluate(app, chosen);
    add_predict(app, chosen);
    add_summary(app, chosen);
    add_standardize(app, chosen);
    add_data(app, chosen);
    add_bench(app, chosen);
}

int run(int argc, char** argv) {
    remember_command_line(argc, argv);
    // A reader that goes away (`evenkeel … | head`) is seen by the write that fails.
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Batch normalization, trained, compared and explained.", "evenkeel");
    Action chosen;
    try {
        if (const char* simd = std::getenv("EVENKEEL_SIMD"); simd != nullptr) kernels::force_simd(simd);
        add_all(app, chosen);
        if (argc < 2) {
            print(short_help());
            return done;
        }
        app.parse(argc, argv);
        if (!chosen) throw CLI::RequiredError("");
        return chosen();
    } catch (const CLI::CallForHelp&) {
        const CLI::App* at = &app;
        while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
        print(at->help());
        return done;
    } catch (const CLI::CallForVersion& text) {
        print(text.what());
        return done;
    } catch (const CLI::ParseError& error) {
        return report(app, in_our_words(app, error), input_wrong);
    } catch (const Error& error) {
        return report(app, error.what(), error.fault() == Fault::input ? input_wrong : work_failed);
    } catch (const std::bad_alloc&) {
        return report(app, "[memory] expected enough of it, got none", work_failed);
    } catch (const std::exception& error) {
        return report(app, error.what(), work_failed);
    }
}

}  // namespace
}  // namespace evenkeel::cli

int main(int argc, char** argv) {
    try {
        return evenkeel::cli::run(argc, argv);
    } catch (const std::exception& error) {  // stdout itself failed while help was printed
        evenkeel::cli::notice(evenkeel::cli::one_line(error.what()));
        return evenkeel::cli::work_failed;
    }
}
