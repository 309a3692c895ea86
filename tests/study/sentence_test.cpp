#include "evenkeel/study/sentence.hpp"

#include <gtest/gtest.h>

namespace evenkeel {
namespace {

const SentenceContext sgd{.learning_rate_a = 0.1, .learning_rate_b = 0.1};

TEST(Sentence, Better) {
    const PairedComparison c{.seeds = 8,
                             .difference = .0102,
                             .ci95 = Interval{.0085, .0120},
                             .p_sign_flip = 2.0 / 256,
                             .margin = .003,
                             .verdict = Verdict::better};
    EXPECT_EQ(summarize_sentence(c, sgd),
              "before is better than none: test accuracy +1.02 points (95 % interval +0.85 to +1.20, p = 0.008, "
              "8 paired seeds) with sgd at learning rate 0.1 — at this learning rate only.");
}

TEST(Sentence, WorseLossHasNoPoints) {
    const PairedComparison c{.seeds = 8,
                             .difference = .0312,
                             .ci95 = Interval{.00001, .06},
                             .p_sign_flip = 1e-5,
                             .margin = .003,
                             .verdict = Verdict::worse};
    SentenceContext context{.metric = "test loss",
                            .percentage_points = false,
                            .optimizer = "adam",
                            .learning_rate_a = .003,
                            .learning_rate_b = .001,
                            .key = "learning rate",
                            .value_a = "0.003",
                            .value_b = "0.001",
                            .tried = 7};
    EXPECT_EQ(summarize_sentence(c, context),
              "before is worse than none: test loss +0.03120 (95 % interval +0.00001 to +0.06000, p < 0.001, "
              "8 paired "
              "seeds) with adam, each at its own best learning rate of 7 tried (before 0.003, none 0.001; chosen on "
              "held-out training rows).");
    context.tried = 0;
    EXPECT_NE(summarize_sentence(c, context)
                  .find("with adam at learning rate 0.003 for before and 0.001 for none — at these learning "
                        "rates only."),
              std::string::npos);
}

TEST(Sentence, WhatWasSweptIsNamed) {
    const PairedComparison c{.seeds = 8,
                             .difference = .0102,
                             .ci95 = Interval{.0085, .0120},
                             .p_sign_flip = 2.0 / 256,
                             .margin = .003,
                             .verdict = Verdict::better};
    SentenceContext context{
        .learning_rate_a = .1, .learning_rate_b = .1, .key = "depth", .value_a = "5", .value_b = "5"};
    const auto end = [&] {
        const std::string sentence = summarize_sentence(c, context);
        return sentence.substr(sentence.find("seeds) ") + 7);
    };
    EXPECT_EQ(end(), "with sgd at learning rate 0.1 and depth 5 — at these only.");
    context.tried = 4;
    context.value_b = "2";
    EXPECT_EQ(
        end(),
        "with sgd at learning rate 0.1, each at its own best depth of 4 tried (before 5, none 2; chosen on held-out "
        "training rows).");
    context.key = "optimizer";
    context.value_a = "adam at learning rate 0.001";
    context.value_b = "sgd at learning rate 0.1";
    EXPECT_EQ(
        end(),
        "each at its own best optimizer of 4 tried (before adam at learning rate 0.001, none sgd at learning rate "
        "0.1; chosen on held-out training rows).");
}

TEST(Sentence, EquivalentSaysHowCloseAndWhetherTheRestIsRepeatable) {
    PairedComparison c{.seeds = 8,
                       .difference = .0005,
                       .ci95 = Interval{-.0002, .0012},
                       .p_sign_flip = .2,
                       .p_equivalence = 1.0 / 256,
                       .margin = .003,
                       .verdict = Verdict::equivalent};
    const std::string sentence =
        "before and none are equivalent: test accuracy differs by less than 0.3 points (+0.05 points, 95 % "
        "interval "
        "−0.02 to +0.12, p = 0.004 for equivalence, 8 paired seeds) with sgd at learning rate 0.1 — at this "
        "learning "
        "rate only.";
    EXPECT_EQ(summarize_sentence(c, sgd), sentence);
    c.p_sign_flip = .01;
    EXPECT_EQ(summarize_sentence(c, sgd), sentence + " The difference is repeatable, but too small to matter here.");
}

TEST(Sentence, Undecided) {
    PairedComparison c{.seeds = 3, .difference = -.002, .p_sign_flip = .25, .margin = .003};
    EXPECT_EQ(summarize_sentence(c, sgd),
              "before against none is undecided: test accuracy −0.20 points (no 95 % interval: it needs at least 6 "
              "seeds, p = 0.250, 3 paired seeds) with sgd at learning rate 0.1 — at this learning rate only. "
              "Neither a "
              "difference nor equivalence within ±0.3 points is shown.");
    c.ci95 = Interval{-1e-7, .001};  // no more decimals than the numbers deserve, and no "−0.00"
    EXPECT_NE(summarize_sentence(c, sgd).find("interval 0.00 to +0.10,"), std::string::npos);
    EXPECT_EQ(summarize_sentence(compare_pairs({}), sgd),
              "before against none is undecided: no paired seeds of test accuracy with sgd at learning rate "
              "0.1 — at "
              "this learning rate only.");
}

TEST(Sentence, APNearTheLevelIsNotRoundedOntoIt) {
    PairedComparison c{.seeds = 12,
                       .difference = .01,
                       .ci95 = Interval{.0001, .02},
                       .p_sign_flip = .04980,
                       .margin = .003,
                       .verdict = Verdict::better};
    EXPECT_NE(summarize_sentence(c, sgd).find("p = 0.0498,"), std::string::npos);
}

}  // namespace
}  // namespace evenkeel
