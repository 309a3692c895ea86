// Gradients of whole networks against finite differences of an independent double implementation.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "support/double_network.hpp"
#include "support/finite_differences.hpp"
#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// Draws of one network; every choice is a pure function of the seed.
class Chooser {
  public:
    explicit Chooser(std::uint64_t seed) : random_(seed, purpose_of("network")) {}
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.below(next_++, n)); }
    bool coin() { return below(2) == 0; }
    bool seldom() { return below(6) == 0; }

  private:
    Random random_;
    std::uint64_t next_ = 0;
};

Layer batch_normalization(Chooser& choose, int axis) {
    BatchNormalizationOptions o;
    o.axis = axis;
    o.epsilon = choose.coin() ? 1e-3 : 0.05;
    o.scale = !choose.seldom();
    o.center = !choose.seldom();
    o.train_gamma = !choose.seldom();
    o.train_beta = !choose.seldom();
    o.trainable = !choose.seldom();
    o.use_moving_statistics = choose.seldom();
    return BatchNormalization(o);
}

Layer activation(Chooser& choose) {
    const char* const words[] = {"relu", "sigmoid", "tanh", "elu", "gelu", "silu", "softmax", "linear"};
    const std::size_t pick = choose.below(10);
    if (pick == 8) return ReLU();
    if (pick == 9) return ReLU({.max_value = 1.5, .negative_slope = 0.2, .threshold = 0.1});
    return Activation(words[pick]);
}

struct Drawn {
    std::vector<Layer> layers;
    Loss loss;
    Shape input;
    std::int64_t rows;
};

Drawn draw(std::uint64_t seed) {
    Chooser choose(seed);
    const Shape shapes[] = {{5}, {3, 4}, {2, 3, 2}};
    Drawn d{{}, Loss(), shapes[seed % 3], std::vector<std::int64_t>{3, 8, 37}[choose.below(3)]};
    auto& layers = d.layers;
    layers.emplace_back(Input(d.input));
    const auto last = static_cast<std::size_t>(d.input.back());
    switch (choose.below(4)) {
        case 0:
            layers.emplace_back(Rescaling(0.7, -0.2));
            break;
        case 1:
            layers.emplace_back(Normalization());  // variables
            break;
        case 2:
            layers.emplace_back(Normalization{Doubles(last, 0.3), Doubles(last, 2.0)});
            break;
        default:
            break;
    }
    if (choose.coin()) layers.emplace_back(batch_normalization(choose, 1));
    if (d.input.size() > 1) {
        if (choose.coin()) layers.emplace_back(Dense(3, {.activation = choose.coin() ? "tanh" : "linear"}));
        if (choose.coin()) layers.emplace_back(batch_normalization(choose, choose.coin() ? -1 : 1));
        if (choose.coin()) layers.emplace_back(activation(choose));
        layers.emplace_back(Flatten());
        if (choose.coin()) layers.emplace_back(batch_normalization(choose, -1));
    }
    for (std::size_t i = 0, n = 1 + choose.below(3); i < n; ++i) {
        const char* const words[] = {"linear", "linear", "relu", "sigmoid", "elu"};
        layers.emplace_back(
            Dense(static_cast<std::int64_t>(3 + choose.below(4)),
                  {.activation = words[choose.below(5)], .use_bias = choose.coin(), .trainable = !choose.seldom()}));
        const bool before = choose.coin(), after = choose.below(3) == 0;
        if (before) layers.emplace_back(batch_normalization(choose, choose.coin() ? -1 : 1));
        layers.emplace_back(activation(choose));
        if (choose.seldom()) layers.emplace_back(Dropout(0.0));
        if (choose.seldom()) layers.emplace_back(Rescaling(-1.5, 0.25));
        if (after) layers.emplace_back(batch_normalization(choose, -1));
    }
    switch (choose.below(6)) {
        case 0:
            layers.emplace_back(Dense(3, {.activation = "softmax"}));
            break;
        case 1:
            layers.emplace_back(Dense(3));
            layers.emplace_back(Activation("softmax"));
            d.loss = "categorical_crossentropy";
            break;
        case 2:
            layers.emplace_back(Dense(3, {.activation = choose.coin() ? "sigmoid" : "linear"}));
            d.loss = "binary_crossentropy";
            d.loss.from_logits = std::get<Dense>(layers.back()).activation == "linear";
            break;
        case 3:
            layers.emplace_back(Dense(3));
            d.loss.from_logits = true;
            break;
        case 4:
            layers.emplace_back(Dense(3));
            d.loss = "mse";
            break;
        default:
            layers.emplace_back(Dense(3, {.activation = "tanh"}));
            d.loss = "huber";
            d.loss.delta = 0.4;
            break;
    }
    return d;
}

