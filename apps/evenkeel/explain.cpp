#include "evenkeel/study/explain.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <memory>

#include "command.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/table.hpp"
#include "option_values.hpp"
#include "study/explain_json.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct ExplainOptions {
    ExplainInput input;
    std::string data;
    std::string target;
    bool json = false;
};

void read_rows(const ExplainOptions& o, ExplainInput& input) {
    const Table table = read_table(o.data);
    if (table.rows() > 1000) fail_input(o.data, "2 to 1000 rows (a batch)", fmt::format("{}", table.rows()));
    input.rows.assign(table.rows(), {});
    bool found = o.target.empty();
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const bool is_target = !o.target.empty() && table.columns[c] == o.target;
        found = found || is_target;
        for (std::size_t r = 0; r < table.rows(); ++r) {
            if (is_target) {
                input.targets.push_back(number_at(table, r, c));
            } else {
                input.rows[r].push_back(number_at(table, r, c));
            }
        }
    }
    if (!found) fail_input("--target", "a column of " + o.data, fmt::format("\"{:.60}\"", o.target));
}

int run_explain(const ExplainOptions& o) {
    JsonHeader header("explain");
    ExplainInput input = o.input;
    if (!o.data.empty()) read_rows(o, input);
    if (o.data.empty() && !o.target.empty()) fail_input("--target", "--data FILE.csv with that column", "no --data");
    header.arguments = {{"data", o.data.empty() ? json() : json(o.data)},
                        {"target", o.target.empty() ? json() : json(o.target)},
                        {"eta", input.learning_rate},
                        {"gamma", input.gamma},
                        {"beta", input.beta},
                        {"bias", input.bias},
                        {"epsilon", input.epsilon},
                        {"activation", input.activation}};
    const ExplainResult result = explain(input);
    header.arguments["weights"] = result.input.weights;
    print(o.json ? text_of(header.with(to_json(result))) : explain_text(result, colour_on_stdout()));
    return done;
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen) {
    static constexpr std::array activations = {"linear", "relu", "sigmoid", "tanh"};
    constexpr double largest = std::numeric_limits<double>::max();
    constexpr Range any = {-largest, largest};
    auto o = std::make_shared<ExplainOptions>();
    CLI::App* sub = app.add_subcommand("explain", "Batch normalization in numbers: one batch, one neuron, both ways");
    add_text(*sub, "--data", o->data, "a .csv with 2 to 1000 rows of 1 to 6 inputs; else the lecture's five rows",
             "FILE");
    add_text(*sub, "--target", o->target,
             "the column of the .csv that is wanted; else 1 where the first input is positive", "COLUMN");
    add_number(*sub, "--eta", o->input.learning_rate, {0, 1e6, true}, "the learning rate η of the update");
    add_number(*sub, "--gamma", o->input.gamma, any, "the scale γ");
    add_number(*sub, "--beta", o->input.beta, any, "the shift β");
    add_number_list(*sub, "--weights", o->input.weights, any, "the neuron's weights, one an input")
        ->default_str("0.5,-0.3,…");
    add_number(*sub, "--bias", o->input.bias, any, "the neuron's bias b");
    add_number(*sub, "--epsilon", o->input.epsilon, {0, largest, true}, "ε, added to the variance");
    add_choice(*sub, "--activation", o->input.activation, activations, "g");
    add_output_flags(*sub, o->json, nullptr);
    sub->footer(R"(Examples:
  evenkeel explain
  evenkeel explain --gamma 1 --beta 0 --activation tanh --eta 0.5
  evenkeel explain --data batch.csv --target y --json)");
    sub->callback([o, &chosen] { chosen = [o] { return run_explain(*o); }; });
}

}  // namespace evenkeel::cli
