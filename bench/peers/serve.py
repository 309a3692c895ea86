"""A peer as a long-lived process: it prepares and checks cases when told so, and measures short rounds on request.

One JSON document a line. Requests on stdin, answers on stdout; the first answer, unasked, names the versions:

    {"do": "prepare", "case": NAME, "work": "step", "network": "bn", "data": "mnist", "batch": 128,
     "setting": "eager"}   → {"ok": …}
    {"do": "measure", "case": NAME, "seconds": 0.5}   → {"us": the median time of a step, "fastest_us": …, "calls": …}
    {"do": "forget"}   → {}: drops all cases

What a case is checked for stands in `check_training` and `check_inference`. An error is {"error": "one line"}.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import traceback
from dataclasses import dataclass
from typing import Callable, Protocol

import numpy as np

from common import CHANNELS, NETWORKS, Data, Network, images, initial_layers, order, trained_layers
from reference import Trainer, infer

TOLERANCE = 1e-4  # float32 against double: the loss of a few steps differs in its sixth digit
CHECKED_STEPS = 60


Timed = Callable[[], list[float]]  # works once, and returns microseconds


@dataclass
class Training:
    """A network in training."""

    timed: Timed  # microseconds of a step
    losses: Callable[[int], list[float]]  # does the first n steps and returns their losses


@dataclass
class Inference:
    """A network's answers for one input, which lies ready."""

    timed: Timed
    probabilities: Callable[[], np.ndarray]  # what the call computes


@dataclass
class Kernel:
    timed: Timed
    difference: float  # of its results from numpy's, at most


class Peer(Protocol):
    """What a peer's file implements; it leaves out what the framework is not measured for."""

    def train(self, network: Network, data: Data, batch: int, setting: str) -> Training: ...

    def predict(self, network: Network, x: np.ndarray, setting: str) -> Inference: ...

    def normalize(self, rows: int, channels: int, setting: str) -> Kernel: ...


def check_training(training: Training, network: Network, data: Data, batch: int) -> str:
    """The first losses are numpy's, so forward, backward and update are right; and the loss falls."""
    rows = order()
    trainer = Trainer(initial_layers(network))
    # The deep network doubles rounding errors from step to step: there the first loss alone is compared.
    compared = 3 if len(network.hidden) < 5 else 1
    expected = []
    for i in range(compared):
        now = rows[i * batch : (i + 1) * batch]
        expected.append(trainer.step(data.pixels[now], data.labels[now]))
    losses = training.losses(CHECKED_STEPS)
    difference = max(abs(a - b) for a, b in zip(losses, expected))
    if not difference <= TOLERANCE:
        raise ValueError(f"expected the losses {expected}, got {losses[:compared]}")
    first, last = statistics.mean(losses[:10]), statistics.mean(losses[-10:])
    if not last < first:
        raise ValueError(f"expected a loss that falls, got {last:.4f} after {first:.4f}")
    return f"first {compared} losses within {difference:.1e} of numpy's; then {first:.3f} to {last:.3f}"


def check_inference(inference: Inference, network: Network, x: np.ndarray) -> str:
    difference = np.abs(inference.probabilities() - infer(trained_layers(network), x)).max()
    if not difference <= TOLERANCE:
        raise ValueError(f"expected numpy's probabilities, got others by {difference:.1e}")
    return f"probabilities within {difference:.1e} of numpy's"


def timed(call: Callable[[], object], steps: int = 1) -> Timed:
    """The usual clock: around one call, which returns when all is done, divided by the steps that it does."""

    def once() -> list[float]:
        start = time.perf_counter_ns()
        call()
        return [(time.perf_counter_ns() - start) / 1e3 / steps]

    return once


def median_us(work: Timed, seconds: float) -> dict[str, float]:
    """Each call is timed by itself, so that the median passes over those in which the machine did something else."""
    begin = time.perf_counter()
    warm = 0
    while warm < 3 and time.perf_counter() - begin < seconds / 4:  # a call may be a whole epoch
        work()
        warm += 1
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times += work()
    return {"us": statistics.median(times), "fastest_us": min(times), "calls": len(times)}


def prepare(peer: Peer, case: dict) -> tuple[Timed, str]:
    """What is to be timed, and what it was checked for."""
    if case["work"] == "step":
        network, data = NETWORKS[case["network"]], images(case["data"])
        training = peer.train(network, data, case["batch"], case["setting"])
        return training.timed, check_training(training, network, data, case["batch"])
    if case["work"] == "predict":
        network = NETWORKS[case["network"]]
        if case["setting"] == "nothing":
            return peer.predict(network, np.empty(0), "nothing").timed, "nothing to check"
        x = images(case["data"]).pixels[: case["batch"]].astype(np.float32) / np.float32(255)
        inference = peer.predict(network, x, case["setting"])
        return inference.timed, check_inference(inference, network, x)
    kernel = peer.normalize(case["batch"], CHANNELS, case["setting"])
    if not kernel.difference <= TOLERANCE:
        raise ValueError(f"expected numpy's output and gradients, got others by {kernel.difference:.1e}")
    return kernel.timed, f"output and gradients within {kernel.difference:.1e} of numpy's"


def serve(peer: Peer, versions: dict[str, str]) -> None:
    """Answers requests until stdin ends. What frameworks print on stdout goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(**values: object) -> None:
        print(json.dumps(values), file=answers)

    answer(versions=versions)
    cases: dict[str, Timed] = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                cases[request["case"]], ok = prepare(peer, request)
                answer(ok=ok)
            elif request["do"] == "measure":
                answer(**median_us(cases[request["case"]], request["seconds"]))
            else:
                cases.clear()
                answer()
        except Exception as error:  # whatever a framework throws, the row is left out and the reason said
            traceback.print_exc()
            answer(error=f"{type(error).__name__}: {error}".splitlines()[0][:300])
