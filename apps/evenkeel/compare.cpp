#include "evenkeel/study/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>

#include "command.hpp"
#include "compare_options.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/model/zoo.hpp"
#include "evenkeel/probe/tensorboard.hpp"
#include "evenkeel/train/input_scaling.hpp"
#include "interrupt.hpp"
#include "option_values.hpp"
#include "presets.hpp"
#include "progress.hpp"
#include "report_file.hpp"
#include "results.hpp"
#include "run_folder.hpp"
#include "study/compare_json.hpp"
#include "study/run_one.hpp"
#include "study/sweep_models.hpp"
#include "sweep.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {

std::vector<Arm> arms_of(const std::string& text) {
    std::vector<Arm> arms;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string word = text.substr(begin, end - begin);
        if (word != "none" && word != "before" && word != "after")
            fail_input("--arms", "a list of none, before, after", fmt::format("\"{:.60}\"", text));
        const Arm arm = arm_from_word(word);
        if (std::find(arms.begin(), arms.end(), arm) != arms.end())
            fail_input("--arms", "every arm once", fmt::format("\"{:.60}\"", text));
        arms.push_back(arm);
        begin = end + 1;
    }
    return arms;
}

ModelDescription compared_model(const CompareCommand& o, const Dataset& data) {
    const ModelDescription model = open_model(o.model, data.train.shape, data.classes).description;
    return o.activation.empty() ? model : with_activation(model, o.activation);
}

namespace {

const char* meaning(const std::string& arm) {
    if (arm == "before") return "z → BN → g";
    if (arm == "after") return "z → g → BN";
    return "z → g";
}

std::string history_csv(const CompareResult& result) {
    std::string out = "arm,seed," + std::string(epoch_csv_header);
    for (const ArmResult& arm : result.arms) {
        for (const ComparedRun& run : arm.runs) {
            for (const EpochLog& epoch : run.epochs)
                out += fmt::format("{},{},{}", arm.arm.name, run.seed, epoch_csv(epoch));
        }
    }
    return out;
}

std::string table_of(const CompareResult& result, const std::string& first) {
    TextTable table({"arm", "", "test accuracy", "95 % interval", "epochs to " + first, "seconds a run", "diverged"},
                    "llrrrrr");
    for (const ArmResult& arm : result.arms) {
        double seconds = 0;
        for (const ComparedRun& run : arm.runs) seconds += run.seconds / static_cast<double>(arm.runs.size());
        const auto diverged = std::count_if(arm.runs.begin(), arm.runs.end(), [](const auto& r) { return r.diverged; });
        const auto& accuracy = arm.test_accuracy;
        table.add(
            {arm.arm.name, meaning(arm.arm.name), percent(accuracy.mean),
             accuracy.ci95 ? fmt::format("{:.2f} … {:.2f}", 100 * accuracy.ci95->low, 100 * accuracy.ci95->high) : "–",
             arm.epochs_to_none.median_text(), fmt::format("{:.2f}", seconds),
             diverged > 0 ? fmt::format("{} of {}", diverged, arm.runs.size()) : "–"});
    }
    return table.text();
}

std::string text_of_result(const CompareCommand& o, const Dataset& data, const CompareResult& result) {
    const std::size_t seeds = result.arms.front().runs.size();
    std::string out = fmt::format(
        "\n{}\n\n",
        bold(fmt::format("{} on {}: {} {}, {} epochs, batches of {}, {} at learning rate {}", o.model, data.name, seeds,
                         seeds == 1 ? "seed" : "seeds", o.epochs, o.batch_size, o.optimizer, o.rate())));
    const bool has_none =
        std::any_of(result.arms.begin(), result.arms.end(), [](const auto& a) { return a.arm.name == "none"; });
    const std::string first = has_none ? "none" : result.arms.front().arm.name;
    out += table_of(result, first + "'s");
    out += dim(
        validation_rows(o, data) == 0
            ? "  epochs to a target are not known: no rows were held out to watch after an epoch\n"
            : fmt::format("  epochs to {0}'s: until validation accuracy reaches {0}'s final one; median of the seeds\n",
                          first));
    if (!result.pairs.empty()) out += '\n';
    for (const PairResult& pair : result.pairs) out += paragraph(pair.sentence, text_width());
    return out;
}

int run_compare(const CompareCommand& o) {
    if (!o.sweep.empty()) return run_sweep(o);
    JsonHeader header("compare");
    const std::vector<Arm> arms = arms_of(o.arms);
    const RunFolder folder(o.out);
    std::optional<RunFolder> events;
    if (!o.tensorboard.empty()) events.emplace(o.tensorboard, "--tensorboard");
    Dataset data = open_data_to_compute(o.data, o.target);
    if (data.classes < 2)
        fail_input("--data", "data with classes (what is compared is accuracy)",
                   data.name + ", whose target is a number");
    const std::int64_t validation = validation_rows(o, data);
    header.arguments = arguments_of(o, validation);
    header.arguments["seeds"] = o.seeds;
    header.arguments["arms"] = o.arms;
    header.arguments["train_rows"] = o.train_rows > 0 ? json(o.train_rows) : json();
    header.arguments["activation"] = o.activation.empty() ? json() : json(o.activation);
    header.arguments["probe"] = o.probe;

    const ModelDescription model = compared_model(o, data);
    std::vector<ComparedArm> compared;
    for (const Arm arm : arms) {
        compared.push_back(
            {to_word(arm), with_input(with_arm(model, arm), data.train, input_scaling_from_word(o.scaling))});
    }
    CompareOptions options;
    options.optimizer_word = o.optimizer;
    options.compilation = compilation_for(compared.front().model, data, o.compiled_optimizer());
    options.batch_size = o.batch_size;
    options.epochs = static_cast<int>(o.epochs);
    options.seeds = static_cast<int>(o.seeds);
    options.threads = threads_or_all(o.threads);
    options.validation_rows = validation;
    options.train_rows = o.train_rows;
    if (o.probe == "on") options.probe.emplace();
    if (events) {
        options.callbacks = [&events](const std::string& arm, std::uint64_t seed, const std::shared_ptr<Probe>& probe) {
            const auto run = events->path() / arm / fmt::format("seed-{}", seed);
            return std::vector<std::shared_ptr<Callback>>{std::make_shared<TensorBoard>(run, probe)};
        };
    }
    CompareProgressLine line(progress_mode(o.quiet), trained_rows(data, options), rows_word(data));
    options.progress = [&line](const CompareProgress& progress) { line.show(progress); };
    CompareResult result;
    {
        const Interruptible interruptible;
        options.interrupted = &Interruptible::wished();
        result = compare(data, compared, options);
    }
    line.clear();

    const std::size_t seeds = result.arms.front().runs.size();
    if (result.interrupted && seeds == 0) {
        notice("Interrupted before any seed was finished in all arms: nothing to save.");
        return interrupted;
    }
    folder.write("history.csv", history_csv(result));
    json document = to_json(result, options);
    document.update(page_context(data, compared.front().model));
    const auto summary = header.with(document);
    folder.write("summary.json", text_of(summary));
    const std::filesystem::path report = write_report(folder, summary, !o.quiet);
    print(o.json ? text_of(summary) : text_of_result(o, data, result));
    if (result.interrupted) {
        notice(fmt::format("Interrupted: saved {} of {} seeds, those finished in all arms, in {}.", seeds, o.seeds,
                           folder.path().string()));
        return interrupted;
    }
    if (!o.json) {
        const std::string shown = report.empty() ? (folder.path() / "summary.json").string()
                                                 : fmt::format("{}, summary.json", report.string());
        print(fmt::format("\n  saved {} and history.csv   ({})\n", shown, duration(header.seconds())));
    }
    return done;
}

}  // namespace

