#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/study/explain.hpp"

namespace evenkeel {
namespace {

using Values = std::vector<double>;

constexpr std::size_t cell_width = 10;
constexpr std::size_t label_width = 5;
constexpr std::size_t most_rows = 20;  // of a longer batch, these are shown

// At most 9 characters: "-0.2161", "12345.6789" would be 10, so from 1e4 on "1.23e+04".
std::string number(double v) {
    const double size = std::abs(v);
    if (size < 1e-12) return "0.0000";  // a rounding error of a 0
    if (size < 5e-5 || size >= 9999.99995) return fmt::format("{:.{}e}", v, size < 1e99 && size > 1e-99 ? 2 : 1);
    return fmt::format("{:.4f}", v);
}

// Pads on the left to `width` columns; every symbol used here is one column wide.
std::string right(const std::string& text, std::size_t width) {
    const auto columns = static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    return std::string(width > columns ? width - columns : 0, ' ') + text;
}

struct Column {
    std::string name;
    Values values;
};

class Story {
  public:
    explicit Story(bool colour) : colour_(colour) {}

    void title(const std::string& text) { text_ += paint(text, "1") + "\n"; }
    void way(const std::string& text) { text_ += "\n" + paint(text, "1;36") + "\n"; }
    void stage(const std::string& text) { text_ += "\n" + paint(text, "1") + "\n"; }
    void formula(const std::string& left, const std::string& note = "") {
        text_ += "    " + paint(left, "33") + (note.empty() ? "" : "    " + note) + "\n";
    }
    void blank() { text_ += "\n"; }
    void say(const std::string& text) { text_ += "    " + text + "\n"; }

    void table(const std::vector<Column>& columns) {
        std::string header = right("row", label_width);
        for (const Column& c : columns) header += right(c.name, cell_width);
        text_ += "\n" + paint(header, "4") + "\n";
        const std::size_t rows = columns.front().values.size();
        for (std::size_t i = 0; i < std::min(rows, most_rows); ++i) {
            text_ += right(fmt::format("{}", i + 1), label_width);
            for (const Column& c : columns) text_ += right(number(c.values[i]), cell_width);
            text_ += "\n";
        }
        if (rows > most_rows) text_ += fmt::format("    … and {} more rows\n", rows - most_rows);
    }

    std::string take() { return std::move(text_); }

