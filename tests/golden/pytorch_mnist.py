"""Trains the lecture's networks in PyTorch on the real MNIST: what README.md sets beside Evenkeel's accuracies.

    python3 tests/golden/pytorch_mnist.py [seeds]      (environment: requirements.txt here; data: evenkeel data fetch mnist)

The same protocol as `evenkeel compare --data mnist --validation-rows 0`: Glorot uniform kernels, zero biases, pixels
scaled to [0, 1], plain SGD 0.1, batches of 128, 5 epochs, all 60 000 training rows.
"""

import os
import pathlib
import sys

import numpy as np
import torch


def cache():
    if "EVENKEEL_CACHE" in os.environ:
        return pathlib.Path(os.environ["EVENKEEL_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "evenkeel"


def idx(name, header):
    found = list(cache().rglob(name))
    if not found:
        sys.exit(f"expected {name} below {cache()} (evenkeel data fetch mnist), got nothing")
    return np.fromfile(found[0], dtype=np.uint8)[header:]


def network(arm):
    layers, width = [torch.nn.Flatten()], 784
    for units in (128, 64):
        norm = [torch.nn.BatchNorm1d(units, eps=1e-3, momentum=0.01)]
        relu = [torch.nn.ReLU()]
        layers += [torch.nn.Linear(width, units)]
        layers += {"none": relu, "before": norm + relu, "after": relu + norm}[arm]
        width = units
    model = torch.nn.Sequential(*layers, torch.nn.Linear(width, 10))
    for layer in model:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    return model


def accuracy(arm, seed, train, test):
    torch.manual_seed(seed)
    (x, y), (x_test, y_test) = train, test
    model = network(arm)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        for rows in torch.randperm(len(x)).split(128):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return (model(x_test).argmax(1) == y_test).float().mean().item()


def main():
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3

    def split(images, labels):
        x = torch.from_numpy(idx(images, 16).reshape(-1, 784).astype(np.float32) / 255)
        return x, torch.from_numpy(idx(labels, 8).astype(np.int64))

    train = split("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    test = split("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    print(f"PyTorch {torch.__version__}, {seeds} seeds")
    for arm in ("none", "before", "after"):
        values = [accuracy(arm, seed, train, test) for seed in range(seeds)]
        print(f"{arm:7} {100 * np.mean(values):.2f} %   ({', '.join(f'{100 * v:.2f}' for v in values)})", flush=True)


if __name__ == "__main__":
    main()
