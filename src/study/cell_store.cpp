#include "study/cell_store.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <span>

#include "core/files.hpp"
#include "core/sha256.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/interop/keras.hpp"
#include "study/compare_json.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 28;  // a million epochs take less
constexpr int version = 1;

/// What a Keras config has no word for.
std::string beyond_keras(const ModelDescription& model, const Optimizer& optimizer) {
    std::string out = std::visit([](const auto& o) { return fmt::format("{}", o.decay_gamma_beta); }, optimizer);
    for (const Layer& layer : model.layers) {
        if (const auto* bn = std::get_if<BatchNormalization>(&layer)) {
            out += fmt::format(" {}{}{}{}{}{}{}", bn->debias, static_cast<int>(bn->moving_variance),
                               static_cast<int>(bn->single_value), bn->train_gamma, bn->train_beta,
                               bn->update_statistics, bn->use_moving_statistics);
        }
    }
    return out;
}

std::string hash_of(const std::string& identity, std::uint64_t seed) {
    const std::string text = fmt::format("{}\nseed {}", identity, seed);
    return sha256_hex(std::as_bytes(std::span(text)));
}

double number(const json& j) {
    return j.is_null() ? std::numeric_limits<double>::quiet_NaN() : j.get<double>();
}

EpochLog epoch_from(const json& j) {
    EpochLog log;
    log.epoch = j.at("epoch").get<int>();
    log.train.loss = number(j.at("train_loss"));
    log.train.metrics = {number(j.at("train_accuracy"))};
    log.learning_rate = j.at("learning_rate").get<double>();
    log.seconds = j.at("seconds").get<double>();
    log.validated = j.contains("validation_loss");
    if (log.validated) {
        log.validation.loss = number(j.at("validation_loss"));
        log.validation.metrics = {number(j.at("validation_accuracy"))};
    }
    return log;
}

ComparedRun run_from(const json& j) {
    ComparedRun run;
    run.seed = j.at("seed").get<std::uint64_t>();
    run.diverged = j.at("diverged").get<bool>();
    if (run.diverged) run.problem = j.at("problem").get<std::string>();
    run.test_accuracy = j.at("test_accuracy").get<double>();
    if (!j.at("test_loss").is_null()) run.test_loss = j.at("test_loss").get<double>();
    run.seconds = j.at("seconds").get<double>();
    for (const json& epoch : j.at("epochs")) run.epochs.push_back(epoch_from(epoch));
    return run;
}

}  // namespace

std::string cell_identity(const SweepPoint& point, const ComparedArm& arm, const SweepOptions& options) {
    return fmt::format("{}\n{}\n{}\nbatches of {}, {} epochs, {} training rows, {} held out", options.fingerprint,
                       to_json(arm.model, &point.compilation), beyond_keras(arm.model, point.compilation.optimizer),
                       point.batch_size, options.epochs, options.train_rows, options.validation_rows);
}

CellStore::CellStore(std::filesystem::path folder) : folder_(std::move(folder)) {
    if (folder_.empty()) return;
    std::error_code problem;
    std::filesystem::create_directories(folder_, problem);
    if (!std::filesystem::is_directory(folder_))
        fail_input("sweep.cells", "a folder that can be made", fmt::format("{}", folder_.string()));
}

std::optional<ComparedRun> CellStore::load(const std::string& identity, std::uint64_t seed) const {
    const std::string hash = hash_of(identity, seed);
    const std::filesystem::path file = folder_ / (hash.substr(0, 16) + ".json");
    std::error_code none;
    if (folder_.empty() || !std::filesystem::is_regular_file(file, none)) return std::nullopt;
    try {
        const std::vector<std::byte> bytes = read_file(file, most_bytes);
        const char* text = reinterpret_cast<const char*>(bytes.data());
        const json document = json::parse(text, text + bytes.size());
        if (document.at("version") != version || document.at("sha256") != hash) return std::nullopt;
        ComparedRun run = run_from(document.at("run"));
        if (run.seed != seed) return std::nullopt;
        return run;
    } catch (const json::exception&) {
        return std::nullopt;
    } catch (const Error&) {
        return std::nullopt;
    }
}

void CellStore::save(const std::string& identity, const SweepPoint& point, const ComparedArm& arm,
                     const ComparedRun& run) const {
    if (folder_.empty()) return;
    const std::string hash = hash_of(identity, run.seed);
    const json document = {
        {"version", version}, {"sha256", hash}, {"value", point.value}, {"arm", arm.name}, {"run", to_json(run)}};
    const std::string text = document.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
    write_file_atomically(folder_ / (hash.substr(0, 16) + ".json"), std::as_bytes(std::span(text)));
}

ComparedRun as_kept(const ComparedRun& run) {
    return run_from(json::parse(to_json(run).dump(-1, ' ', false, json::error_handler_t::replace)));
}

}  // namespace evenkeel
