#include "study/sweep_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "study/arm_results.hpp"

namespace evenkeel {
namespace {

double rate_of(const SweepPoint& point) {
    return learning_rate_at(learning_rate(point.compilation.optimizer), 0);
}

std::string value_text(SweepKey key, const SweepPoint& point) {
    return key == SweepKey::optimizer ? fmt::format("{} at learning rate {}", point.value, rate_of(point))
                                      : point.value;
}

SentenceContext context_of(SweepKey key, const SweepPoint& a, const SweepPoint& b, std::int64_t tried) {
    return {.optimizer = a.optimizer_word,
            .learning_rate_a = rate_of(a),
            .learning_rate_b = rate_of(b),
            .key = in_words(key),
            .value_a = value_text(key, a),
            .value_b = value_text(key, b),
            .tried = tried};
}

double held_out_accuracy(const ArmResult& arm, double chance) {
    double sum = 0;
    for (const ComparedRun& run : arm.runs) {
        const bool measured = !run.diverged && !run.epochs.empty() && run.epochs.back().validated;
        const double accuracy = measured ? run.epochs.back().validation.metrics.front() : chance;
        sum += std::isfinite(accuracy) ? accuracy : chance;
    }
    return sum / static_cast<double>(arm.runs.size());
}

BestValue best_of(const SweepResult& result, std::size_t arm, double chance) {
    BestValue best{result.values.front().arms[arm].arm.name, 0, -1};
    for (std::size_t v = 0; v < result.values.size(); ++v) {
        const double accuracy = held_out_accuracy(result.values[v].arms[arm], chance);
        if (accuracy > best.held_out_accuracy) best = {best.arm, v, accuracy};
    }
    return best;
}

/// The range of the mean accuracies; with a seed's number, of that seed's own.
UsefulRange range_of(const SweepResult& result, std::size_t arm, double threshold, std::int64_t seed = -1) {
    std::vector<double> values, accuracies;
    for (const SweptValue& v : result.values) {
        values.push_back(v.point.number);
        const ArmResult& at = v.arms[arm];
        accuracies.push_back(seed < 0 ? at.test_accuracy.mean : at.runs[static_cast<std::size_t>(seed)].test_accuracy);
    }
    return useful_range(values, accuracies, threshold);
}

std::string signed_decades(double decades) {
    return fmt::format("{}{:.2f}", decades < -0.005 ? "−" : decades < 0.005 ? "" : "+", std::abs(decades));
}

/// What the grid could not show, and the verdict on a decade more, which the lecture's "higher learning rates" is
/// judged by.
std::string range_sentence(const SweepResult& result, const RangePair& pair, const UsefulRange& a,
                           const UsefulRange& b) {
    const PairedComparison& c = pair.comparison;
    const std::string key = in_words(result.key);
    std::string out =
        fmt::format("Useful range of the {} (mean test accuracy ≥ {:.4g} %): {} {:.2f} decades, {} {:.2f}", key,
                    100 * a.threshold, pair.a, a.decades, pair.b, b.decades);
    out += fmt::format(
        "; {} decades seed by seed ({}, p = {:.3f}, {} paired seed{}).", signed_decades(c.difference),
        c.ci95 ? fmt::format("95 % interval {} to {}", signed_decades(c.ci95->low), signed_decades(c.ci95->high))
               : fmt::format("no 95 % interval: it needs at least {} seeds", seeds_for_an_interval),
        c.p_sign_flip, c.seeds, c.seeds == 1 ? "" : "s");
    const bool cut_a = a.cut_low || a.cut_high, cut_b = b.cut_low || b.cut_high;
    if (!a.low && !b.low) {
        out += " Neither is useful anywhere on this grid.";
    } else if (pair.more_decades > 0.005) {
        // Rates and scales span decades by nature; of depths or batch sizes a decade is no yardstick.
        const bool spans = result.key == SweepKey::learning_rate || result.key == SweepKey::initializer_scale;
        const char* one = pair.more_decades >= 1 - 1e-9 ? ": at least one" : ": less than one";
        out += fmt::format(" {} keeps it over {:.2f} decades more than {}{}.", pair.a, pair.more_decades, pair.b,
                           spans ? one : "");
    } else if (pair.more_decades < -0.005) {
        out += fmt::format(" {} keeps it over {:.2f} decades less than {}.", pair.a, -pair.more_decades, pair.b);
    } else {
        out += fmt::format(" {} keeps it over no more than {}.", pair.a, pair.b);
    }
    if (cut_a || cut_b) {
        out += fmt::format(" The grid cuts off {}'s range, so {} may differ by more or less.",
                           cut_a && cut_b ? pair.a + "'s and " + pair.b
                           : cut_a        ? pair.a
                                          : pair.b,
                           cut_a && cut_b ? "they" : "the two");
    }
    return out;
}

void judge_ranges(SweepResult& result, double threshold) {
    const std::size_t arms = result.values.front().arms.size();
    for (std::size_t arm = 0; arm < arms; ++arm) result.useful.push_back(range_of(result, arm, threshold));
    const std::int64_t seeds = std::ssize(result.values.front().arms.front().runs);
    for (std::size_t b = 0; b < arms; ++b) {
        for (std::size_t a = b + 1; a < arms; ++a) {
            RangePair pair{result.best[a].arm, result.best[b].arm, 0, {}, {}};
            pair.more_decades = result.useful[a].decades - result.useful[b].decades;
            std::vector<double> differences;
            for (std::int64_t seed = 0; seed < seeds; ++seed) {
                differences.push_back(range_of(result, a, threshold, seed).decades -
                                      range_of(result, b, threshold, seed).decades);
            }
            // A tenth of a decade: finer than any grid that is worth its time.
            pair.comparison = compare_pairs(differences, {.margin = 0.1});
            pair.sentence = range_sentence(result, pair, result.useful[a], result.useful[b]);
            result.range_pairs.push_back(std::move(pair));
        }
    }
}

}  // namespace

std::string in_words(SweepKey key) {
    std::string word = to_word(key);
    std::replace(word.begin(), word.end(), '_', ' ');
    return word;
}

void judge(SweepResult& result, const SweepOptions& options, std::int64_t classes) {
    for (SweptValue& v : result.values) {
        summarize_arms(v.arms, options.epochs);
        v.pairs =
            pairs_of(v.arms, [&](std::size_t, std::size_t) { return context_of(result.key, v.point, v.point, 0); });
    }
    for (std::size_t arm = 0; arm < result.values.front().arms.size(); ++arm) {
        result.best.push_back(best_of(result, arm, 1.0 / static_cast<double>(classes)));
        result.arms.push_back(result.values[result.best.back().index].arms[arm]);
    }
    summarize_arms(result.arms, options.epochs);
    const auto at_best = [&](std::size_t arm) -> const SweepPoint& {
        return result.values[result.best[arm].index].point;
    };
    result.pairs = pairs_of(result.arms, [&](std::size_t a, std::size_t b) {
        return context_of(result.key, at_best(a), at_best(b), std::ssize(result.values));
    });
    if (is_numeric(result.key)) judge_ranges(result, options.useful_accuracy);
}

}  // namespace evenkeel
