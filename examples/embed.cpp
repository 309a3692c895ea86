// Evenkeel inside another program: data from memory, a loss of one's own, a model saved and loaded, and predictions from
// several threads on one set of weights.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <thread>
#include <vector>

#include "evenkeel/evenkeel.hpp"
#include "evenkeel/train/saving.hpp"

using namespace evenkeel;

namespace {

// C = mean ln cosh(p − t): like the squared error near 0, like the absolute error far out. ∂C/∂p = tanh(p − t)/n.
double log_cosh(std::span<const float> predictions, std::span<const float> targets, std::int64_t rows,
                std::int64_t width, std::span<float> gradient) {
    const double n = static_cast<double>(rows * width);
    double sum = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i) {
        const double error = static_cast<double>(predictions[i]) - targets[i];
        const double size = std::abs(error);
        sum += size + std::log1p(std::exp(-2 * size)) - std::log(2.0);  // ln cosh, without overflow
        gradient[i] = static_cast<float>(std::tanh(error) / n);
    }
    return sum / n;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        // y = sin(3a) + b/2 on a grid of 64 × 64 points of [−1, 1]².
        std::vector<float> x, y;
        for (int i = 0; i < 64 * 64; ++i) {
            const float a = static_cast<float>(i % 64) / 31.5F - 1, b = static_cast<float>(i / 64) / 31.5F - 1;
            x.insert(x.end(), {a, b});
            y.push_back(std::sin(3 * a) + b / 2);
        }

        Sequential model;
        model.add(Input({2}));
        model.add(Dense(32));
        model.add(BatchNormalization());
        model.add(Activation("tanh"));
        model.add(Dense(1));
        model.compile({.optimizer = Adam{.learning_rate = 0.01}, .loss = CustomLoss(log_cosh)});
        const History history = model.fit(DataView(x, y), {.batch_size = 128, .epochs = 20});
        const double loss = history.epochs.back().train.loss;
        std::printf("loss: %.5f, then %.5f\n", history.epochs.front().train.loss, loss);

        // Saved as Keras's own archive: keras.saving.load_model reads it too.
        const std::filesystem::path path = argc > 1 ? argv[1] : "embed.keras";
        save_model(model, path);
        const Sequential loaded = load_model(path);
        std::filesystem::remove(path);

        // Four threads, each with room of its own, on the weights of `loaded`.
        std::vector<std::vector<float>> predictions(4, std::vector<float>(y.size()));
        {
            std::vector<std::jthread> threads;
            for (std::vector<float>& mine : predictions) {
                threads.emplace_back([&loaded, &x, &mine] {
                    Predictor predictor = loaded.predictor(256);
                    predictor.predict(x, mine);  // allocates nothing
                });
            }
        }

        const std::vector<float> expected = model.predict(x);
        for (const std::vector<float>& one : predictions) {
            if (one != expected) {
                std::fputs("embed: the loaded model predicts something else\n", stderr);
                return 1;
            }
        }
        std::puts("four threads predict what the trained model predicts, bit for bit");
        return loss < 0.01 ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "embed: %s\n", error.what());
        return 1;
    }
}
