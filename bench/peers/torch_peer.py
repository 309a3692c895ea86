"""PyTorch: training, inference and batch normalization alone.

The images are one tensor of bytes. Settings of a training step:

    eager     plain calls of functions, gradients by `autograd.grad`, all weights updated by one call; faster here than
              modules, `backward()` and `torch.optim.SGD` in any of its forms
    compile   forward, backward and update as one compiled function (`torch.func`), tuned (`max-autotune`), called
              through C++ (`cpp_wrapper`)

of inference (in `inference_mode`, normalization folded into the products by hand):

    eager     plain calls of functions
    export    compiled ahead of time (`torch.export`, AOTInductor); at batch 1 a third of `torch.compile`'s time
"""

from __future__ import annotations

import argparse
from typing import Callable

import numpy as np
import torch
import torch._inductor.config as inductor
from torch import Tensor, nn
from torch.nn import functional as F

from common import (
    DECAY,
    EPSILON,
    LEARNING_RATE,
    ROWS,
    Data,
    Layer,
    Network,
    fold,
    initial_layers,
    order,
    trained_layers,
)
from reference import batch_norm
from serve import Inference, Kernel, Training, serve, timed

TUNED = {"mode": "max-autotune-no-cudagraphs", "fullgraph": True, "dynamic": False}


def sequential(layers: list[Layer]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for layer in layers:
        inputs, units = layer.weights.shape
        dense = nn.Linear(inputs, units)
        dense.weight.data = torch.from_numpy(layer.weights.T.copy())
        dense.bias.data = torch.from_numpy(layer.bias.copy())
        modules.append(dense)
        if layer.gamma is not None:
            norm = nn.BatchNorm1d(units, eps=EPSILON, momentum=1 - DECAY)
            norm.weight.data, norm.bias.data = torch.from_numpy(layer.gamma.copy()), torch.from_numpy(layer.beta.copy())
            norm.running_mean, norm.running_var = torch.from_numpy(layer.mean), torch.from_numpy(layer.variance)
            norm.num_batches_tracked = None  # a count that only the cumulative average needs
            modules.append(norm)
        modules.append(nn.ReLU())
    return nn.Sequential(*modules[:-1])


def gather(pixels: Tensor, rows: Tensor) -> Tensor:
    return pixels.index_select(0, rows).float().mul_(1 / 255)  # three times as fast as pixels[rows].float() / 255


def eager_step(network: Network, pixels: Tensor, labels: Tensor) -> Callable[[Tensor], Tensor]:
    model = sequential(initial_layers(network))
    weights = list(model.parameters())

    def forward(x: Tensor) -> Tensor:
        """What `model(x)` does, without the book-keeping of modules."""
        for module in model:
            if isinstance(module, nn.Linear):
                x = F.linear(x, module.weight, module.bias)
            elif isinstance(module, nn.BatchNorm1d):
                statistics = module.running_mean, module.running_var
                x = torch.batch_norm(x, module.weight, module.bias, *statistics, True, 1 - DECAY, EPSILON, False)
            else:
                x = torch.relu(x)
        return x

    def step(rows: Tensor) -> Tensor:
        loss = F.cross_entropy(forward(gather(pixels, rows)), labels[rows])
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            torch._foreach_add_(weights, gradients, alpha=-LEARNING_RATE)
        return loss

    return step


def compiled_step(network: Network, pixels: Tensor, labels: Tensor) -> Callable[[Tensor], Tensor]:
    model = sequential(initial_layers(network))
    weights = [p.data for p in model.parameters()]
    names = [name for name, _ in model.named_parameters()]
    statistics = dict(model.named_buffers())

    def loss_of(values: list[Tensor], x: Tensor, right: Tensor) -> Tensor:
        z = torch.func.functional_call(model, dict(zip(names, values)) | statistics, (x,))
        return F.cross_entropy(z, right)

    def step(rows: Tensor) -> Tensor:
        gradients, loss = torch.func.grad_and_value(loss_of)(weights, gather(pixels, rows), labels[rows])
        for value, gradient in zip(weights, gradients):
            value.sub_(gradient, alpha=LEARNING_RATE)
        return loss

    return torch.compile(step, **TUNED)


class FoldedNetwork(nn.Module):
    """Inference with normalization folded into the products."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        layers = fold(trained_layers(network))
        self.values = [(torch.from_numpy(i.weights.T.copy()).T, torch.from_numpy(i.bias)) for i in layers]

    def forward(self, x: Tensor) -> Tensor:
        for weights, bias in self.values[:-1]:
            x = torch.addmm(bias, x, weights).relu_()
        weights, bias = self.values[-1]
        return torch.softmax(torch.addmm(bias, x, weights), 1)


def exported(model: nn.Module, x: Tensor) -> Callable[[Tensor], Tensor]:
    """The model compiled ahead of time, behind the thinnest call there is from Python."""
    package = torch._inductor.aoti_compile_and_package(torch.export.export(model, (x,)))
    run = torch._inductor.aoti_load_package(package).loader.run
    return lambda source: run([source])[0]


class TorchPeer:
    def train(self, network: Network, data: Data, batch: int, setting: str) -> Training:
        pixels = torch.from_numpy(data.pixels)
        labels = torch.from_numpy(data.labels).long()
        batches = torch.from_numpy(order()).long()[: ROWS // batch * batch].split(batch)
        step = (eager_step if setting == "eager" else compiled_step)(network, pixels, labels)
        at = 0

        def call() -> Tensor:
            nonlocal at
            at = (at + 1) % len(batches)
            return step(batches[at - 1])

        return Training(timed(call), lambda count: [call().item() for _ in range(count)])

    def predict(self, network: Network, x: np.ndarray, setting: str) -> Inference:
        source = torch.from_numpy(x)
        model = FoldedNetwork(network)
        run = exported(model, source) if setting == "export" else model.forward

        @torch.inference_mode()
        def call() -> Tensor:
            return run(source)

        return Inference(timed(call), lambda: call().numpy())

    def normalize(self, rows: int, channels: int, setting: str) -> Kernel:
        """Forward and backward by the operators behind `F.batch_norm`, without autograd's book-keeping."""
        random = np.random.default_rng(4)
        arrays = [random.normal(2, 3, (rows, channels)), random.normal(0, 1, (rows, channels))]
        arrays += [random.uniform(0.5, 1.5, channels), random.normal(0, 1, channels)]
        arrays = [a.astype(np.float32) for a in arrays]
        x, dy, gamma, beta = map(torch.from_numpy, arrays)
        mean, variance = torch.zeros(channels), torch.ones(channels)

        @torch.inference_mode()
        def call() -> tuple[Tensor, ...]:
            y, *kept = torch.native_batch_norm(x, gamma, beta, mean, variance, True, 1 - DECAY, EPSILON)
            backward = torch.ops.aten.native_batch_norm_backward
            return y, *backward(dy, x, gamma, mean, variance, *kept, True, EPSILON, [True, True, True])

        got, expected = call(), batch_norm(*arrays)
        # ∂/∂γ and ∂/∂β are sums over the rows, so it is relative to the largest of each.
        return Kernel(timed(call), max(np.abs(g.numpy() - e).max() / np.abs(e).max() for g, e in zip(got, expected)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    torch.set_num_interop_threads(1)
    inductor.cpp_wrapper = True  # the compiled function is called through C++
    serve(TorchPeer(), {"torch": torch.__version__})
