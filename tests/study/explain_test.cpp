#include "evenkeel/study/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"
#include "study/explain_json.hpp"

namespace evenkeel {
namespace {

using testing::DoubleEq;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using Values = std::vector<double>;

auto near(double v) {
    return DoubleNear(v, 1e-9);
}

template <class... V>
auto are(V... v) {
    return ElementsAre(near(v)...);
}

// The literals of both ways: z, μ and σ² by hand (z = 0.5 x1 − 0.3 x2 + 0.1; e.g. μ = 0.7/5 and
// σ² = 3.0898/5); the rest of the forward pass from a few lines of Python that follow the formulas with
// math.fsum; every gradient by central differences (step 1e-5) of that forward pass's cost, rounded to what
// they can give: they know nothing of the analytic backward pass.
constexpr double by_differences = 1e-9;

TEST(Explain, FirstWayOfTheLecturesRows) {
    const ExplainWay way = explain().before;
    EXPECT_THAT(way.z, are(-1.0, 1.15, -0.03, -0.3, 0.88));
    EXPECT_NEAR(way.mean, 0.14, 1e-15);
    EXPECT_NEAR(way.variance, 0.61796, 1e-15);
    EXPECT_THAT(way.normalized, are(-1.4490172626749656, 1.2837784520190485, -0.21608152162696853, -0.5592698206815657,
                                    0.9405901529644513));
    EXPECT_THAT(way.scaled, are(-1.6735258940124482, 2.4256676780285726, 0.17587771755954718, -0.3389047310223485,
                                1.910885229446677));
    EXPECT_THAT(way.activated, are(0.0, 2.4256676780285726, 0.17587771755954718, 0.0, 1.910885229446677));
    EXPECT_EQ(way.output, way.activated);
    EXPECT_NEAR(way.cost, 0.35414177658143686, 1e-14);

    EXPECT_THAT(way.d_output, are(0.0, 0.2851335356, -0.1648244565, 0.0, 0.1821770459));
    EXPECT_THAT(way.d_scaled, are(0.0, 0.2851335356, -0.1648244565, 0.0, 0.1821770459));
    EXPECT_NEAR(way.d_gamma, 0.5730177438, by_differences);
    EXPECT_NEAR(way.d_beta, 0.3024861250, by_differences);
    EXPECT_THAT(way.d_z, are(0.2012709678, 0.1477821137, -0.3823841632, 0.0068582009, 0.0264728808));
    EXPECT_EQ(way.d_normalizer_input, way.d_z);
    EXPECT_THAT(way.d_x, ElementsAre(are(0.1006354839, -0.0603812903), are(0.0738910568, -0.0443346341),
                                     are(-0.1911920816, 0.1147152490), are(0.0034291004, -0.0020574603),
                                     are(0.0132364404, -0.0079418642)));
    EXPECT_NEAR(way.new_gamma, 1.4426982256, by_differences);
    EXPECT_NEAR(way.new_beta, 0.4697513875, by_differences);
    EXPECT_NEAR(way.new_cost, 0.3139747168, by_differences);
}

TEST(Explain, SecondWayOfTheLecturesRows) {
    const ExplainWay way = explain().after;
    EXPECT_THAT(way.z, are(-1.0, 1.15, -0.03, -0.3, 0.88));
    EXPECT_THAT(way.activated, are(0.0, 1.15, 0.0, 0.0, 0.88));
    EXPECT_NEAR(way.mean, 0.406, 1e-15);         // 2.03/5
    EXPECT_NEAR(way.variance, 0.254544, 1e-15);  // (1.3225 + 0.7744)/5 − 0.406²
    EXPECT_THAT(way.normalized, are(-0.8031435748299863, 1.4717704918066745, -0.8031435748299863, -0.8031435748299863,
                                    0.9376602326832845));
    EXPECT_THAT(way.scaled, are(-0.7047153622449795, 2.7076557377100117, -0.7047153622449795, -0.7047153622449795,
                                1.9064903490249268));
    EXPECT_EQ(way.output, way.scaled);
    EXPECT_NEAR(way.cost, 0.7637114821251435, 1e-14);

    EXPECT_THAT(way.d_output, are(-0.1409430724, 0.3415311475, -0.3409430725, -0.1409430724, 0.1812980698));
    EXPECT_EQ(way.d_scaled, way.d_output);
    EXPECT_NEAR(way.d_gamma, 1.1728727394, by_differences);
    EXPECT_NEAR(way.d_beta, -0.1, by_differences);  // by hand: mean(y − t) = β − 3/5
    EXPECT_THAT(way.d_normalizer_input, are(0.2001547589, 0.0483406870, -0.3933010846, 0.2001547589, -0.0553491202));
    EXPECT_THAT(way.d_z, are(0.0, 0.0483406870, 0.0, 0.0, -0.0553491202));
    EXPECT_THAT(way.d_x, ElementsAre(are(0.0, 0.0), are(0.0241703435, -0.0145022061), are(0.0, 0.0), are(0.0, 0.0),
                                     are(-0.0276745601, 0.0166047361)));
    EXPECT_NEAR(way.new_gamma, 1.3827127261, by_differences);
    EXPECT_NEAR(way.new_beta, 0.51, by_differences);
    EXPECT_NEAR(way.new_cost, 0.6320496724, by_differences);
}

TEST(Explain, DefaultsAreFilledIn) {
    const ExplainInput in = explain({.rows = {{1, 2, 3}, {-1, 0, 1}}}).input;
    EXPECT_EQ(in.weights, (Values{0.5, -0.3, 0.5}));
    EXPECT_EQ(in.targets, (Values{1, 0}));
}

double derivative(const std::function<double(double)>& f) {
    const double h = 1e-5;
    return (f(h) - f(-h)) / (2 * h);
}

// Near the kink of the ReLU a difference quotient means nothing.
bool near_kink(const ExplainResult& r) {
    const auto close = [](double v) { return std::abs(v) < 1e-3; };
    return std::any_of(r.before.z.begin(), r.before.z.end(), close) ||
           std::any_of(r.before.scaled.begin(), r.before.scaled.end(), close);
}

TEST(Explain, GradientsAreTheSlopesOfTheCost) {
    const Random random(5, purpose_of("test", "explain"));
    std::uint64_t draw = 0;
    int checked = 0;
    for (const char* activation : {"linear", "relu", "sigmoid", "tanh"}) {
        for (int trial = 0; trial < 8; ++trial) {
            const std::size_t rows = 2 + draw % 6, inputs = 1 + draw % 3;
            ExplainInput in{.rows = {},
                            .weights = {},
                            .bias = random.normal(draw++),
                            .gamma = random.normal(draw++),
                            .beta = random.normal(draw++),
                            .epsilon = .01,
                            .activation = activation,
                            .targets = {}};
            for (std::size_t j = 0; j < inputs; ++j) in.weights.push_back(random.normal(draw++));
            for (std::size_t i = 0; i < rows; ++i) {
                in.rows.emplace_back();
                for (std::size_t j = 0; j < inputs; ++j) in.rows[i].push_back(random.normal(draw++));
                in.targets.push_back(random.normal(draw++));
            }
            const ExplainResult r = explain(in);
            if (near_kink(r)) continue;
            ++checked;
            for (const auto way : {&ExplainResult::before, &ExplainResult::after}) {
                const auto slope = [&](const std::function<void(ExplainInput&, double)>& nudge) {
                    return derivative([&](double h) {
                        ExplainInput nudged = in;
                        nudge(nudged, h);
                        return (explain(nudged).*way).cost;
                    });
                };
                const ExplainWay& w = r.*way;
                const auto expect_near = [](double got, double want) {
                    EXPECT_NEAR(got, want, 1e-8 + 1e-6 * std::abs(want));
                };
                expect_near(w.d_gamma, slope([](ExplainInput& n, double h) { n.gamma += h; }));
                expect_near(w.d_beta, slope([](ExplainInput& n, double h) { n.beta += h; }));
                // z of all rows moves with the bias: ∂C/∂b = Σ ∂C/∂z.
                double d_bias = 0;
                for (const double d : w.d_z) d_bias += d;
                expect_near(d_bias, slope([](ExplainInput& n, double h) { n.bias += h; }));
                for (std::size_t i = 0; i < rows; ++i) {
                    for (std::size_t j = 0; j < inputs; ++j) {
                        expect_near(w.d_x[i][j], slope([&](ExplainInput& n, double h) { n.rows[i][j] += h; }));
                        EXPECT_DOUBLE_EQ(w.d_x[i][j], w.d_z[i] * in.weights[j]);
                    }
                }
                EXPECT_DOUBLE_EQ(w.new_gamma, in.gamma - in.learning_rate * w.d_gamma);
                EXPECT_DOUBLE_EQ(w.new_beta, in.beta - in.learning_rate * w.d_beta);
                in.gamma = w.new_gamma;
                in.beta = w.new_beta;
                EXPECT_DOUBLE_EQ((explain(in).*way).cost, w.new_cost);
                in.gamma = r.input.gamma;
                in.beta = r.input.beta;
            }
        }
    }
    EXPECT_GE(checked, 28);
}

TEST(Explain, RefusesWhatItCannotShow) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto refuses = [](ExplainInput in, const char* why) {
        try {
            explain(std::move(in));
            ADD_FAILURE() << why;
        } catch (const Error& e) {
            EXPECT_EQ(e.fault(), Fault::input);
            EXPECT_THAT(e.what(), HasSubstr(why));
        }
    };
    refuses({.rows = {}}, "expected a batch of 2 to 1000 rows, got 0");
    refuses({.rows = {{1, 2}}}, "got 1");
    refuses({.rows = {{1, 2}, {1}}}, "expected 2 inputs in every row, got 1 in row 2");
    refuses({.rows = {{}, {}}}, "rows of 1 to 6 inputs");
    refuses({.rows = {{1, nan}, {1, 2}}}, "NaN or infinity in row 1");
    refuses({.weights = {1, 2, 3}}, "expected 2 weights");
    refuses({.targets = {1}}, "expected 5 targets");
    refuses({.gamma = nan}, "finite weights");
    refuses({.epsilon = 0}, "epsilon > 0");
    refuses({.learning_rate = -1}, "learning rate > 0");
    refuses({.activation = "swish"}, "got 'swish'");
    refuses({.rows = {{1e200, 0}, {-1e200, 0}}}, "overflow");
}

// Removes ESC [ … m.
std::string plain(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\x1b') {
            i = text.find('m', i);
        } else {
            out += text[i];
        }
    }
    return out;
}

