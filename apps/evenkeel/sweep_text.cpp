#include "sweep_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "presets.hpp"
#include "results.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {
namespace {

std::string in_words(SweepKey key) {
    std::string word = to_word(key);
    std::replace(word.begin(), word.end(), '_', ' ');
    return word;
}

std::int64_t diverged(const ArmResult& arm) {
    return std::count_if(arm.runs.begin(), arm.runs.end(), [](const ComparedRun& run) { return run.diverged; });
}

/// "97.31 ±0.12 *": the mean, half its interval, * at the arm's own best value, ×2 for two diverged runs.
std::string cell_text(const ArmResult& arm, bool best) {
    std::string text = fmt::format("{:5.2f}", 100 * arm.test_accuracy.mean);
    if (arm.test_accuracy.ci95)
        text += fmt::format(" ±{:5.2f}", 100 * (arm.test_accuracy.ci95->high - arm.test_accuracy.mean));
    if (best) text += " *";
    if (diverged(arm) > 0) text += fmt::format(" ×{}", diverged(arm));
    return text;
}

std::string table_of(const SweepResult& result) {
    std::vector<std::string> header = {in_words(result.key)};
    for (const ArmResult& arm : result.arms) header.push_back(arm.arm.name);
    TextTable table(header, (is_numeric(result.key) ? "r" : "l") + std::string(result.arms.size(), 'l'));
    for (std::size_t v = 0; v < result.values.size(); ++v) {
        std::vector<std::string> row = {result.values[v].point.value};
        for (std::size_t arm = 0; arm < result.arms.size(); ++arm)
            row.push_back(cell_text(result.values[v].arms[arm], result.best[arm].index == v));
        table.add(std::move(row));
    }
    return table.text();
}

std::string legend(const Dataset& data, const SweepResult& result, int width) {
    std::int64_t lost = 0;
    for (const SweptValue& value : result.values) {
        for (const ArmResult& arm : value.arms) lost += diverged(arm);
    }
    std::string text = fmt::format(
        "mean test accuracy in %, ± half of its 95 % interval over {} seed{};  * the arm's own "
        "best, chosen on {} held-out training rows",
        result.arms.front().runs.size(), result.arms.front().runs.size() == 1 ? "" : "s",
        grouped(result.validation_rows));
    if (lost > 0)
        text +=
            fmt::format(";  ×n: n runs diverged and score chance, {:.4g} %", 100.0 / static_cast<double>(data.classes));
    std::string out;
    for (const std::string& line : lines_of(text, width - 2)) out += "  " + line + '\n';
    return dim(out);
}

/// A bar a value, from 0 to 100 %. Nothing where the columns do not suffice.
std::string chart(const SweepResult& result, int width) {
    constexpr std::array bars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    std::size_t column = 4, name = 0;
    for (const SweptValue& value : result.values) column = std::max(column, display_width(value.point.value) + 1);
    for (const ArmResult& arm : result.arms) name = std::max(name, display_width(arm.arm.name));
    if (2 + name + column * result.values.size() > static_cast<std::size_t>(width)) return "";
    std::string out = "  " + std::string(name, ' ');
    for (const SweptValue& value : result.values)
        out += std::string(column - display_width(value.point.value), ' ') + value.point.value;
    out = dim(out) + '\n';
    for (std::size_t arm = 0; arm < result.arms.size(); ++arm) {
        out += fmt::format("  {:<{}}", result.arms[arm].arm.name, name);
        for (const SweptValue& value : result.values) {
            const double accuracy = std::clamp(value.arms[arm].test_accuracy.mean, 0.0, 1.0);
            const char* bar = bars[static_cast<std::size_t>(std::max(1L, std::lround(8 * accuracy)))];
            out += std::string(column - 3, ' ') + bar + bar + bar;
        }
        out += '\n';
    }
    return '\n' + out;
}

std::string ranges(const SweepResult& result, int width) {
    if (result.useful.empty()) return "";
    std::string out = fmt::format("\n  useful range of the {} (mean test accuracy ≥ {:.4g} %)\n", in_words(result.key),
                                  100 * result.useful.front().threshold);
    std::size_t name = 0;
    for (const BestValue& best : result.best) name = std::max(name, best.arm.size());
    for (std::size_t arm = 0; arm < result.useful.size(); ++arm) {
        std::string lead = fmt::format("    {:<{}}  ", result.best[arm].arm, name);
        for (const std::string& line : lines_of(to_text(result.useful[arm]), width - static_cast<int>(lead.size()))) {
            out += lead + line + '\n';
            lead.assign(lead.size(), ' ');
        }
    }
    return out;
}

/// "At the same learning rate, before is better than none at 0.1 and 1; worse at 30; …"
std::string matched(const SweepResult& result, std::size_t pair) {
    const PairResult& first = result.values.front().pairs[pair];
    std::string out = fmt::format("At the same {}, {} against {} is ", in_words(result.key), first.a, first.b);
    bool any = false;
    for (const Verdict verdict : {Verdict::better, Verdict::worse, Verdict::equivalent, Verdict::undecided}) {
        std::vector<std::string> at;
        for (const SweptValue& value : result.values) {
            if (value.pairs[pair].comparison.verdict == verdict) at.push_back(value.point.value);
        }
        if (at.empty()) continue;
        out += fmt::format("{}{} at {}", any ? "; " : "", to_string(verdict),
                           at.size() == result.values.size() ? "every value" : fmt::format("{}", fmt::join(at, ", ")));
        any = true;
    }
    return out + fmt::format(" (each of {} at the 5 % level by itself).", result.values.size());
}

std::string title(const CompareCommand& o, const Dataset& data, const SweepResult& result) {
    const SweepPoint& point = result.values.front().point;
    std::string out =
        fmt::format("{} on {}: {} {}s × {} arms × {} seeds, {} epoch{} of {} {}", o.model, data.name,
                    result.values.size(), in_words(result.key), result.arms.size(), result.arms.front().runs.size(),
                    o.epochs, o.epochs == 1 ? "" : "s", grouped(result.train_rows), rows_word(data));
    if (!o.activation.empty()) out += ", " + o.activation;
    if (result.key != SweepKey::batch_size) out += fmt::format(", batches of {}", point.batch_size);
    if (result.key != SweepKey::optimizer) out += ", " + o.optimizer;
    if (result.key != SweepKey::learning_rate && result.key != SweepKey::optimizer) {
        out += fmt::format(" at learning rate {}", o.rate());
        if (result.key == SweepKey::batch_size && o.full_rate_batch > 0)
            out += fmt::format(" (below {} rows in proportion)", o.full_rate_batch);
    }
    return out;
}

}  // namespace