Rows answers(std::int64_t rows, std::int64_t features, const Loss& loss, bool weighted, std::uint64_t seed) {
    Rows data;
    data.features = features;
    data.x = normal_values<float>(rows * features, 1000 + seed, 0.3, 1.2);
    if (loss.takes_labels()) {
        for (std::int64_t r = 0; r < rows; ++r) data.labels.push_back(static_cast<std::int32_t>(r * 7 % 3));
    } else {
        data.targets = normal_values<float>(rows * 3, 2000 + seed);
        for (float& t : data.targets) t = 1 / (1 + std::exp(-t));
    }
    if (weighted) data.weights = normal_values<float>(rows, 3000 + seed, 1.0, 0.3);
    return data;
}

std::string text(const ModelDescription& d) {
    std::string out;
    for (const Layer& l : d.layers) out += layer_name(l) + " ";
    return out;
}

void check_network(const Drawn& d, std::uint64_t seed, bool keep_values) {
    Net net(d.layers, {.loss = d.loss}, {.largest_batch = d.rows, .keep_values = keep_values}, seed, 2);
    SCOPED_TRACE(fmt::format("network {} of {} rows: {}", seed, d.rows, text(net.description)));
    for (const Variable& v : net.layout.variables) {
        if (v.role == Role::kernel) continue;
        const bool scale = v.role == Role::gamma || v.role == Role::moving_variance || v.role == Role::variance;
        const Floats numbers =
            normal_values<float>(v.size, 7 + seed + static_cast<std::uint64_t>(v.offset), scale ? 1.2 : 0.1, 0.15);
        std::copy(numbers.begin(), numbers.end(), net.values.of(v).begin());
    }
    const Rows data = answers(d.rows, elements(d.input, "input"), d.loss, seed % 2 == 0, seed);
    const BatchResult result = net.plan.forward(data.all(), true, net.values);
    net.plan.backward(net.gradients);

    const Doubles statistics(net.values.statistics.data(), net.values.statistics.data() + net.values.statistics.size());
    const DoubleNetwork exact(net.description, net.layout, d.loss, statistics);
    const Doubles x = as_double(data.x), targets = as_double(data.targets), weights_of_rows = as_double(data.weights);
    Doubles weights(net.values.weights.data(), net.values.weights.data() + net.values.weights.size());
    const double want = exact.loss(weights, x, d.rows, data.labels, targets, weights_of_rows);
    EXPECT_NEAR(result.loss, want, 1e-5 * std::max(1.0, std::abs(want)));

    // Float32 keeps 6e-8 of each term. A gradient is a sum over rows of terms that cancel, and each
    // normalization on the way down divides by σ (rarely below 0.1) and takes the difference of nearly equal
    // terms: some hundred roundings, 2e-5 of the largest gradient of the network, or 1e-4 of the largest of
    // the variable itself.
    double largest = 0;
    for (const Variable& v : net.layout.variables) {
        if (v.statistic || !v.trainable) continue;
        for (const float g : net.gradient_of(v.layer, v.role))
            largest = std::max(largest, static_cast<double>(std::abs(g)));
    }
    for (const Variable& v : net.layout.variables) {
        if (v.statistic || !v.trainable) continue;
        const Doubles at(weights.begin() + v.offset, weights.begin() + v.offset + v.size);
        const Doubles numeric = numeric_gradient(
            at,
            [&](const Doubles& moved) {
                Doubles all = weights;
                std::copy(moved.begin(), moved.end(), all.begin() + v.offset);
                return exact.loss(all, x, d.rows, data.labels, targets, weights_of_rows);
            },
            1e-6);
        double scale = 0;
        for (const double g : numeric) scale = std::max(scale, std::abs(g));
        const auto got = net.gradient_of(v.layer, v.role);
        for (std::size_t i = 0; i < numeric.size(); ++i)
            ASSERT_NEAR(got[i], numeric[i], std::max(1e-4 * scale, 2e-5 * largest)) << v.path << "[" << i << "]";
    }
}

