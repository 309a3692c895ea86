#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "command.hpp"
#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/standardizer.hpp"
#include "evenkeel/data/table.hpp"
#include "option_values.hpp"
#include "run_folder.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct StandardizeOptions {
    std::string data;
    std::string target;
    std::string out;
    bool json = false;
};

/// The numbers of a data set as columns, and how to write them back.
struct Columns {
    Examples numbers;                 ///< rows × features, float32, as training sees them
    std::vector<std::string> names;   ///< of the features
    std::vector<std::string> others;  ///< columns left as they are
    std::string what;                 ///< "age_income.csv, 5 rows"
    Table table;                      ///< of a CSV, else empty
    std::vector<std::size_t> places;  ///< of the features among the table's columns
};

bool looks_like_number(std::string_view cell) {
    double ignored = 0;
    if (cell.starts_with('+')) cell.remove_prefix(1);
    return !cell.empty() &&
           std::from_chars(cell.data(), cell.data() + cell.size(), ignored).ptr == cell.data() + cell.size();
}

Columns columns_of_csv(const StandardizeOptions& o) {
    Columns c;
    c.table = read_table(o.data);
    const Table& t = c.table;
    if (!o.target.empty() && std::find(t.columns.begin(), t.columns.end(), o.target) == t.columns.end())
        fail_input("--target", "a column of " + o.data, fmt::format("\"{:.60}\"", o.target));
    for (std::size_t column = 0; column < t.columns.size(); ++column) {
        bool numeric = t.columns[column] != o.target;
        // A column without any number is a text; one with some must hold nothing else.
        for (std::size_t row = 0, found = 0; numeric && found == 0; ++row) {
            if (row == t.rows()) {
                numeric = false;
            } else {
                found += looks_like_number(t.cell(row, column)) ? 1 : 0;
            }
        }
        if (numeric) {
            c.places.push_back(column);
            c.names.push_back(t.columns[column]);
        } else {
            c.others.push_back(t.columns[column]);
        }
    }
    if (c.names.empty()) fail_input(o.data, "at least one column of numbers", "none");
    std::vector<float> values;
    for (std::size_t row = 0; row < t.rows(); ++row) {
        for (const std::size_t column : c.places) values.push_back(static_cast<float>(number_at(t, row, column)));
    }
    c.numbers.shape = {static_cast<std::int64_t>(c.names.size())};
    c.numbers.values = std::move(values);
    c.numbers.targets.assign(t.rows(), 0.0F);  // so that rows() counts them
    c.numbers.target_width = 1;
    c.what = fmt::format("{}, {} rows", o.data, grouped(static_cast<long long>(t.rows())));
    return c;
}

Columns columns_of_dataset(const StandardizeOptions& o) {
    Columns c;
    Dataset data = open_data(o.data, o.target);
    c.numbers = std::move(data.train);
    const std::int64_t features = elements(c.numbers.shape, "input");
    if (auto* bytes = std::get_if<std::vector<std::uint8_t>>(&c.numbers.values))
        c.numbers.values = std::vector<float>(bytes->begin(), bytes->end());
    for (std::int64_t i = 0; i < features; ++i) c.names.push_back(fmt::format("x{}", i + 1));
    c.what = fmt::format("{}, {} training rows", data.name, grouped(c.numbers.rows()));
    return c;
}

