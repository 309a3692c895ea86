#include <fmt/format.h>

#include <memory>
#include <optional>

#include "command.hpp"
#include "command_line.hpp"
#include "core/sha256.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/probe/tensorboard.hpp"
#include "evenkeel/train/input_scaling.hpp"
#include "evenkeel/train/saving.hpp"
#include "interrupt.hpp"
#include "option_values.hpp"
#include "probe/probe_json.hpp"
#include "progress.hpp"
#include "report_file.hpp"
#include "results.hpp"
#include "run_folder.hpp"
#include "study/input_distribution.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct TrainOptions : TrainingOptions {
    std::int64_t seed = 0;
    bool resume = false;
    bool probe = false;
    std::int64_t checkpoint_steps = 0;
};

/// A model of this run's own: from a word or a config with fresh weights, or an archive with its own.
Sequential fresh_model(const TrainOptions& o, const ChosenModel& chosen, const Dataset& data) {
    InputScaling scaling = input_scaling_from_word(o.scaling);
    // An archive's weights have been trained on inputs as its own first layers make them.
    if (chosen.saved && scaling == InputScaling::automatic) scaling = InputScaling::none;
    Sequential model(with_input(chosen.description, data.train, scaling), {.name = chosen.description.name,
                                                                           .seed = static_cast<std::uint64_t>(o.seed),
                                                                           .threads = threads_or_all(o.threads)});
    if (chosen.saved) copy_values(*chosen.saved, model);
    return model;
}

/// What a checkpoint must have been made with for a training to go on from it.
std::string fingerprint(const TrainOptions& o, const ChosenModel& chosen, const Dataset& data,
                        std::int64_t validation) {
    const std::string model = chosen.saved ? weights_sha256(chosen.saved->layout, chosen.saved->values) : "";
    const std::string text = to_json(chosen.description, nullptr) + model;
    return fmt::format(
        "data {} {:016x}, model {} {:.12}, batch size {}, {} at {}, seed {}, scaling {}, {} validation rows", data.name,
        content_hash(data), o.model, sha256_hex(std::as_bytes(std::span(text))), o.batch_size, o.optimizer, o.rate(),
        o.seed, o.scaling, validation);
}

std::string resume_line(const TrainOptions& o, const History& history) {
    return fmt::format("Interrupted in epoch {} of {}; everything so far is saved. To go on:\n  {}",
                       history.epochs.size() + 1, o.epochs, command_line_with_resume());
}