TEST(Gradients, OfRandomNetworksAreThoseOfFiniteDifferences) {
    for (std::uint64_t seed = 0; seed < 120; ++seed) check_network(draw(seed), seed, seed % 3 == 1);
}

TEST(Gradients, AreThoseOfFiniteDifferencesForTheAwkwardChains) {
    const std::vector<std::vector<Layer>> chains = {
        // BN first of all, nothing trainable before it
        {Input({4}), BatchNormalization(), ReLU(), Dense(3)},
        {Input({4}), Dense(4, {.trainable = false}), BatchNormalization(), ReLU(), Dense(3)},
        {Input({4}), Dense(4, {.trainable = false}), BatchNormalization({.train_gamma = false, .train_beta = false}),
         Dense(3)},
        // only γ and β of the last layer train
        {Input({4}), Dense(3, {.trainable = false}), BatchNormalization()},
        // two in a row; BN behind BN's fused ReLU; activations in a row
        {Input({4}), Dense(5), BatchNormalization(), BatchNormalization(), ReLU(), BatchNormalization(), Dense(3)},
        {Input({4}), Dense(5), Activation("sigmoid"), Activation("tanh"), ReLU(), Dense(3)},
        {Input({4}), Activation("tanh"), Dense(5), Activation("softmax"), BatchNormalization(), Dense(3)},
        // a Dense on each of three positions, flattened, then normalized: 15 channels, a bias of 5
        {Input({3, 4}), Dense(5), Flatten(), BatchNormalization(), ReLU(), Dense(3)},
        {Input({3, 4}), Dense(5), BatchNormalization({.axis = 1}), ReLU(), Flatten(), Dense(3)},
        {Input({2, 3, 2}), Dense(5), BatchNormalization({.axis = 2}), ReLU(), Flatten(), Dense(3)},
        // scaling in the middle, over a buffer that may and that may not be overwritten
        {Input({4}), Dense(5), Rescaling(2.0, 1.0), BatchNormalization(), ReLU(), Rescaling(0.5), Activation("sigmoid"),
         Dense(3)},
        {Input({4}), Rescaling(2.0), Rescaling(0.5, 1.0), Dense(5, {.activation = "relu"}),
         Normalization{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}}, Dense(3)},
    };
    std::uint64_t seed = 500;
    for (const auto& layers : chains) {
        for (const bool keep : {false, true}) {
            Loss loss = "mse";
            check_network({layers, loss, std::get<Input>(layers[0]).shape, 8}, ++seed, keep);
        }
    }
}

// Of few rows, Dense turns the gradients of a block; of more, its weights.
TEST(Gradients, AreThoseOfFiniteDifferencesForAnyNumberOfRows) {
    const std::vector<Layer> layers = {Input({6}),         Dense(22), BatchNormalization(), ReLU(),  Dense(30),
                                       Activation("tanh"), Dense(18), BatchNormalization(), Dense(3)};
    std::uint64_t seed = 600;
    for (const std::int64_t rows : {5, 16, 21, 34, 70})
        check_network({layers, Loss("mse"), std::get<Input>(layers[0]).shape, rows}, ++seed, false);
}

}  // namespace
}  // namespace evenkeel::testing
