#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "results.hpp"
#include "saved_run.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {
namespace {

int evaluate(const SavedRunOptions& o) {
    JsonHeader header("evaluate");
    const SavedModel saved = open_archive(o);
    Dataset data = open_data_to_compute(o.data, o.target);
    Sequential model = model_for(o, saved, data.train);
    model.compile(compilation_for(model.description(), data, SGD{}));
    DataView view(chosen_part(o, data));
    view.rows = chosen_rows(o, chosen_part(o, data));
    header.arguments = arguments_of(o, view.rows);
    const Evaluation result = model.evaluate(view);
    const std::string metric = model.compilation().metrics.front().word();
    if (o.json) {
        print(text_of(header.with({{"rows", result.rows},
                                   {"loss", number_or_null(result.loss)},
                                   {metric, number_or_null(result.metrics[0])}})));
        return done;
    }
    TextTable table({"model", "data", "rows", "loss", metric}, "llrrr");
    table.add({o.model, data.name + ", " + o.split, grouped(result.rows), fmt::format("{:.4f}", result.loss),
               metric_value(metric, result.metrics[0])});
    print('\n' + table.text());
    return done;
}

}  // namespace

void add_evaluate(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<SavedRunOptions>();
    CLI::App* sub = app.add_subcommand("evaluate", "Loss and accuracy of a saved network on data");
    add_saved_run_options(*sub, *options);
    add_output_flags(*sub, options->json, nullptr);
    sub->footer(R"(Examples:
  evenkeel evaluate runs/train/model.keras
  evenkeel evaluate from_keras.keras --data mnist --scaling unit
  evenkeel evaluate house.keras --data house.csv --target price --json)");
    sub->callback([options, &chosen] { chosen = [options] { return evaluate(*options); }; });
}

}  // namespace evenkeel::cli