void add_compare(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<CompareCommand>();
    options->out = "runs/compare";
    CLI::App* sub = app.add_subcommand("compare", "Trains a network with and without normalization and compares");
    add_training_options(*sub, *options);
    add_whole(*sub, "--seeds", options->seeds, 1, 10000,
              "how often each arm is trained; arms are paired by seed, and 6 or more can give a verdict");
    add_text(*sub, "--arms", options->arms,
             "none, before (z → BN → g: the lecture's first way), after (z → g → BN: the second)", "ARM,ARM,…");
    add_whole(*sub, "--train-rows", options->train_rows, 1, std::int64_t{1} << 31,
              "train on the first N of the training rows that are not held out (on all, where there are fewer)")
        ->default_str("all");
    add_choice(*sub, "--activation", options->activation, hidden_activation_words(),
               "of the hidden layers, in place of the model's own");
    add_sweep_options(*sub, *options);
    static constexpr std::array probe_words = {"on", "off"};
    add_choice(*sub, "--probe", options->probe, probe_words,
               "look into the layers of every arm's run of seed 0 while it trains, for summary.json; changes no bit");
    sub->footer(std::string(
        R"(The arms are made from MODEL: its normalization layers are removed, then one stands before or after the
activation of every hidden layer. All arms of a seed have the same initial weights and batches.
DIR gets report.html, summary.json and history.csv.

With --sweep every arm is trained at every value of KEY: learning_rate, batch_size, optimizer,
initializer_scale (times the initial Dense kernels), depth (so many hidden layers, the last repeated),
activation (of the hidden layers) or input_scaling (none, rescaling, normalization). Each arm's best
value is chosen on held-out training rows (--validation-rows; 10000, or a sixth of fewer than 60000),
never on test rows. A run that diverges scores chance and is marked.
Finished cells (value, arm, seed) are kept in DIR/cells. A sweep that was interrupted, or killed, goes
on from them when the same command is given again; a command that differs takes only the cells that it
has in common. Remove the folder to compute all of them anew.

Presets:
)" + preset_help() +
        R"(
Examples:
  evenkeel compare
  evenkeel compare --data mnist --optimizer adam --seeds 8 --out runs/adam
  evenkeel compare --data digits --epochs 3 --arms none,before --json
  evenkeel compare --sweep learning_rate=0.01,0.1,1,10 --epochs 1 --out runs/my-rates
  evenkeel compare --sweep optimizer=sgd,momentum,adam --data digits --seeds 6
  evenkeel compare --preset rates
  evenkeel compare --preset rates --optimizer adam --sweep learning_rate=0.0001,0.001,0.01,0.1)"));
    sub->callback([options, sub, &chosen] {
        settle_sweep(*sub, *options);
        chosen = [options] { return run_compare(*options); };
    });
}

}  // namespace evenkeel::cli
