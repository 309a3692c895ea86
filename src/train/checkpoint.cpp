#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "evenkeel/core/error.hpp"
#include "evenkeel/interop/keras.hpp"
#include "evenkeel/train/saving.hpp"
#include "train/saved_sequential.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// JSON knows no infinity, and a validation loss may be one while the training goes on: those travel as words.
json to_json(double value) {
    return std::isfinite(value) ? json(value) : json(fmt::format("{}", value));
}

double number_of(const json& j) {
    if (!j.is_string()) return j.get<double>();
    if (j == "inf") return std::numeric_limits<double>::infinity();
    if (j == "-inf") return -std::numeric_limits<double>::infinity();
    return std::numeric_limits<double>::quiet_NaN();
}

json to_json(const Evaluation& e) {
    json metrics = json::array();
    for (const double metric : e.metrics) metrics.push_back(to_json(metric));
    return {{"rows", e.rows}, {"loss", to_json(e.loss)}, {"metrics", metrics}};
}

Evaluation evaluation_of(const json& j) {
    Evaluation e;
    j.at("rows").get_to(e.rows);
    e.loss = number_of(j.at("loss"));
    for (const json& metric : j.at("metrics")) e.metrics.push_back(number_of(metric));
    return e;
}

json to_json(const TrainingPosition& p) {
    return {{"epoch", p.epoch},
            {"batch", p.batch},
            {"rows", p.rows},
            {"loss_sum", p.loss_sum},
            {"metric_sums", p.metric_sums}};
}

TrainingPosition position_of(const json& j) {
    TrainingPosition p;
    j.at("epoch").get_to(p.epoch);
    j.at("batch").get_to(p.batch);
    j.at("rows").get_to(p.rows);
    j.at("loss_sum").get_to(p.loss_sum);
    j.at("metric_sums").get_to(p.metric_sums);
    if (p.epoch < 0 || p.batch < 0 || p.rows < 0) fail_input("checkpoint", "a position that is not negative", j.dump());
    return p;
}

json to_json(const History& h) {
    json epochs = json::array();
    for (const EpochLog& log : h.epochs) {
        epochs.push_back({{"epoch", log.epoch},
                          {"train", to_json(log.train)},
                          {"validation", log.validated ? to_json(log.validation) : json()},
                          {"learning_rate", log.learning_rate},
                          {"seconds", log.seconds}});
    }
    return {{"metric_names", h.metric_names}, {"epochs", epochs}};
}

History history_of(const json& j) {
    History h;
    j.at("metric_names").get_to(h.metric_names);
    for (const json& e : j.at("epochs")) {
        EpochLog log;
        e.at("epoch").get_to(log.epoch);
        log.train = evaluation_of(e.at("train"));
        log.validated = !e.at("validation").is_null();
        if (log.validated) log.validation = evaluation_of(e.at("validation"));
        e.at("learning_rate").get_to(log.learning_rate);
        e.at("seconds").get_to(log.seconds);
        h.epochs.push_back(std::move(log));
    }
    return h;
}

struct Found {
    std::int64_t step;
    fs::path path;
};

// step-N.keras in the folder, the newest first; anything else there is not ours.
std::vector<Found> checkpoints_in(const fs::path& folder) {
    std::vector<Found> found;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(folder, problem)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with("step-") || !name.ends_with(".keras")) continue;
        std::int64_t step = 0;
        const char* last = name.data() + name.size() - 6;
        const auto [end, status] = std::from_chars(name.data() + 5, last, step);
        if (status == std::errc{} && end == last) found.push_back({step, entry.path()});
    }
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.step > b.step; });
    return found;
}

// What a process that was killed while it wrote has left: write_file_atomically's temporary files of checkpoints.
void remove_unfinished(const fs::path& folder) {
    std::vector<fs::path> unfinished;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(folder, problem)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(".step-") && name.ends_with(".tmp")) unfinished.push_back(entry.path());
    }
    for (const fs::path& path : unfinished) fs::remove(path, problem);
}

}  // namespace

Checkpoint::Checkpoint(CheckpointOptions options) : options_(std::move(options)) {
    if (options_.every_steps < 0) {
        fail_input("Checkpoint.every_steps", "a number of at least 0", fmt::format("{}", options_.every_steps));
    }
    if (options_.keep < 1) fail_input("Checkpoint.keep", "a number of at least 1", fmt::format("{}", options_.keep));
}

void Checkpoint::on_train_begin(Training&) {
    std::error_code problem;
    fs::create_directories(options_.folder, problem);
    if (problem)
        fail_input("checkpoint", "a folder that can be made", options_.folder.string() + ": " + problem.message());
    remove_unfinished(options_.folder);
}

void Checkpoint::on_batch_end(Training& training, double) {
    if (options_.every_steps > 0 && training.optimizer.iteration % options_.every_steps == 0) save(training);
}

void Checkpoint::on_epoch_end(Training& training, const EpochLog&) {
    save(training);
}

void Checkpoint::on_train_end(Training& training) {
    if (training.stop) save(training);
}

void Checkpoint::save(const Training& training) {
    SavedModel saved;
    saved.description = training.description;
    saved.layout = training.layout;
    saved.values = training.values;
    saved.compilation = training.compilation;
    saved.optimizer_values = training.optimizer;
    saved.extra_json = json{{"fingerprint", options_.fingerprint},
                            {"position", to_json(training.position)},
                            {"history", to_json(training.history)}}
                           .dump();
    save_keras(options_.folder / fmt::format("step-{}.keras", training.optimizer.iteration), saved);
    const std::vector<Found> found = checkpoints_in(options_.folder);
    for (std::size_t i = static_cast<std::size_t>(options_.keep); i < found.size(); ++i) {
        std::error_code ignored;  // an old checkpoint that stays costs room, nothing else
        fs::remove(found[i].path, ignored);
    }
}

std::optional<SavedTraining> load_checkpoint(const fs::path& folder, const std::string& fingerprint,
                                             const SequentialOptions& options) {
    std::string last_problem;
    for (const Found& found : checkpoints_in(folder)) {
        std::string theirs;
        try {
            SavedModel saved = load_keras(found.path);
            const json training = json::parse(saved.extra_json);
            theirs = training.at("fingerprint").get<std::string>();
            if (theirs == fingerprint) {
                const TrainingPosition position = position_of(training.at("position"));
                const History history = history_of(training.at("history"));
                return SavedTraining{sequential_of(std::move(saved), options), position, history};
            }
        } catch (const json::exception& problem) {
            last_problem = problem.what();
            continue;
        } catch (const Error& problem) {
            last_problem = problem.what();
            continue;
        }
        fail_input(found.path.string(), "a checkpoint of the same training (" + fingerprint + ")", theirs);
    }
    if (!last_problem.empty()) {
        fail_input("checkpoint " + folder.string(), "at least one checkpoint that can be read", last_problem);
    }
    return std::nullopt;
}

}  // namespace evenkeel