  private:
    std::string paint(const std::string& text, const char* code) const {
        return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
    }
    bool colour_;
    std::string text_;
};

Values column_of(const std::vector<Values>& rows, std::size_t j) {
    Values out;
    for (const Values& row : rows) out.push_back(row[j]);
    return out;
}

std::string name_of_input(std::size_t j, std::size_t inputs) {
    return inputs == 1 ? "x" : fmt::format("x{}", j + 1);
}

// 1 but for ε; 0 where all rows are equal.
std::string spread_text(const ExplainInput& in, const ExplainWay& way) {
    const double spread = std::sqrt(way.variance / (way.variance + in.epsilon));
    return fmt::format("mean 0, standard deviation √(σ² / (σ² + ε)) = {}", number(spread));
}

bool targets_are_signs(const ExplainInput& in) {
    for (std::size_t i = 0; i < in.rows.size(); ++i) {
        if (in.targets[i] != (in.rows[i].front() > 0 ? 1.0 : 0.0)) return false;
    }
    return true;
}

void tell_batch(Story& story, const ExplainInput& in, const Values& z) {
    const std::string first = name_of_input(0, in.weights.size());
    story.stage("1. The batch");
    story.say(fmt::format("{} rows x, each with its target t, the answer that we want{}.", in.rows.size(),
                          targets_are_signs(in) ? fmt::format(": 1 where {} > 0, else 0", first) : ""));
    story.stage("2. Weighted sums");
    std::string weights;
    for (const double w : in.weights) weights += fmt::format("{}{:.4g}", weights.empty() ? "" : ", ", w);
    story.formula("z = w·x + b");
    story.say(fmt::format("w = ({}), b = {:.4g}", weights, in.bias));
    std::vector<Column> columns;
    const std::size_t inputs = in.weights.size();
    for (std::size_t j = 0; j < inputs; ++j) columns.push_back({name_of_input(j, inputs), column_of(in.rows, j)});
    columns.push_back({"t", in.targets});
    columns.push_back({"z", z});
    story.table(columns);
}

void tell_statistics(Story& story, const ExplainInput& in, const ExplainWay& way, const std::string& v) {
    story.formula(fmt::format("μ  = (1/m) Σ {}        = {}", v, number(way.mean)));
    story.formula(fmt::format("σ² = (1/m) Σ ({} − μ)² = {}", v, number(way.variance)),
                  fmt::format("√(σ² + ε) = {}, ε = {:.4g}", number(std::sqrt(way.variance + in.epsilon)), in.epsilon));
}

void tell_first_way(Story& story, const ExplainInput& in, const ExplainWay& way) {
    const std::string& g = in.activation;
    story.way("FIRST WAY (before): normalize z, then activate        x → z → ẑ → y → a");
    story.stage("3. Mean and variance of z over the batch");
    tell_statistics(story, in, way, "z");
    story.stage("4. Normalized");
    story.formula("ẑ = (z − μ) / √(σ² + ε)", spread_text(in, way));
    story.stage("5. Scaled and shifted");
    story.formula("y = γ ẑ + β", fmt::format("γ = {:.4g}, β = {:.4g}: learned, one pair a neuron", in.gamma, in.beta));
    story.stage("6. Activated");
    story.formula(fmt::format("a = {}(y)", g), "the neuron's answer");
    story.table({{"z", way.z}, {"ẑ", way.normalized}, {"y", way.scaled}, {"a", way.output}, {"t", in.targets}});
}

void tell_second_way(Story& story, const ExplainInput& in, const ExplainWay& way) {
    const std::string& g = in.activation;
    story.way("SECOND WAY (after): activate z, then normalize        x → z → a → â → y");
    story.stage("3. Activated");
    story.formula(fmt::format("a = {}(z)", g));
    story.stage("4. Mean and variance of a over the batch");
    tell_statistics(story, in, way, "a");
    story.stage("5. Normalized");
    story.formula("â = (a − μ) / √(σ² + ε)", spread_text(in, way));
    story.stage("6. Scaled and shifted");
    story.formula("y = γ â + β", "the neuron's answer");
    story.table({{"z", way.z}, {"a", way.activated}, {"â", way.normalized}, {"y", way.output}, {"t", in.targets}});
}

void tell_gradient_table(Story& story, const ExplainWay& way, std::vector<Column> columns) {
    const std::size_t inputs = way.d_x.front().size();
    for (std::size_t j = 0; j < inputs; ++j) {
        columns.push_back({"∂C/∂" + name_of_input(j, inputs), column_of(way.d_x, j)});
    }
    story.table(columns);
}

void tell_gradients(Story& story, const ExplainResult& r) {
    const std::string& g = r.input.activation;
    story.way("GRADIENTS: how the cost C answers to each number");
    story.stage("7. First way");
    story.formula("C = (1/m) Σ ½ (a − t)²", fmt::format("= {}", number(r.before.cost)));
    story.formula(fmt::format("∂C/∂a = (a − t) / m,  ∂C/∂y = ∂C/∂a · {}′(y)", g));
    story.formula("∂C/∂γ = Σ ∂C/∂y · ẑ", fmt::format("= {}", number(r.before.d_gamma)));
    story.formula("∂C/∂β = Σ ∂C/∂y", fmt::format("= {}", number(r.before.d_beta)));
    story.formula("∂C/∂z = γ/√(σ² + ε) · (∂C/∂y − (1/m) ∂C/∂β − (1/m) ẑ ∂C/∂γ)");
    story.formula("∂C/∂x = ∂C/∂z · w", "every row feels every other, through μ and σ²");
    tell_gradient_table(story, r.before,
                        {{"∂C/∂a", r.before.d_output}, {"∂C/∂y", r.before.d_scaled}, {"∂C/∂z", r.before.d_z}});

    story.stage("8. Second way");
    story.formula("C = (1/m) Σ ½ (y − t)²", fmt::format("= {}", number(r.after.cost)));
    story.formula("∂C/∂y = (y − t) / m");
    story.formula("∂C/∂γ = Σ ∂C/∂y · â", fmt::format("= {}", number(r.after.d_gamma)));
    story.formula("∂C/∂β = Σ ∂C/∂y", fmt::format("= {}", number(r.after.d_beta)));
    story.formula("∂C/∂a = γ/√(σ² + ε) · (∂C/∂y − (1/m) ∂C/∂β − (1/m) â ∂C/∂γ)");
    story.formula(fmt::format("∂C/∂z = ∂C/∂a · {}′(z),  ∂C/∂x = ∂C/∂z · w", g));
    tell_gradient_table(story, r.after,
                        {{"∂C/∂y", r.after.d_scaled}, {"∂C/∂a", r.after.d_normalizer_input}, {"∂C/∂z", r.after.d_z}});
}

void tell_step(Story& story, const ExplainResult& r) {
    story.way(fmt::format("ONE STEP OF GRADIENT DESCENT, learning rate η = {:.4g}", r.input.learning_rate));
    const auto line = [](const std::string& name, double first, double second) {
        return right(name, 22) + right(number(first), 14) + right(number(second), 14);
    };
    story.blank();
    story.say(right("", 22) + right("first way", 14) + right("second way", 14));
    story.say(line("γ", r.input.gamma, r.input.gamma));
    story.say(line("γ ← γ − η ∂C/∂γ", r.before.new_gamma, r.after.new_gamma));
    story.say(line("β", r.input.beta, r.input.beta));
    story.say(line("β ← β − η ∂C/∂β", r.before.new_beta, r.after.new_beta));
    story.say(line("C before the step", r.before.cost, r.after.cost));
    story.say(line("C after the step", r.before.new_cost, r.after.new_cost));
}

}  // namespace

std::string explain_text(const ExplainResult& result, bool colour) {
    Story story(colour);
    story.title(
        fmt::format("Batch normalization by hand: one neuron, a batch of m = {} rows", result.input.rows.size()));
    tell_batch(story, result.input, result.before.z);
    tell_first_way(story, result.input, result.before);
    tell_second_way(story, result.input, result.after);
    tell_gradients(story, result);
    tell_step(story, result);
    return story.take();
}

}  // namespace evenkeel
