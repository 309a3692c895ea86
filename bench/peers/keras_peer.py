"""Keras 3 on JAX or on TensorFlow, as KERAS_BACKEND says: `compile(jit_compile=True)`, then

    train_on_batch   one step a call, from rows gathered by numpy
    fit              an epoch a call, by Keras's own input pipeline, 32 steps compiled as one (`steps_per_execution`)
"""

from __future__ import annotations

import argparse

import keras
import numpy as np

from common import DECAY, EPSILON, LEARNING_RATE, PIXELS, ROWS, Network, images, initial_layers, order
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


class KerasPeer:
    def train(self, network: Network, batch: int, setting: str) -> Training:
        pixels, labels = images()
        rows = order()
        batches = ROWS // batch
        model = model_of(network, batch, STEPS_AT_ONCE if setting == "fit" else 1)
        at = 0

        def one() -> float:
            nonlocal at
            now = rows[at * batch : (at + 1) * batch]
            at = (at + 1) % batches
            model.reset_metrics()  # else the answer is the mean so far
            return float(model.train_on_batch(pixels[now], labels[now]))

        def epoch() -> float:
            steps = batches // STEPS_AT_ONCE * STEPS_AT_ONCE
            history = model.fit(pixels, labels, batch_size=batch, steps_per_epoch=steps, verbose=0)
            return history.history["loss"][0]

        if setting == "train_on_batch":
            return Training(one, lambda count: [one() for _ in range(count)])
        # The losses of single steps are not to be had from `fit`: a second model, compiled alike, shows them.
        other = KerasPeer().train(network, batch, "train_on_batch")
        return Training(epoch, other.losses, batches // STEPS_AT_ONCE * STEPS_AT_ONCE)


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
