"""The networks in numpy and double precision, forward, backward and update: what every peer is checked against."""

from __future__ import annotations

import numpy as np

from common import EPSILON, LEARNING_RATE, Layer


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def infer(layers: list[Layer], x: np.ndarray) -> np.ndarray:
    """Probabilities [rows, classes], normalized by the moving statistics."""
    a = x.astype(np.float64)
    for layer in layers[:-1]:
        z = a @ layer.weights + layer.bias
        if layer.gamma is not None:
            z = (z - layer.mean) / np.sqrt(layer.variance + EPSILON) * layer.gamma + layer.beta
        a = np.maximum(z, 0)
    return softmax(a @ layers[-1].weights + layers[-1].bias)


class Trainer:
    """Plain gradient descent, one batch a call."""

    def __init__(self, layers: list[Layer]) -> None:
        double = lambda v: None if v is None else v.astype(np.float64)  # noqa: E731
        self.layers = [Layer(double(i.weights), double(i.bias), double(i.gamma), double(i.beta)) for i in layers]

    def step(self, pixels: np.ndarray, labels: np.ndarray) -> float:
        """The loss of this batch with the weights before the step."""
        a = pixels / 255.0
        kept = []  # what the way back needs of each hidden layer
        for layer in self.layers[:-1]:
            z = a @ layer.weights + layer.bias
            scaled, inverse = z, None
            if layer.gamma is not None:
                inverse = 1 / np.sqrt(z.var(axis=0) + EPSILON)
                scaled = (z - z.mean(axis=0)) * inverse
                z = scaled * layer.gamma + layer.beta
            kept.append((a, scaled, inverse, z > 0))
            a = np.maximum(z, 0)
        last = self.layers[-1]
        p = softmax(a @ last.weights + last.bias)
        rows = np.arange(len(labels))
        loss = -np.log(p[rows, labels]).mean()

        p[rows, labels] -= 1
        gradient = p / len(labels)
        upstream = gradient @ last.weights.T
        descend(last.weights, a.T @ gradient)
        descend(last.bias, gradient.sum(axis=0))
        for layer, (a, scaled, inverse, positive) in zip(self.layers[-2::-1], kept[::-1]):
            gradient = upstream * positive
            if layer.gamma is not None:
                d_beta, d_gamma = gradient.sum(axis=0), (gradient * scaled).sum(axis=0)
                m = len(labels)
                gradient = layer.gamma * inverse * (gradient - d_beta / m - scaled * d_gamma / m)
                descend(layer.gamma, d_gamma)
                descend(layer.beta, d_beta)
            upstream = gradient @ layer.weights.T
            descend(layer.weights, a.T @ gradient)
            descend(layer.bias, gradient.sum(axis=0))
        return float(loss)


def descend(values: np.ndarray, gradient: np.ndarray) -> None:
    values -= LEARNING_RATE * gradient


def batch_norm(x: np.ndarray, dy: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, ...]:
    """y, ∂/∂x, ∂/∂γ, ∂/∂β of batch normalization over the rows."""
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    inverse = 1 / np.sqrt(x.var(axis=0) + EPSILON)
    scaled = (x - x.mean(axis=0)) * inverse
    d_gamma, d_beta = (dy * scaled).sum(axis=0), dy.sum(axis=0)
    dx = gamma * inverse * (dy - d_beta / len(x) - scaled * d_gamma / len(x))
    return scaled * gamma + beta, dx, d_gamma, d_beta
