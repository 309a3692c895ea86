#include "sweep.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "command.hpp"
#include "command_line.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/study/sweep.hpp"
#include "interrupt.hpp"
#include "kernels/simd.hpp"
#include "option_values.hpp"
#include "presets.hpp"
#include "progress.hpp"
#include "report_file.hpp"
#include "results.hpp"
#include "run_folder.hpp"
#include "study/sweep_json.hpp"
#include "sweep_text.hpp"
#include "terminal.hpp"
#include "version.hpp"

namespace evenkeel::cli {
namespace {

struct SweepWish {
    SweepKey key;
    std::vector<std::string> values;
};

/// "learning_rate=0.1,1"
SweepWish wish_of(const std::string& text) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos)
        fail_input("--sweep", "KEY=V1,V2,…, as in learning_rate=0.01,0.1,1", fmt::format("\"{:.60}\"", text));
    SweepWish wish{sweep_key_from_word(text.substr(0, sign)), std::vector<std::string>(1)};
    for (const char c : text.substr(sign + 1)) {
        if (c == ',') {
            wish.values.emplace_back();
        } else {
            wish.values.back() += c;
        }
    }
    return wish;
}

/// The option that says for one run what a sweep over the key says for many; "" where there is none.
const char* option_of(SweepKey key) {
    constexpr std::array options = {"--learning-rate", "--batch-size", "--optimizer", "", "",
                                    "--activation",    "--scaling"};  // in the order of SweepKey
    return options[static_cast<std::size_t>(key)];
}

SweepBase base_of(const CompareCommand& o, Dataset& data) {
    SweepBase base;
    base.model = compared_model(o, data);
    base.arms = arms_of(o.arms);
    base.scaling = input_scaling_from_word(o.scaling);
    base.optimizer_word = o.optimizer;
    base.compilation = compilation_for(
        base.model.input_shape().empty() ? with_input(base.model, data.train, InputScaling::none) : base.model, data,
        o.compiled_optimizer());
    base.batch_size = o.batch_size;
    base.full_rate_batch = o.full_rate_batch;
    if (std::isnan(o.learning_rate)) {
        base.usual_rate = [](const std::string& optimizer) {
            TrainingOptions usual;
            usual.optimizer = optimizer;
            return usual.rate();
        };
    }
    return base;
}

json arguments_of(const CompareCommand& o, const SweepResult& result) {
    json arguments = arguments_of(o, result.validation_rows);
    arguments["seeds"] = o.seeds;
    arguments["arms"] = o.arms;
    arguments["train_rows"] = o.train_rows > 0 ? json(o.train_rows) : json();
    arguments["activation"] = o.activation.empty() ? json() : json(o.activation);
    arguments["sweep"] = o.sweep;
    arguments["preset"] = o.preset.empty() ? json() : json(o.preset);
    arguments["useful_accuracy"] = o.useful_accuracy;
    arguments["full_rate_batch"] = o.full_rate_batch > 0 ? json(o.full_rate_batch) : json();
    return arguments;
}

SweepResult computed(const CompareCommand& o, const Dataset& data, const SweepWish& wish,
                     const std::vector<SweepPoint>& points, SweepOptions options) {
    SweepProgressLine line(progress_mode(o.quiet));
    options.progress = [&line](const SweepProgress& progress) { line.show(progress); };
    const Interruptible interruptible;
    options.interrupted = &Interruptible::wished();
    SweepResult result = sweep(data, wish.key, points, options);
    line.clear();
    return result;
}

}  // namespace

void add_sweep_options(CLI::App& app, CompareCommand& o) {
    add_text(app, "--sweep", o.sweep, "every arm at every value of KEY, which is one of the keys below", "KEY=V1,V2,…");
    add_choice(app, "--preset", o.preset, preset_names(),
               "a ready-made sweep, whose defaults your own options replace (all four are written out below)");
    add_number(app, "--useful-accuracy", o.useful_accuracy, {0, 1, true},
               "the mean test accuracy from which a value counts as useful, in a sweep over numbers");
    add_whole(app, "--full-rate-batch", o.full_rate_batch, 1, 1 << 20,
              "in a sweep over batch_size: batches of fewer than N rows take the learning rate in proportion")
        ->default_str("the same rate for all");
}