std::string sweep_text(const CompareCommand& o, const Dataset& data, const SweepResult& result, int width) {
    std::string out = "\n";
    if (!o.preset.empty()) out += bold(std::string("  ") + preset(o.preset).question) + '\n';
    for (const std::string& line : lines_of(title(o, data, result), width - 2)) out += bold("  " + line) + '\n';
    out += '\n' + table_of(result) + legend(data, result, width) + chart(result, width) + ranges(result, width) + '\n';
    for (const RangePair& pair : result.range_pairs) out += paragraph(pair.sentence, width);
    for (const PairResult& pair : result.pairs) out += paragraph(pair.sentence, width);
    for (std::size_t pair = 0; pair < result.pairs.size(); ++pair) out += paragraph(matched(result, pair), width);
    if (o.preset.empty()) return out;
    out += dim(fmt::format("\n  --preset {} stands for\n", o.preset));
    for (const std::string& line : typed(preset(o.preset), width - 4)) out += dim("    " + line) + '\n';
    for (const std::string& line : lines_of(std::string("why: ") + preset(o.preset).why, width - 2))
        out += dim("  " + line) + '\n';
    return out;
}

std::string sweep_csv(const SweepResult& result) {
    std::string out = "value,arm,seed," + std::string(epoch_csv_header);
    for (const SweptValue& value : result.values) {
        for (const ArmResult& arm : value.arms) {
            for (const ComparedRun& run : arm.runs) {
                for (const EpochLog& epoch : run.epochs)
                    out += fmt::format("{},{},{},{}", value.point.value, arm.arm.name, run.seed, epoch_csv(epoch));
            }
        }
    }
    return out;
}

}  // namespace evenkeel::cli
