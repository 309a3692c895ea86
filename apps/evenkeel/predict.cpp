#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "command.hpp"
#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/table.hpp"
#include "option_values.hpp"
#include "run_folder.hpp"
#include "saved_run.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {
namespace {

struct PredictOptions : SavedRunOptions {
    std::string out;
};

bool ends_with(const std::string& name, const char* extension) {
    return name.ends_with(extension);
}

/// A CSV without a target: every column is a feature, every row is predicted, in the file's order.
Dataset unlabelled(const std::string& path) {
    const Table table = read_table(path);
    Dataset data;
    data.name = path;
    std::vector<float> values;
    for (std::size_t row = 0; row < table.rows(); ++row) {
        for (std::size_t column = 0; column < table.columns.size(); ++column)
            values.push_back(static_cast<float>(number_at(table, row, column)));
    }
    data.test.shape = {static_cast<std::int64_t>(table.columns.size())};
    data.test.values = std::move(values);
    data.test.targets.assign(table.rows(), 0.0F);  // so that rows() counts them
    data.test.target_width = 1;
    return data;
}

/// NumPy's file format, version 1: float32 of shape (rows, width), C order.
std::string npy_of(std::span<const float> values, std::int64_t rows, std::int64_t width) {
    std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, width);
    while ((10 + header.size() + 1) % 64 != 0) header += ' ';
    header += '\n';
    std::string out("\x93NUMPY\x01\x00", 8);
    out += static_cast<char>(header.size() & 0xFF);
    out += static_cast<char>(header.size() >> 8);
    out += header;
    const std::size_t begin = out.size();
    out.resize(begin + values.size_bytes());
    std::memcpy(out.data() + begin, values.data(), values.size_bytes());
    return out;
}

/// The most probable class of a row; of an output one value wide, whether it is at least ½.
std::int64_t class_of(std::span<const float> row) {
    if (row.size() == 1) return row[0] >= 0.5F ? 1 : 0;
    return std::max_element(row.begin(), row.end()) - row.begin();
}

std::string class_name(const std::vector<std::string>& names, std::int64_t index) {
    if (index >= static_cast<std::int64_t>(names.size())) return fmt::format("{}", index);
    const std::string& name = names[static_cast<std::size_t>(index)];
    if (name.find_first_of(",\"\n\r") == std::string::npos) return name;
    std::string quoted = "\"";
    for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

/// Whether the outputs are to be read as probabilities of classes: they all lie in [0, 1] and sum to 1.
bool are_probabilities(std::span<const float> values, std::int64_t width) {
    for (std::size_t begin = 0; begin < values.size(); begin += static_cast<std::size_t>(width)) {
        double sum = 0;
        for (const float p : values.subspan(begin, static_cast<std::size_t>(width))) {
            if (!(p >= 0 && p <= 1)) return false;
            sum += p;
        }
        if (width > 1 && std::abs(sum - 1) > 1e-3) return false;
    }
    return true;
}

std::string csv_of(std::span<const float> values, std::int64_t width, const Dataset& data) {
    const bool classes = are_probabilities(values, width) && (width > 1 || data.classes == 2);
    std::string out = classes ? "row,class" : "row";
    for (std::int64_t c = 0; c < width; ++c) out += fmt::format(",{}{}", classes ? "p" : "y", c);
    out += '\n';
    const auto step = static_cast<std::size_t>(width);
    for (std::size_t r = 0; r * step < values.size(); ++r) {
        const auto row = values.subspan(r * step, step);
        out += fmt::format("{}", r);
        if (classes) out += ',' + class_name(data.class_names, class_of(row));
        for (const float value : row) out += fmt::format(",{}", value);
        out += '\n';
    }
    return out;
}

int predict(const PredictOptions& o) {
    JsonHeader header("predict");
    if (!o.out.empty()) {
        if (!ends_with(o.out, ".csv") && !ends_with(o.out, ".npy"))
            fail_input("--out", "a name that ends with .csv or .npy", fmt::format("\"{:.200}\"", o.out));
        check_writable(o.out);
    }
    const SavedModel saved = open_archive(o);
    const bool all_features = o.target.empty() && ends_with(o.data, ".csv");
    const Dataset data = all_features ? unlabelled(o.data) : open_data_to_compute(o.data, o.target);
    const Examples& part = all_features ? data.test : chosen_part(o, data);
    Sequential model = model_for(o, saved, part);
    const std::int64_t rows = chosen_rows(o, part);
    header.arguments = arguments_of(o, rows);
    header.arguments["out"] = o.out.empty() ? json() : json(o.out);

    const std::int64_t width = elements(model.description().output_shape(), "output");
    const auto count = static_cast<std::size_t>(rows * elements(part.shape, "input"));
    const std::vector<float> values =
        std::visit([&](const auto& all) { return model.predict(Features(std::span(all).first(count))); }, part.values);

    if (!o.out.empty()) {
        const std::string text = ends_with(o.out, ".npy") ? npy_of(values, rows, width) : csv_of(values, width, data);
        write_file_atomically(o.out, std::as_bytes(std::span(text)));
    }
    if (o.json) {
        json predictions = json::array();
        for (std::size_t r = 0; o.out.empty() && r < static_cast<std::size_t>(rows); ++r) {
            const auto row =
                std::span(values).subspan(r * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
            predictions.push_back(std::vector<float>(row.begin(), row.end()));
        }
        json result = {{"rows", rows}, {"outputs", width}};
        if (o.out.empty()) result["predictions"] = std::move(predictions);
        print(text_of(header.with(result)));
    } else if (o.out.empty()) {
        print(csv_of(values, width, data));
    } else {
        print(fmt::format("{} predictions in {}\n", grouped(rows), o.out));
    }
    return done;
}

}  // namespace

void add_predict(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<PredictOptions>();
    CLI::App* sub = app.add_subcommand("predict", "Predictions of a saved network, as CSV or NumPy's .npy");
    add_saved_run_options(*sub, *options);
    add_text(*sub, "--out", options->out, "write to FILE.csv or FILE.npy instead of stdout", "FILE");
    add_output_flags(*sub, options->json, nullptr);
    sub->footer(R"(A .csv with --target is split as in training, and the rows of --split are predicted; without --target
all its columns are inputs and all its rows are predicted, in order.

Examples:
  evenkeel predict runs/train/model.keras --data mnist --rows 10
  evenkeel predict runs/train/model.keras --data mnist --out digits.npy
  evenkeel predict house.keras --data new_houses.csv --out prices.csv)");
    sub->callback([options, &chosen] { chosen = [options] { return predict(*options); }; });
}

}  // namespace evenkeel::cli