void settle_sweep(CLI::App& app, CompareCommand& o) {
    const auto given = [&app](const char* option) { return app.get_option(option)->count() > 0; };
    if (o.sweep.empty() && o.preset.empty()) {
        for (const char* option : {"--useful-accuracy", "--full-rate-batch"}) {
            if (given(option)) fail_input(option, "--sweep or --preset beside it", "none");
        }
        return;
    }
    const auto defaults = o.preset.empty() ? decltype(Preset::options){} : preset(o.preset).options;
    if (o.sweep.empty()) o.sweep = defaults.front().second;
    const SweepKey key = wish_of(o.sweep).key;
    const std::string own = option_of(key);
    if (!own.empty() && given(own.c_str()))
        fail_input(own, fmt::format("none beside a sweep over {}", to_word(key)), "one");
    if (given("--full-rate-batch") && key != SweepKey::batch_size)
        fail_input("--full-rate-batch", "a sweep over batch_size", fmt::format("one over {}", to_word(key)));
    for (const auto& [option, value] : defaults) {
        const bool belongs = std::string(option) != "--full-rate-batch" || key == SweepKey::batch_size;
        if (option == own || !belongs || given(option)) continue;
        app.get_option(option)->add_result(value);
        app.get_option(option)->run_callback();
    }
}

int run_sweep(const CompareCommand& o) {
    JsonHeader header("compare");
    const SweepWish wish = wish_of(o.sweep);
    if (o.epochs < 1) fail_input("--epochs", "at least 1 in a sweep", fmt::format("{}", o.epochs));
    if (o.validation_rows == 0)
        fail_input("--validation-rows", "at least 1 in a sweep, which chooses the best values on them", "0");
    const RunFolder folder(o.out);
    Dataset data = open_data_to_compute(o.data, o.target);
    if (data.classes < 2)
        fail_input("--data", "data with classes (what is compared is accuracy)",
                   data.name + ", whose target is a number");
    if (o.validation_rows > 0) validation_rows(o, data);  // refuses too many
    const std::string content = fmt::format("evenkeel {} {}, data {:016x} with {} classes", version,
                                            kernels::simd_name(), content_hash(data), data.classes);
    const std::vector<SweepPoint> points = sweep_points(data, wish.key, wish.values, base_of(o, data));
    SweepOptions options;
    options.epochs = static_cast<int>(o.epochs);
    options.seeds = static_cast<int>(o.seeds);
    options.threads = threads_or_all(o.threads);
    options.validation_rows = o.validation_rows;
    options.train_rows = o.train_rows;
    options.useful_accuracy = o.useful_accuracy;
    options.cells = folder.path() / "cells";
    options.fingerprint = content;
    const SweepResult result = computed(o, data, wish, points, options);
    if (result.interrupted) {
        notice(fmt::format("Interrupted: {} of {} cells are kept in {}. The same command goes on from there:\n  {}",
                           result.cells_done, result.cells, options.cells.string(), command_line_as_given()));
        return interrupted;
    }
    header.arguments = arguments_of(o, result);
    folder.write("history.csv", sweep_csv(result));
    json document = to_json(result, options, o.preset);
    document.update(page_context(data, points.front().arms.front().model));
    const auto summary = header.with(document);
    folder.write("summary.json", text_of(summary));
    const std::filesystem::path report = write_report(folder, summary, !o.quiet);
    if (o.json) {
        print(text_of(summary));
        return done;
    }
    print(sweep_text(o, data, result, text_width()));
    const std::string kept =
        result.cells_kept == 0 ? ""
                               : fmt::format("; {} of {} cells were kept from before", result.cells_kept, result.cells);
    const std::string shown =
        report.empty() ? (folder.path() / "summary.json").string() : fmt::format("{}, summary.json", report.string());
    print(fmt::format("\n  saved {} and history.csv   ({}{})\n", shown, duration(header.seconds()), kept));
    return done;
}

}  // namespace evenkeel::cli
