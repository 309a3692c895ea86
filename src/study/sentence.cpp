#include "evenkeel/study/sentence.hpp"

#include <fmt/format.h>

#include <cmath>

namespace evenkeel {
namespace {

// 3 decimals, more only where they would read as the level itself.
std::string p_text(double p) {
    if (p < 0.0005) return "p < 0.001";
    const std::string text = fmt::format("{:.3f}", p);
    return "p = " + (text == "0.050" ? fmt::format("{:.4f}", p) : text);
}

// The numbers of one sentence, all with as many decimals as it takes to see that an interval excludes 0.
class Numbers {
  public:
    Numbers(const PairedComparison& c, const SentenceContext& context)
        : factor_(context.percentage_points ? 100 : 1), decimals_(context.percentage_points ? 2 : 4) {
        if (!c.ci95 || (c.ci95->low <= 0 && c.ci95->high >= 0)) return;
        const double nearest = (c.ci95->low > 0 ? c.ci95->low : c.ci95->high) * factor_;
        while (is_zero(nearest) && decimals_ < 8) ++decimals_;
    }

    // "+1.02", "−0.30", "0.00"
    std::string with_sign(double value) const {
        const double v = value * factor_;
        if (is_zero(v)) return fmt::format("{:.{}f}", 0.0, decimals_);
        return fmt::format("{}{:.{}f}", v < 0 ? "−" : "+", std::abs(v), decimals_);
    }

    std::string margin(double value) const { return fmt::format("{:.6g}", value * factor_); }

  private:
    bool is_zero(double v) const { return std::abs(v) < 0.5 * std::pow(10.0, -decimals_); }

    double factor_;
    int decimals_;
};

// "sgd at learning rate 0.1", "sgd at learning rate 0.1 for before and 0.01 for none"
std::string optimizer_text(const SentenceContext& c) {
    if (c.learning_rate_a == c.learning_rate_b)
        return fmt::format("{} at learning rate {}", c.optimizer, c.learning_rate_a);
    return fmt::format("{} at learning rate {} for {} and {} for {}", c.optimizer, c.learning_rate_a, c.a,
                       c.learning_rate_b, c.b);
}

// Rates and optimizers are named by themselves; what else was swept is named beside them.
std::string where_text(const SentenceContext& c) {
    const bool rate = c.key == "learning rate", optimizer = c.key == "optimizer";
    if (c.tried > 0) {
        const std::string with = optimizer ? "" : "with " + (rate ? c.optimizer : optimizer_text(c)) + ", ";
        return fmt::format("{}each at its own best {} of {} tried ({} {}, {} {}; chosen on held-out training rows)",
                           with, c.key, c.tried, c.a, c.value_a, c.b, c.value_b);
    }
    if (!c.key.empty() && !rate && !optimizer)
        return fmt::format("with {} and {} {} — at these only", optimizer_text(c), c.key, c.value_a);
    return fmt::format("with {} — at {} only", optimizer_text(c),
                       c.learning_rate_a == c.learning_rate_b ? "this learning rate" : "these learning rates");
}

}  // namespace

std::string summarize_sentence(const PairedComparison& c, const SentenceContext& context) {
    const Numbers number(c, context);
    const std::string points = context.percentage_points ? " points" : "";
    const std::string where = where_text(context);
    if (c.seeds == 0) {
        return fmt::format("{} against {} is undecided: no paired seeds of {} {}.", context.a, context.b,
                           context.metric, where);
    }
    const std::string seeds = fmt::format("{} paired seed{}", c.seeds, c.seeds == 1 ? "" : "s");
    const std::string interval =
        c.ci95 ? fmt::format("95 % interval {} to {}", number.with_sign(c.ci95->low), number.with_sign(c.ci95->high))
               : fmt::format("no 95 % interval: it needs at least {} seeds", seeds_for_an_interval);
    const std::string difference = number.with_sign(c.difference) + points;
    const std::string margin = number.margin(c.margin) + points;

    switch (c.verdict) {
        case Verdict::equivalent:
            return fmt::format(
                "{} and {} are equivalent: {} differs by less than {} ({}, {}, {} for equivalence, {}) {}.{}",
                context.a, context.b, context.metric, margin, difference, interval, p_text(c.p_equivalence), seeds,
                where,
                c.p_sign_flip < significance_level ? " The difference is repeatable, but too small to matter here."
                                                   : "");
        case Verdict::better:
        case Verdict::worse:
            return fmt::format("{} is {} than {}: {} {} ({}, {}, {}) {}.", context.a, to_string(c.verdict), context.b,
                               context.metric, difference, interval, p_text(c.p_sign_flip), seeds, where);
        case Verdict::undecided:
            break;
    }
    return fmt::format(
        "{} against {} is undecided: {} {} ({}, {}, {}) {}. Neither a difference nor equivalence within ±{} "
        "is shown.",
        context.a, context.b, context.metric, difference, interval, p_text(c.p_sign_flip), seeds, where, margin);
}

}  // namespace evenkeel
