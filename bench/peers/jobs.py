"""The whole job from process start: wall time and peak memory of three programs that do the same."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from contenders import BUILD, EVENKEEL, HERE, PEERS, ROOT, Unavailable, environment, mnist, pinned, python


@dataclass
class Job:
    name: str
    threads: int
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)


def commands(threads: int) -> dict[str, tuple[list[str], dict[str, str]]]:
    options = ["--threads", str(threads)]
    ours = "train --data mnist --model model_bn --optimizer sgd --learning-rate 0.1 --epochs 5 --batch-size 128 --json --quiet"
    data = ["--data", str(mnist())]
    return {
        "Evenkeel": ([str(EVENKEEL), *ours.split(), *options], {}),
        "PyTorch": ([str(python("torch")), str(HERE / "torch_job.py"), *options, *data], {}),
        "Keras on JAX": (
            [str(python("jax")), str(HERE / "keras_job.py"), *options, *data],
            PEERS["keras-jax"].environment,
        ),
    }


def run_once(job: Job, command: list[str], more: dict[str, str]) -> None:
    """Like `time -v`: what the kernel says about this one process, its interpreter and libraries included."""
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        if job.name == "Evenkeel":
            command = [*command, "--out", folder]
        with (BUILD / "job.log").open("w") as log, (Path(folder) / "answer").open("w+") as answer:
            start = time.perf_counter()
            process = subprocess.Popen(
                pinned(job.threads, *command), stdout=answer, stderr=log, env=environment(job.threads, **more)
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise Unavailable(
                    f"{job.name}: exit code {process.returncode}; see {(BUILD / 'job.log').relative_to(ROOT)}"
                )
            answer.seek(0)
            job.test_accuracy.append(json.load(answer)["test_accuracy"])
    job.seconds.append(seconds)
    job.megabytes.append(usage.ru_maxrss / 1024)


def measure_jobs(threads: int, rounds: int, note) -> tuple[list[Job], dict[str, str]]:
    """One job a program, the programs alternating. The first round is not counted: it brings files into the cache."""
    waiting = commands(threads)
    jobs = {name: Job(name, threads) for name in waiting}
    left_out: dict[str, str] = {}
    for turn in range(rounds + 1):
        for name, (command, more) in list(waiting.items()):
            try:
                run_once(jobs[name] if turn else Job(name, threads), command, more)
            except Unavailable as why:
                left_out[name] = str(why)
                del waiting[name]
        note(f"job, {threads} threads: round {turn} of {rounds}" + (" (not counted)" if turn == 0 else ""))
    return [job for job in jobs.values() if job.seconds], left_out