int train(const TrainOptions& o) {
    JsonHeader header("train");
    const RunFolder folder(o.out);
    std::optional<RunFolder> events;
    if (!o.tensorboard.empty()) events.emplace(o.tensorboard, "--tensorboard");
    Dataset data = open_data_to_compute(o.data, o.target);
    const std::int64_t validation = validation_rows(o, data);
    header.arguments = arguments_of(o, validation);
    header.arguments["seed"] = o.seed;
    header.arguments["resume"] = o.resume;
    header.arguments["probe"] = o.probe;
    header.arguments["checkpoint_steps"] = o.checkpoint_steps;

    const ChosenModel chosen = open_model(o.model, data.train.shape, data.classes);
    CheckpointOptions checkpoint;
    checkpoint.folder = folder.checkpoints();
    checkpoint.fingerprint = fingerprint(o, chosen, data, validation);
    checkpoint.every_steps = o.checkpoint_steps;

    Sequential model = fresh_model(o, chosen, data);
    model.compile(compilation_for(model.description(), data, o.compiled_optimizer()));
    FitOptions fit;
    fit.batch_size = o.batch_size;
    fit.epochs = static_cast<int>(o.epochs);
    fit.merge_lone_last_row = true;
    TrainingPosition position;
    if (o.resume) {
        auto saved =
            load_checkpoint(checkpoint.folder, checkpoint.fingerprint,
                            {.seed = static_cast<std::uint64_t>(o.seed), .threads = threads_or_all(o.threads)});
        if (saved) {
            position = saved->position;
            if (position.epoch > o.epochs || (position.epoch == o.epochs && position.batch > 0)) {
                fail_input("--epochs", fmt::format("at least {}, which are trained already", position.epoch),
                           fmt::format("{}", o.epochs));
            }
            model = std::move(saved->model);
            fit.history = std::move(saved->history);
            fit.resume = &position;
        } else if (!o.quiet) {
            notice("There is no checkpoint in " + checkpoint.folder.string() + " yet: starting from the beginning.");
        }
    } else {
        folder.start_over();
    }

    DataView rows(data.train), held_out(data.train);
    rows.rows = held_out.first_row = data.train.rows() - validation;
    held_out.rows = validation;
    if (validation > 0) fit.validation_data = &held_out;
    fit.callbacks = {std::make_shared<StopWhenInterrupted>(), std::make_shared<Checkpoint>(checkpoint),
                     std::make_shared<TrainProgress>(progress_mode(o.quiet), rows_word(data))};
    const auto probe = o.probe ? std::make_shared<Probe>(rows) : nullptr;
    if (probe) fit.callbacks.push_back(probe);
    if (events) fit.callbacks.push_back(std::make_shared<TensorBoard>(events->path(), probe));
    History history;
    {
        const Interruptible interruptible;
        history = model.fit(rows, fit);
    }
    if (history.stopped_early) {
        notice(resume_line(o, history));
        return interrupted;
    }

    const Evaluation test = model.evaluate(data.test);
    save_model(model, folder.path() / "model.keras");
    folder.write("history.csv", history_csv(history));
    json result = {{"weights_sha256", weights_sha256(model.layout(), model.values())},
                   {"test_accuracy", json()},
                   {"test_loss", number_or_null(test.loss)},
                   {"epochs", epochs_json(history)},
                   {"command_line", command_line()},
                   {"model", json::parse(to_json(model.description(), nullptr))},
                   {"input", to_json(input_distribution(data.train, data.feature_names, model.description()))}};
    if (probe) {
        result["probe"] =
            probe_json(static_cast<std::uint64_t>(o.seed), {{model.description().name, &probe->record()}});
    }
    result["test_" + history.metric_names[0]] = number_or_null(test.metrics[0]);
    const auto summary = header.with(result);
    folder.write("summary.json", text_of(summary));
    const bool reported = !write_report(folder, summary, !o.quiet).empty();
    if (o.json) {
        print(text_of(summary));
        return done;
    }
    print(epochs_table(history));
    print(fmt::format("\n  test {} {} on {} rows, loss {:.4f}   ({})\n", history.metric_names[0],
                      bold(metric_value(history.metric_names[0], test.metrics[0])), grouped(data.test.rows()),
                      test.loss, duration(header.seconds())));
    print(fmt::format("  saved {}{}, summary.json and history.csv\n", (folder.path() / "model.keras").string(),
                      reported ? ", report.html" : ""));
    return done;
}

}  // namespace

void add_train(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<TrainOptions>();
    options->out = "runs/train";
    CLI::App* sub = app.add_subcommand("train", "Trains a network and saves it as a Keras archive");
    add_training_options(*sub, *options);
    add_whole(*sub, "--seed", options->seed, 0, std::int64_t{1} << 53, "of initial weights and order of batches");
    sub->add_flag("--resume", options->resume,
                  "go on from the newest checkpoint in --out, bit for bit as if never interrupted (--epochs may be "
                  "larger, the rest must be the same); without one, start from the beginning");
    add_whole(*sub, "--checkpoint-steps", options->checkpoint_steps, 0, 1000000000,
              "also save a checkpoint every N steps; 0: after each epoch");
    sub->add_flag("--probe", options->probe,
                  "look into the hidden layers while they train, for summary.json; changes no bit of the training");
    sub->footer(R"(Ctrl-C finishes the step, saves a checkpoint and says how to go on; a second one ends at once.
DIR gets model.keras, report.html, summary.json, history.csv and checkpoint/. A finished run there is
replaced file by file; an unfinished one is refused unless --resume is given, so that no training is
lost.

Examples:
  evenkeel train --out runs/first
  evenkeel train --data digits --model mlp:784-64-10 --optimizer adam --epochs 10
  evenkeel train --data house.csv --target price --model mlp:8-64-64-1 --optimizer adam
  evenkeel train --out runs/first --epochs 20 --resume)");
    sub->callback([options, &chosen] { chosen = [options] { return train(*options); }; });
}

}  // namespace evenkeel::cli