std::size_t widest_line(const std::string& text) {
    std::size_t widest = 0, width = 0;
    for (const char c : text) {
        if (c == '\n')
            width = 0;
        else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
            widest = std::max(widest, ++width);
    }
    return widest;
}

TEST(ExplainText, TellsTheStoryInTheLecturesOrder) {
    const std::string text = explain_text(explain(), false);
    std::size_t at = 0;
    for (const char* part : {"1. The batch",
                             "2. Weighted sums",
                             "z = w·x + b",
                             "FIRST WAY",
                             "μ  = (1/m) Σ z        = 0.1400",
                             "σ² = (1/m) Σ (z − μ)² = 0.6180",
                             "ẑ = (z − μ) / √(σ² + ε)",
                             "y = γ ẑ + β",
                             "a = relu(y)",
                             "    1   -1.0000   -1.4490   -1.6735    0.0000    0.0000\n",
                             "SECOND WAY",
                             "a = relu(z)",
                             "= 0.4060",
                             "    2    1.1500    1.1500    1.4718    2.7077    1.0000\n",
                             "∂C/∂γ = Σ ∂C/∂y · ẑ    = 0.5730",
                             "    3   -0.1648   -0.1648   -0.3824   -0.1912    0.1147\n",
                             "∂C/∂γ = Σ ∂C/∂y · â    = 1.1729",
                             "η = 0.1",
                             "γ ← γ − η ∂C/∂γ        1.4427        1.3827",
                             "β ← β − η ∂C/∂β        0.4698        0.5100",
                             "C before the step        0.3541        0.7637",
                             "C after the step        0.3140        0.6320"}) {
        const std::size_t found = text.find(part, at);
        ASSERT_NE(found, std::string::npos) << part << "\n" << text;
        at = found;
    }
}

