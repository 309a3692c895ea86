// The lecture's two networks, line by line: the same layers without and with batch normalization, trained on the same
// images in the same order from the same initial Dense weights.
//
//   lecture              on `digits`, drawn by a built-in generator
//   lecture mnist        on the MNIST, fetched on first use
//   lecture FOLDER       on a folder with the four IDX files

#include <cstdio>
#include <exception>

#include "evenkeel/data/open.hpp"
#include "evenkeel/evenkeel.hpp"

using namespace evenkeel;

int main(int argc, char** argv) {
    try {
        const Dataset data = open_dataset(argc > 1 ? argv[1] : "digits");

        Sequential model_no_bn({.name = "model_no_bn"});
        model_no_bn.add(Rescaling(1.0 / 255));  // bytes 0…255 to numbers 0…1
        model_no_bn.add(Flatten());
        model_no_bn.add(Dense(128));
        model_no_bn.add(ReLU());
        model_no_bn.add(Dense(64));
        model_no_bn.add(ReLU());
        model_no_bn.add(Dense(10, {.activation = "softmax"}));

        Sequential model_bn({.name = "model_bn"});
        model_bn.add(Rescaling(1.0 / 255));
        model_bn.add(Flatten());
        model_bn.add(Dense(128));
        model_bn.add(BatchNormalization());
        model_bn.add(ReLU());
        model_bn.add(Dense(64));
        model_bn.add(BatchNormalization());
        model_bn.add(ReLU());
        model_bn.add(Dense(10, {.activation = "softmax"}));

        for (Sequential* model : {&model_no_bn, &model_bn}) {
            model->compile({.optimizer = SGD{.learning_rate = 0.1},
                            .loss = "sparse_categorical_crossentropy",
                            .metrics = {"accuracy"}});
            const History history = model->fit(data.train, {.batch_size = 128, .epochs = 5, .validation_split = 0.1});
            std::puts(model->summary().c_str());
            for (const EpochLog& epoch : history.epochs) {
                std::printf("epoch %d: loss %.4f, validation accuracy %.4f\n", epoch.epoch, epoch.train.loss,
                            epoch.validation.metrics[0]);
            }
        }

        std::printf("test accuracy of model_no_bn: %.4f\n", model_no_bn.evaluate(data.test).metrics[0]);
        std::printf("test accuracy of model_bn: %.4f\n", model_bn.evaluate(data.test).metrics[0]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "lecture: %s\n", error.what());
        return 1;
    }
}