std::string csv_cell(const std::string& text) {
    if (text.find_first_of(",;\t\"\n\r") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

std::string csv_of(const Columns& c, const std::vector<float>& values) {
    const std::size_t features = c.names.size();
    std::string out;
    const bool table = !c.table.columns.empty();
    const std::vector<std::string>& header = table ? c.table.columns : c.names;
    for (std::size_t i = 0; i < header.size(); ++i) out += (i > 0 ? "," : "") + csv_cell(header[i]);
    if (!table) out += c.numbers.labels.empty() ? "" : ",label";
    out += '\n';
    for (std::size_t row = 0; row * features < values.size(); ++row) {
        std::vector<std::string> cells;
        if (table) {
            for (std::size_t column = 0; column < header.size(); ++column)
                cells.push_back(csv_cell(c.table.cell(row, column)));
            for (std::size_t f = 0; f < features; ++f)
                cells[c.places[f]] = fmt::format("{}", values[row * features + f]);
        } else {
            for (std::size_t f = 0; f < features; ++f) cells.push_back(fmt::format("{}", values[row * features + f]));
            if (!c.numbers.labels.empty()) cells.push_back(fmt::format("{}", c.numbers.labels[row]));
        }
        for (std::size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? "," : "") + cells[i];
        out += '\n';
    }
    return out;
}

std::string plain(double x) {
    if (std::abs(x) < 5e-7) return "0";
    return fmt::format("{:.5g}", x);
}

/// The lecture's table: the first rows as they are and standardized.
std::string rows_before_and_after(const Columns& c, const std::vector<float>& before, const std::vector<float>& after) {
    const std::size_t features = c.names.size();
    if (features > 4) return {};
    std::vector<std::string> header = {"row"};
    for (const std::string& name : c.names) header.push_back(name);
    for (const std::string& name : c.names) header.push_back("→ " + name);
    TextTable table(header, std::string(header.size(), 'r'));
    const std::size_t rows = before.size() / features;
    for (std::size_t r = 0; r < std::min<std::size_t>(rows, 8); ++r) {
        std::vector<std::string> cells = {fmt::format("{}", r + 1)};
        for (std::size_t f = 0; f < features; ++f) cells.push_back(fmt::format("{:.6g}", before[r * features + f]));
        for (std::size_t f = 0; f < features; ++f)
            cells.push_back(fmt::format("{:.3f}", after[r * features + f] + 0.0F));
        table.add(cells);
    }
    if (rows > 8) table.add(std::vector<std::string>(header.size(), "…"));
    return '\n' + table.text();
}

int run_standardize(const StandardizeOptions& o) {
    JsonHeader header("standardize");
    header.arguments = {{"data", o.data},
                        {"target", o.target.empty() ? json() : json(o.target)},
                        {"out", o.out.empty() ? json() : json(o.out)}};
    if (!o.out.empty()) {
        if (!o.out.ends_with(".csv"))
            fail_input("--out", "a name that ends with .csv", fmt::format("\"{:.200}\"", o.out));
        check_writable(o.out);
    }
    const bool csv = o.data.ends_with(".csv") || o.data.ends_with(".CSV");
    Columns c = csv ? columns_of_csv(o) : columns_of_dataset(o);
    const auto& before = std::get<std::vector<float>>(c.numbers.values);
    const Standardization s = fit_standardization(c.numbers);
    std::vector<float> after = before;
    standardize(s, after);
    if (!o.out.empty()) {
        const std::string text = csv_of(c, after);
        write_file_atomically(o.out, std::as_bytes(std::span(text)));
    }
    Examples standardized = c.numbers;
    standardized.values = std::move(after);
    const Standardization check = fit_standardization(standardized);

    const auto constant = [&](std::size_t f) {
        return std::find(s.constant.begin(), s.constant.end(), static_cast<std::int64_t>(f)) != s.constant.end();
    };
    if (o.json) {
        json columns_json = json::array();
        for (std::size_t f = 0; f < c.names.size(); ++f) {
            columns_json.push_back(
                {{"name", c.names[f]},
                 {"constant", constant(f)},
                 {"before", {{"mean", s.mean[f]}, {"deviation", constant(f) ? 0.0 : s.deviation[f]}}},
                 {"after", {{"mean", check.mean[f]}, {"deviation", constant(f) ? 0.0 : check.deviation[f]}}}});
        }
        print(text_of(header.with({{"rows", c.numbers.rows()}, {"columns", columns_json}, {"unchanged", c.others}})));
        return done;
    }
    TextTable table({"column", "mean μ", "deviation σ", "μ after", "σ after", ""}, "lrrrrl");
    constexpr std::size_t most = 16;
    std::size_t shown = 0, hidden = 0;
    for (std::size_t f = 0; f < c.names.size(); ++f) {
        const bool many = c.names.size() > most;
        if (many && (constant(f) || shown >= most)) {  // an image's rim says nothing
            ++hidden;
            continue;
        }
        ++shown;
        table.add({c.names[f], plain(s.mean[f]), constant(f) ? "0" : plain(s.deviation[f]), plain(check.mean[f]),
                   constant(f) ? "0" : plain(check.deviation[f]), constant(f) ? "constant: only centred" : ""});
    }
    std::string out = fmt::format("\n{}: x ← (x − μ)/σ, column by column\n\n", bold(c.what)) + table.text();
    if (hidden > 0)
        out += dim(fmt::format("  … and {} more columns; {} columns are constant\n",
                               grouped(static_cast<long long>(hidden)),
                               s.constant.empty() ? "no" : grouped(static_cast<long long>(s.constant.size()))));
    for (const std::string& name : c.others) out += dim(fmt::format("  {} is left as it is\n", name));
    out += rows_before_and_after(c, before, std::get<std::vector<float>>(standardized.values));
    if (!o.out.empty()) out += fmt::format("\n  saved {}\n", o.out);
    print(out);
    return done;
}

}  // namespace

void add_standardize(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<StandardizeOptions>();
    CLI::App* sub = app.add_subcommand("standardize", "Brings every column to mean 0 and standard deviation 1");
    add_data_options(*sub, options->data, options->target);
    sub->get_option("--data")->required();
    sub->get_option("--target")->description("a column of a .csv that is to be left as it is");
    add_text(*sub, "--out", options->out, "write the standardized rows to FILE.csv", "FILE");
    add_output_flags(*sub, options->json, nullptr);
    sub->footer(
        R"(A .csv is taken whole, its columns of texts left as they are; of other data the training rows. The same
standardizer stands in front of every training on numbers that are not bytes.

Examples:
  evenkeel standardize --data age_income.csv
  evenkeel standardize --data age_income.csv --out scaled.csv
  evenkeel standardize --data mnist --json)");
    sub->callback([options, &chosen] { chosen = [options] { return run_standardize(*options); }; });
}

}  // namespace evenkeel::cli
