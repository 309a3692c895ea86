"""JAX: a training step written by hand, jitted whole.

The images lie on the device as bytes; gathering, scaling, forward, backward, update and the moving statistics are one
compiled program. The state is donated, so it is updated in place.

    call   one step a call
    scan   50 steps a call (`lax.scan`), which leaves no Python between steps
"""

from __future__ import annotations

import argparse
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from common import CLASSES, DECAY, EPSILON, LEARNING_RATE, ROWS, Data, Network, initial_layers, order
from serve import Training, serve, timed

SCAN = 50

Tree = Any  # what JAX calls a pytree


def forward(weights: Tree, moving: Tree, x: jax.Array) -> tuple[jax.Array, Tree]:
    """Logits and the new moving statistics."""
    kept = []
    for layer, statistics in zip(weights[:-1], moving):
        z = x @ layer["weights"] + layer["bias"]
        if "gamma" in layer:
            mean = z.mean(axis=0)
            centred = z - mean
            variance = (centred * centred).mean(axis=0)
            z = centred * (lax.rsqrt(variance + EPSILON) * layer["gamma"]) + layer["beta"]
            statistics = jax.tree.map(lambda old, new: DECAY * old + (1 - DECAY) * new, statistics, (mean, variance))
        kept.append(statistics)
        x = jnp.maximum(z, 0)
    return x @ weights[-1]["weights"] + weights[-1]["bias"], kept


def loss_of(weights: Tree, moving: Tree, x: jax.Array, labels: jax.Array) -> tuple[jax.Array, Tree]:
    logits, moving = forward(weights, moving, x)
    # Faster than gathering the label's logit, whose gradient is a scatter.
    right = (logits * jax.nn.one_hot(labels, CLASSES)).sum(axis=1)
    return (jax.nn.logsumexp(logits, axis=1) - right).mean(), moving


def one_step(state: Tree, pixels: jax.Array, labels: jax.Array, rows: jax.Array, batch: int) -> tuple[Tree, jax.Array]:
    weights, moving, at = state
    now = lax.dynamic_slice(rows, (at,), (batch,))
    take = lambda values: values.at[now].get(mode="promise_in_bounds")  # noqa: E731
    x = take(pixels).astype(jnp.float32) * jnp.float32(1 / 255)
    (loss, moving), gradients = jax.value_and_grad(loss_of, has_aux=True)(weights, moving, x, take(labels))
    weights = jax.tree.map(lambda w, g: w - LEARNING_RATE * g, weights, gradients)
    at = jnp.where(at + 2 * batch <= ROWS, at + batch, 0)
    return (weights, moving, at), loss


def start(network: Network) -> Tree:
    weights, moving = [], []
    for layer in initial_layers(network):
        values = {"weights": layer.weights, "bias": layer.bias}
        if layer.gamma is not None:
            values |= {"gamma": layer.gamma, "beta": layer.beta}
        weights.append(values)
        moving.append(() if layer.mean is None else (layer.mean, layer.variance))
    return jax.device_put((weights, moving[:-1], np.int32(0)))


class JaxPeer:
    def train(self, network: Network, data: Data, batch: int, setting: str) -> Training:
        pixels, labels = jax.device_put((data.pixels, data.labels))
        rows = jax.device_put(order())

        def step(state: Tree, pixels: jax.Array, labels: jax.Array, rows: jax.Array) -> tuple[Tree, jax.Array]:
            return one_step(state, pixels, labels, rows, batch)

        def steps(state: Tree, pixels: jax.Array, labels: jax.Array, rows: jax.Array) -> tuple[Tree, jax.Array]:
            return lax.scan(lambda s, _: one_step(s, pixels, labels, rows, batch), state, length=SCAN)

        compiled = jax.jit(steps if setting == "scan" else step, donate_argnums=0)
        state = start(network)

        def call() -> jax.Array:
            nonlocal state
            state, loss = compiled(state, pixels, labels, rows)
            return loss.block_until_ready()

        def losses(count: int) -> list[float]:
            values: list[float] = []
            while len(values) < count:
                values += np.atleast_1d(np.asarray(call())).tolist()
            return values

        return Training(timed(call, SCAN if setting == "scan" else 1), losses)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)  # XLA reads them from XLA_FLAGS and the affinity
    parser.parse_args()
    serve(JaxPeer(), {"jax": jax.__version__})
