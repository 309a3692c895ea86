"""Keras 3 on JAX or on TensorFlow, as KERAS_BACKEND says: `compile(jit_compile=True)` and `fit` on arrays of bytes by
Keras's own shuffling pipeline, 32 steps at a time (`steps_per_execution`). That takes half the time of
`train_on_batch`, called from Python for each step, on either backend.
"""

from __future__ import annotations

import argparse
import time

import keras
import numpy as np

from common import DECAY, EPSILON, LEARNING_RATE, PIXELS, ROWS, Data, Network, initial_layers, order
from serve import Training, serve

STEPS_AT_ONCE = 32


def model_of(network: Network, batch: int, at_once: int) -> keras.Sequential:
    layers = initial_layers(network)
    model = keras.Sequential([keras.Input((PIXELS,), batch_size=batch, dtype="uint8"), keras.layers.Rescaling(1 / 255)])
    for layer in layers:
        dense = keras.layers.Dense(len(layer.bias))
        model.add(dense)
        dense.set_weights([layer.weights, layer.bias])
        if layer.gamma is not None:
            model.add(keras.layers.BatchNormalization(momentum=DECAY, epsilon=EPSILON))
        if layer is not layers[-1]:
            model.add(keras.layers.ReLU())
    model.compile(
        optimizer=keras.optimizers.SGD(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=True,
        steps_per_execution=at_once,
    )
    return model


class EpochClock(keras.callbacks.Callback):
    """Seconds from each epoch's end to the next one's. Keras reads the loss there, so all steps of it are done."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.ends: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.ends.append(time.perf_counter())


class KerasPeer:
    def train(self, network: Network, data: Data, batch: int, setting: str) -> Training:
        # An epoch over fewer rows where batches are small: it is long enough, and their being nearer is to Keras's good.
        steps = min(ROWS // batch, 480) // STEPS_AT_ONCE * STEPS_AT_ONCE
        pixels, labels = data.pixels[: steps * batch], data.labels[: steps * batch]
        model = model_of(network, batch, STEPS_AT_ONCE)
        clock = EpochClock()

        def fit() -> list[float]:
            """Microseconds of a step, one number an epoch; what begins a `fit` is not counted."""
            model.fit(pixels, labels, batch_size=batch, epochs=3, verbose=0, callbacks=[clock])
            return [1e6 * seconds / steps for seconds in np.diff(clock.ends)]

        def losses(count: int) -> list[float]:
            """Of single steps, which `fit` does not show: by a model of its own, compiled alike."""
            single = model_of(network, batch, 1)
            values = []
            for i in range(count):
                now = order()[i * batch : (i + 1) * batch]
                single.reset_metrics()  # else the answer is the mean so far
                values.append(float(single.train_on_batch(data.pixels[now], data.labels[now])))
            return values

        return Training(fit, losses)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    threads = parser.parse_args().threads
    versions = {"keras": keras.__version__}
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
        versions["tensorflow"] = tensorflow.__version__
    else:
        import jax

        versions["jax"] = jax.__version__
    serve(KerasPeer(), versions)
