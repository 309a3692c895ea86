#include "evenkeel/interop/keras.hpp"

#include <fmt/format.h>

#include <array>

#include "core/files.hpp"
#include "core/sha256.hpp"
#include "evenkeel/core/error.hpp"
#include "interop/hdf5_reader.hpp"
#include "interop/json_view.hpp"
#include "interop/keras_archive.hpp"
#include "interop/keras_config.hpp"
#include "interop/keras_extras.hpp"
#include "interop/keras_weights.hpp"
#include "interop/zip_archive.hpp"

namespace evenkeel {
namespace {

constexpr std::uint64_t max_archive_bytes = std::uint64_t{1} << 40;
constexpr std::uint64_t max_json_bytes = std::uint64_t{64} << 20;
constexpr const char* config_entry = "config.json";
constexpr const char* weights_entry = "model.weights.h5";
constexpr const char* extras_entry = "assets/evenkeel.json";

// The version whose layout this is; equal models shall give equal files, so no clock is asked for the date.
constexpr std::string_view metadata = R"({"keras_version": "3.15.1", "date_saved": "1980-01-01@00:00:00"})";

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::uint64_t entry_size(const ZipArchive& archive, std::string_view name) {
    for (const ZipEntry& entry : archive.entries()) {
        if (entry.name == name) return entry.size;
    }
    return 0;
}

// model.weights.h5, once it is known that it can hold the variables, and that it is no more than they and an
// optimizer can need.
std::vector<std::byte> weights_file(const ZipArchive& archive, const VariableLayout& layout, const std::string& where) {
    if (!archive.contains(weights_entry) && archive.contains("model.weights.npz")) {
        fail_input(where, fmt::format("weights in {}", weights_entry), "in model.weights.npz");
    }
    std::uint64_t needed = 0;
    for (const Variable& v : layout.variables) needed += static_cast<std::uint64_t>(v.size) * 4;
    const std::uint64_t size = entry_size(archive, weights_entry);
    if (archive.contains(weights_entry) && size < needed) {
        fail_input(fmt::format("{}: {}", where, weights_entry),
                   fmt::format("at least {} bytes for the variables of the config", needed), fmt::format("{}", size));
    }
    // Names and empty groups of thousands of layers take some; slots of optimizers that we know not, too.
    const std::uint64_t overhead = (std::uint64_t{64} << 20) + 8192 * layout.variables.size();
    return archive.read(weights_entry, overhead + 8 * needed);
}

template <class Work>
auto checked_json(const std::string& where, Work work) {
    try {
        return work();
    } catch (const nlohmann::json::exception& error) {  // a name that is no UTF-8
        fail_input(where, "texts in UTF-8", error.what());
    }
}

}  // namespace

SavedModel keras::read_archive(std::vector<std::byte> bytes, const std::string& file) {
    const ZipArchive archive(std::move(bytes), file);
    SavedModel model;
    const auto config_bytes = archive.read(config_entry, max_json_bytes);
    const nlohmann::json document = parse_json(text_of(config_bytes), file + ": config.json");
    const JsonView config(document, file);
    model.description = keras::read_model(config);

    // BN's own options change which variables train, hence before the layout.
    std::vector<std::int64_t> updates;
    for (const Layer& layer : model.description.layers) {
        if (std::holds_alternative<BatchNormalization>(layer)) updates.push_back(-1);
    }
    keras::Extras extras;
    if (archive.contains(extras_entry)) {
        const auto extras_bytes = archive.read(extras_entry, max_json_bytes);
        extras = keras::read_extras(text_of(extras_bytes), fmt::format("{}: {}", file, extras_entry), model.description,
                                    updates);
    }
    model.layout = VariableLayout(model.description);
    const auto weights = weights_file(archive, model.layout, file);
    const hdf5::Group root = hdf5::read(weights, fmt::format("{}: {}", file, weights_entry));
    model.values = keras::read_values(root, model.description, model.layout, file);
    model.values.updates = std::move(updates);
    model.extra_json = std::move(extras.extra_json);

    auto found = keras::read_compilation(config, extras.training);
    model.compilation = std::move(found.compilation);
    model.compilation_problem = std::move(found.problem);
    if (model.compilation) {
        try {
            model.optimizer_values =
                keras::read_optimizer_values(root, model.description, model.layout, model.compilation->optimizer, file);
        } catch (const Error& error) {
            model.compilation.reset();
            model.compilation_problem = error.what();
        }
    }
    return model;
}

std::vector<std::byte> keras::write_archive(const SavedModel& model, const std::string& file) {
    const auto weights = keras::write_weights(model, file);
    const std::string config = to_json(model.description, model.compilation ? &*model.compilation : nullptr);
    const std::string extras = checked_json(file, [&] { return keras::write_extras(model, file); });
    const std::array<ZipContent, 4> contents = {{{"metadata.json", bytes_of(metadata)},
                                                 {config_entry, bytes_of(config)},
                                                 {weights_entry, weights},
                                                 {extras_entry, bytes_of(extras)}}};
    return make_zip(contents, file);
}

SavedModel load_keras(const std::filesystem::path& path) {
    return keras::read_archive(read_file(path, max_archive_bytes), path.filename().string());
}

void save_keras(const std::filesystem::path& path, const SavedModel& model) {
    write_file_atomically(path, keras::write_archive(model, path.filename().string()));
}

ModelDescription description_from_json(std::string_view json, std::string_view where) {
    const std::string words(where);
    if (json.size() > max_json_bytes) {
        fail_input(words, fmt::format("at most {} bytes", max_json_bytes), fmt::format("{}", json.size()));
    }
    const nlohmann::json document = parse_json(json, words);
    return keras::read_model(JsonView(document, words));
}

std::string to_json(const ModelDescription& description, const Compilation* compilation) {
    return checked_json(description.name, [&] { return keras::write_model(description, compilation).dump(1) + "\n"; });
}

std::vector<std::byte> weights_bytes(const VariableLayout& layout, const VariableValues& values) {
    std::vector<std::byte> out;
    for (const Variable& v : layout.variables) {
        const auto bytes = std::as_bytes(values.of(v));
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
}

std::string weights_sha256(const VariableLayout& layout, const VariableValues& values) {
    Sha256 hash;
    for (const Variable& v : layout.variables) hash.update(std::as_bytes(values.of(v)));
    return hash.hex();
}

}  // namespace evenkeel
