"""The whole job in PyTorch, as a fast script would have it: the MNIST, the lecture's network, 5 epochs, test accuracy.

    torch_job.py --threads N --data FOLDER      prints {"test_accuracy": …}

As `evenkeel train --data mnist --model model_bn`: batches of 128, SGD 0.1, the last 5000 training rows watched after
each epoch. All images lie in one tensor of bytes; nothing goes through a `DataLoader`, which takes longer than the network.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common import idx

WATCHED = 5000


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    with torch.inference_mode():
        right = sum(int((model(a.float() / 255).argmax(1) == b).sum()) for a, b in zip(x.split(1000), y.split(1000)))
    return right / len(y)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    def part(name: str) -> tuple[Tensor, Tensor]:
        x = torch.from_numpy(idx(options.data, f"{name}-images-idx3-ubyte", 16)).reshape(-1, 784)
        return x, torch.from_numpy(idx(options.data, f"{name}-labels-idx1-ubyte", 8)).long()

    (x, y), test = part("train"), part("t10k")
    watched, (x, y) = (x[-WATCHED:], y[-WATCHED:]), (x[:-WATCHED], y[:-WATCHED])

    model = nn.Sequential(
        nn.Linear(784, 128), nn.BatchNorm1d(128, eps=1e-3, momentum=0.01), nn.ReLU(),
        nn.Linear(128, 64), nn.BatchNorm1d(64, eps=1e-3, momentum=0.01), nn.ReLU(),
        nn.Linear(64, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    validation = []
    for _ in range(5):
        model.train()
        for rows in torch.randperm(len(x)).split(128):
            optimizer.zero_grad()
            F.cross_entropy(model(x.index_select(0, rows).float().mul_(1 / 255)), y[rows]).backward()
            optimizer.step()
        validation.append(accuracy(model, *watched))
    print(json.dumps({"test_accuracy": accuracy(model, *test), "validation_accuracy": validation}))


if __name__ == "__main__":
    main()
