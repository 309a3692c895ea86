#include "results.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <span>

#include "evenkeel/core/error.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
    return std::rotl((hash ^ word) * 0x9E3779B97F4A7C15u, 29);
}

// Eight words at a time, each into a hash of its own: in one, each would wait for the multiplication before it.
std::uint64_t mixed(std::uint64_t hash, std::span<const std::byte> bytes) {
    std::array<std::uint64_t, 8> hashes{}, words{};
    hash = mixed(hash, bytes.size());
    while (!bytes.empty()) {
        const std::size_t count = std::min(sizeof words, bytes.size());
        words.fill(0);
        std::memcpy(words.data(), bytes.data(), count);
        for (std::size_t i = 0; i < words.size(); ++i) hashes[i] = mixed(hashes[i], words[i]);
        bytes = bytes.subspan(count);
    }
    return std::accumulate(hashes.begin(), hashes.end(), hash,
                           [](std::uint64_t all, std::uint64_t one) { return mixed(all, one); });
}

std::uint64_t mixed(std::uint64_t hash, const Examples& examples) {
    hash = mixed(hash, std::as_bytes(std::span(examples.shape)));
    std::visit([&](const auto& values) { hash = mixed(hash, std::as_bytes(std::span(values))); }, examples.values);
    hash = mixed(hash, std::as_bytes(std::span(examples.labels)));
    return mixed(hash, std::as_bytes(std::span(examples.targets)));
}

}  // namespace

std::string metric_value(const std::string& name, double value) {
    return name.ends_with("accuracy") ? percent(value) : fmt::format("{:.4g}", value);
}

std::string epochs_table(const History& history) {
    constexpr std::size_t most = 24, head = 4;
    const std::string& metric = history.metric_names.front();
    TextTable table({"epoch", "train loss", "train " + metric, "validation loss", "validation " + metric, "seconds"},
                    "rrrrrr");
    const std::size_t n = history.epochs.size();
    for (std::size_t i = 0; i < n; ++i) {
        if (n > most && i >= head && i + (most - head) < n) {
            if (i == head) table.add({"…", "…", "…", "…", "…", "…"});
            continue;
        }
        const EpochLog& e = history.epochs[i];
        table.add(
            {fmt::format("{}", e.epoch), fmt::format("{:.4f}", e.train.loss), metric_value(metric, e.train.metrics[0]),
             e.validated ? fmt::format("{:.4f}", e.validation.loss) : "–",
             e.validated ? metric_value(metric, e.validation.metrics[0]) : "–", fmt::format("{:.2f}", e.seconds)});
    }
    return '\n' + table.text();
}

std::string epoch_csv(const EpochLog& e) {
    std::string out = fmt::format("{},{},{},", e.epoch, e.train.loss, e.train.metrics[0]);
    out += e.validated ? fmt::format("{},{}", e.validation.loss, e.validation.metrics[0]) : ",";
    return out + fmt::format(",{},{:.6f}\n", e.learning_rate, e.seconds);
}

std::string history_csv(const History& history) {
    const std::string& metric = history.metric_names.front();
    std::string out =
        fmt::format("epoch,train_loss,train_{0},validation_loss,validation_{0},learning_rate,seconds\n", metric);
    for (const EpochLog& epoch : history.epochs) out += epoch_csv(epoch);
    return out;
}

json epochs_json(const History& history) {
    const std::string& metric = history.metric_names.front();
    json epochs = json::array();
    for (const EpochLog& e : history.epochs) {
        json j = {{"epoch", e.epoch},
                  {"train_loss", number_or_null(e.train.loss)},
                  {"train_" + metric, number_or_null(e.train.metrics[0])},
                  {"learning_rate", e.learning_rate},
                  {"seconds", e.seconds}};
        if (e.validated) {
            j["validation_loss"] = number_or_null(e.validation.loss);
            j["validation_" + metric] = number_or_null(e.validation.metrics[0]);
        }
        epochs.push_back(std::move(j));
    }
    return epochs;
}

std::uint64_t content_hash(const Dataset& data) {
    return mixed(mixed(0, data.train), data.test);
}

void copy_values(const SavedModel& saved, Sequential& model) {
    const auto& from = saved.layout.variables;
    const auto& to = model.layout().variables;
    if (from.size() != to.size() || saved.values.updates.size() != model.values().updates.size()) {
        fail_input("--scaling", fmt::format("a scaling that keeps the {} variables of the archive", from.size()),
                   fmt::format("{}", to.size()));
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
        const auto values = saved.values.of(from[i]);
        if (from[i].shape != to[i].shape) fail_input(to[i].path, to_string(from[i].shape), to_string(to[i].shape));
        std::copy(values.begin(), values.end(), model.values().of(to[i]).begin());
    }
    model.values().updates = saved.values.updates;
}

}  // namespace evenkeel::cli
