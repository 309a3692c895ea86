"""What all peers share: the networks, the images, the initial weights and the order of the batches."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

PIXELS = 784
CLASSES = 10
CHANNELS = 128  # of the matrix where normalization is measured alone
ROWS = 60_000
EPSILON = 1e-3
DECAY = 0.99  # of the moving statistics; Keras's momentum, 1 − PyTorch's
LEARNING_RATE = 0.1


@dataclass(frozen=True)
class Network:
    """Dense layers, each with [batch normalization and] ReLU, then Dense 10 with softmax."""

    hidden: tuple[int, ...]
    normalize: bool

    @property
    def widths(self) -> tuple[int, ...]:
        return (PIXELS, *self.hidden, CLASSES)


NETWORKS = {
    "bn": Network((128, 64), True),  # the lecture's
    "plain": Network((128, 64), False),
    "deep": Network((100,) * 20, True),
}


@dataclass
class Layer:
    """One Dense layer; gamma … variance are None where no normalization follows it."""

    weights: np.ndarray  # [inputs, units]
    bias: np.ndarray
    gamma: np.ndarray | None = None
    beta: np.ndarray | None = None
    mean: np.ndarray | None = None
    variance: np.ndarray | None = None


def initial_layers(network: Network) -> list[Layer]:
    """Glorot uniform kernels, the same for every peer; γ = 1, β = 0, statistics 0 and 1."""
    random = np.random.default_rng(0)
    layers = []
    for index, (inputs, units) in enumerate(zip(network.widths, network.widths[1:])):
        limit = np.sqrt(6 / (inputs + units))
        layer = Layer(random.uniform(-limit, limit, (inputs, units)).astype(np.float32), np.zeros(units, np.float32))
        if network.normalize and index < len(network.hidden):
            layer.gamma, layer.beta = np.ones(units, np.float32), np.zeros(units, np.float32)
            layer.mean, layer.variance = np.zeros(units, np.float32), np.ones(units, np.float32)
        layers.append(layer)
    return layers


def trained_layers(network: Network) -> list[Layer]:
    """As after a training, for inference: γ, β and the statistics are no longer the neutral ones."""
    random = np.random.default_rng(1)
    layers = initial_layers(network)
    for layer in layers:
        units = len(layer.bias)
        layer.bias = random.normal(0, 0.1, units).astype(np.float32)
        if layer.gamma is not None:
            layer.gamma = random.uniform(0.5, 1.5, units).astype(np.float32)
            layer.beta = random.normal(0, 0.2, units).astype(np.float32)
            layer.mean = random.normal(0, 0.2, units).astype(np.float32)
            layer.variance = random.uniform(0.5, 1.5, units).astype(np.float32)
    return layers


def fold(layers: list[Layer]) -> list[Layer]:
    """The same network in inference without normalization: (z − μ)/√(σ² + ε)·γ + β merged into weights and bias."""
    folded = []
    for layer in layers:
        weights, bias = layer.weights, layer.bias
        if layer.gamma is not None:
            factor = layer.gamma / np.sqrt(layer.variance + EPSILON)
            weights, bias = (
                (weights * factor).astype(np.float32),
                ((bias - layer.mean) * factor + layer.beta).astype(np.float32),
            )
        folded.append(Layer(weights, bias))
    return folded


@dataclass(frozen=True)
class Data:
    pixels: np.ndarray  # [60 000, 784] bytes
    labels: np.ndarray  # int32


@cache
def images(name: str) -> Data:
    """`mnist`: the training set, from the folder MNIST_FOLDER. `noise`: rows in ten classes that a network can tell
    apart, as `evenkeel bench step` makes them: noise, with two brighter lines where the class says."""
    if name == "mnist":
        folder = Path(os.environ["MNIST_FOLDER"])
        pixels = idx(folder, "train-images-idx3-ubyte", 16).reshape(ROWS, PIXELS)
        return Data(pixels, idx(folder, "train-labels-idx1-ubyte", 8).astype(np.int32))
    random = np.random.default_rng(2)
    pixels = random.integers(0, 256, (ROWS, PIXELS), dtype=np.uint8)
    labels = (np.arange(ROWS) % CLASSES).astype(np.int32)
    stripe = 2 * 28
    for label in range(CLASSES):
        pixels[label::CLASSES, label * stripe : (label + 1) * stripe] |= 0x80
    return Data(pixels, labels)


@cache
def order() -> np.ndarray:
    """The order in which the rows of `images` are visited, int32; batch i takes the i-th slice."""
    return np.random.default_rng(3).permutation(ROWS).astype(np.int32)


def idx(folder: Path, name: str, header: int) -> np.ndarray:
    """The bytes behind the header of one of the MNIST's files in Evenkeel's cache, packed or not."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if plain.exists():
        return np.fromfile(plain, np.uint8, offset=header)
    with gzip.open(packed) as file:
        return np.frombuffer(bytearray(file.read()), np.uint8, offset=header)  # writable, as PyTorch wants it
