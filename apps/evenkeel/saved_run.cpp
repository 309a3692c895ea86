#include "saved_run.hpp"

#include <fmt/format.h>

#include <array>

#include "evenkeel/core/error.hpp"
#include "evenkeel/train/input_scaling.hpp"
#include "option_values.hpp"
#include "results.hpp"

namespace evenkeel::cli {

void add_saved_run_options(CLI::App& app, SavedRunOptions& o) {
    static constexpr std::array splits = {"test", "train"};
    static constexpr std::array scalings = {"none", "unit"};
    add_text(app, "MODEL", o.model, "a .keras archive, of Evenkeel's or of Keras's own", "FILE")->required();
    add_data_options(app, o.data, o.target);
    add_choice(app, "--split", o.split, splits, "which part of the data");
    add_whole(app, "--rows", o.rows, 1, std::int64_t{1} << 40, "only the first N rows")->default_str("all");
    add_choice(app, "--scaling", o.scaling, scalings,
               "of the inputs, for archives without a scaling layer of their own (unit: x/255)");
    add_threads(app, o.threads);
}

SavedModel open_archive(const SavedRunOptions& o) {
    if (!is_archive(o.model)) fail_input("MODEL", "a .keras archive", fmt::format("\"{:.200}\"", o.model));
    return load_keras(o.model);
}

Sequential model_for(const SavedRunOptions& o, const SavedModel& saved, const Examples& rows) {
    Sequential model(with_input(saved.description, rows, input_scaling_from_word(o.scaling)),
                     {.name = saved.description.name, .threads = threads_or_all(o.threads)});
    copy_values(saved, model);
    return model;
}

const Examples& chosen_part(const SavedRunOptions& o, const Dataset& data) {
    return o.split == "test" ? data.test : data.train;
}

std::int64_t chosen_rows(const SavedRunOptions& o, const Examples& part) {
    return o.rows > 0 ? std::min(o.rows, part.rows()) : part.rows();
}

json arguments_of(const SavedRunOptions& o, std::int64_t rows) {
    return {{"model", o.model},
            {"data", o.data},
            {"target", o.target.empty() ? json() : json(o.target)},
            {"split", o.split},
            {"rows", rows},
            {"scaling", o.scaling},
            {"threads", threads_or_all(o.threads)}};
}

}  // namespace evenkeel::cli