TEST(ExplainText, ColourChangesNothingElse) {
    const std::string coloured = explain_text(explain(), true), text = explain_text(explain(), false);
    EXPECT_NE(coloured, text);
    EXPECT_EQ(plain(coloured), text);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ExplainText, FitsIntoAHundredColumns) {
    EXPECT_LE(widest_line(explain_text(explain(), false)), 100u);
    ExplainInput wide{.rows = std::vector<Values>(300, Values(6, -123456.789)),
                      .weights = Values(6, -1.23456e-5),
                      .bias = -1.23456e-5,
                      .gamma = -1.23456e-5,
                      .beta = -1.23456e-5,
                      .activation = "sigmoid",
                      .learning_rate = 1.23456e-5};
    wide.rows[7] = Values(6, 1e-7);
    const std::string text = explain_text(explain(wide), false);
    EXPECT_LE(widest_line(text), 100u);
    EXPECT_THAT(text, HasSubstr("… and 280 more rows"));
    EXPECT_THAT(text, HasSubstr(" -1.23e+05 -1.23e+05"));
}

TEST(ExplainJson, HasEveryField) {
    const ExplainResult r = explain();
    const auto json = to_json(r);
    EXPECT_EQ(json["input"]["rows"], nlohmann::json(r.input.rows));
    EXPECT_EQ(json["input"]["targets"], nlohmann::json({0.0, 1.0, 1.0, 0.0, 1.0}));
    EXPECT_EQ(json["input"]["activation"], "relu");
    for (const char* way : {"before", "after"}) EXPECT_EQ(json[way].size(), 18u);
    EXPECT_EQ(json["before"]["d_gamma"], r.before.d_gamma);
    EXPECT_EQ(json["after"]["d_gamma"], r.after.d_gamma);
    EXPECT_EQ(json["after"]["d_x"][1][0], r.after.d_x[1][0]);
    EXPECT_EQ(json["before"]["new_beta"], r.before.new_beta);
}

}  // namespace
}  // namespace evenkeel
