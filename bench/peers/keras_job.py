"""The whole job in Keras 3, written as its users do, with its fast options: the MNIST, the lecture's network, 5 epochs,
test accuracy.

    keras_job.py --threads N --data FOLDER      prints {"test_accuracy": …}

As `evenkeel train --data mnist --model model_bn`: batches of 128, SGD 0.1, the last 5000 training rows watched after
each epoch.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from common import idx

WATCHED = 5000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)  # given by the affinity
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    keras.utils.set_random_seed(0)

    def part(name: str) -> tuple[np.ndarray, np.ndarray]:
        x = idx(options.data, f"{name}-images-idx3-ubyte", 16).reshape(-1, 784)
        return x, idx(options.data, f"{name}-labels-idx1-ubyte", 8).astype(np.int32)

    (x, y), test = part("train"), part("t10k")
    model = keras.Sequential([
        keras.Input((784,), dtype="uint8"),
        layers.Rescaling(1 / 255),
        layers.Dense(128), layers.BatchNormalization(), layers.ReLU(),
        layers.Dense(64), layers.BatchNormalization(), layers.ReLU(),
        layers.Dense(10),
    ])  # fmt: skip
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=True,
        steps_per_execution=32,
    )
    history = model.fit(
        x[:-WATCHED], y[:-WATCHED], batch_size=128, epochs=5, verbose=0,
        validation_data=(x[-WATCHED:], y[-WATCHED:]), validation_batch_size=1000,
    )  # fmt: skip
    accuracy = model.evaluate(*test, batch_size=1000, verbose=0)[1]
    print(json.dumps({"test_accuracy": accuracy, "validation_accuracy": history.history["val_accuracy"]}))


if __name__ == "__main__":
    main()
