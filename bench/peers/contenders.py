"""The programs that are measured: peers as long-lived processes, ours and oneDNN's as short ones, all pinned alike."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "peers"
EVENKEEL = ROOT / "build" / "release" / "evenkeel"


class Unavailable(Exception):
    """Why a row is left out, in one line."""


def mnist() -> Path:
    """The folder in Evenkeel's cache that holds the four files."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evenkeel"
    for found in sorted(Path(os.environ.get("EVENKEEL_CACHE", base)).rglob("train-images-idx3-ubyte*")):
        return found.parent
    raise Unavailable("the MNIST is not in Evenkeel's cache: evenkeel data fetch mnist")


def cores(threads: int) -> str:
    """The last cores: the system's own work prefers the first. A comma-separated list, as taskset takes it."""
    available = sorted(os.sched_getaffinity(0))
    if threads > len(available):
        raise Unavailable(f"{threads} threads need as many cores, this machine gives {len(available)}")
    return ",".join(map(str, available[-threads:]))


def environment(threads: int, **more: str) -> dict[str, str]:
    """Nothing of the caller's own settings for mathematical libraries; the same number of threads for each of them."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "EVENKEEL_CACHE", "XDG_CACHE_HOME")
        if name in os.environ
    }
    names = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
    return kept | {f"{name}_NUM_THREADS": str(threads) for name in names} | {"NPROC": str(threads)} | more


def pinned(threads: int, *command: str | Path) -> list[str]:
    """It ends when its parent ends, however that happens: a stopped peer would otherwise stay."""
    return ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", cores(threads), *map(str, command)]


@dataclass(frozen=True)
class Peer:
    name: str  # as the tables say it
    script: str
    room: str  # its virtual environment
    settings: dict[str, tuple[str, ...]]  # what is measured of it, by kind of work
    environment: dict[str, str] = field(default_factory=dict)


QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
PEERS = {
    "pytorch": Peer(
        "PyTorch",
        "torch_peer.py",
        "torch",
        {"step": ("eager", "compile"), "predict": ("eager", "export"), "normalize": ("eager",)},
        {"TORCHINDUCTOR_CACHE_DIR": str(BUILD / "inductor")},
    ),
    "jax": Peer(
        "JAX",
        "jax_peer.py",
        "jax",
        {"step": ("call", "scan")},
        {"JAX_PLATFORMS": "cpu", "JAX_CPU_ENABLE_ASYNC_DISPATCH": "false"},
    ),
    "keras-jax": Peer(
        "Keras on JAX",
        "keras_peer.py",
        "jax",
        {"step": ("fit",)},
        {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
    ),
    "keras-tensorflow": Peer(
        "Keras on TensorFlow",
        "keras_peer.py",
        "tensorflow",
        {"step": ("fit",)},
        {"KERAS_BACKEND": "tensorflow"} | QUIET,
    ),
    "onnxruntime": Peer(
        "ONNX Runtime", "onnxruntime_peer.py", "onnxruntime", {"predict": ("optimizer", "folded", "nothing")}
    ),
}


def python(room: str) -> Path:
    return BUILD / f"venv-{room}" / "bin" / "python"


class PeerProcess:
    """One peer with one number of threads. It is stopped (SIGSTOP) whenever it is not asked, so that no thread of it
    spins while another is measured."""

    def __init__(self, peer: Peer, threads: int, folder: Path) -> None:
        self.peer = peer
        command = pinned(threads, python(peer.room), "-u", HERE / peer.script, "--threads", str(threads))
        self.log = BUILD / f"{peer.name.lower().replace(' ', '-')}-{threads}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(threads, MNIST_FOLDER=str(folder), **peer.environment),
            )
        self.versions: dict[str, str] = self.answer()["versions"]
        self.process.send_signal(signal.SIGSTOP)

    def answer(self) -> dict:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Unavailable(f"{self.peer.name} ended; see {self.log.relative_to(ROOT)}")
        return json.loads(line)

    def ask(self, **request: object) -> dict:
        if self.process.poll() is not None:
            raise Unavailable(f"{self.peer.name} ended; see {self.log.relative_to(ROOT)}")
        assert self.process.stdin is not None
        self.process.send_signal(signal.SIGCONT)
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.answer()
        self.process.send_signal(signal.SIGSTOP)
        if "error" in answer:
            raise Unavailable(f"{self.peer.name}: {answer['error']}")
        return answer

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def run_json(threads: int, *command: str | Path) -> dict:
    done = subprocess.run(
        pinned(threads, *command), capture_output=True, text=True, env=environment(threads), check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise Unavailable(f"{Path(command[0]).name} {' '.join(map(str, command[1:3]))}: {lines[-1]}")
    return json.loads(done.stdout)


# As JAX's scan: a mean of many steps takes in what disturbs a few, which a median of single steps passes over.
STEPS_TOGETHER = 50


def our_step(network: str, data: str, batch: int, threads: int, seconds: float) -> dict[str, float]:
    """Microseconds of a step by network, and of its matrix products alone."""
    options = ["--model", "deep"] if network == "deep" else []
    options += ["--data", "mnist"] if data == "mnist" else []
    # One repeat is a few times so many steps of each network and of the products: 0.05 to 2 seconds.
    command = ("bench", "step", "--json", "--batches", str(batch), "--threads", str(threads))
    command += ("--together", str(STEPS_TOGETHER), "--repeats", str(max(3, round(10 * seconds * 32 / batch))))
    row = run_json(threads, EVENKEEL, *command, *options)["rows"][0]
    if network == "deep":
        return {"deep": row["bn_us"], "products": row["gemm_only_us"]}
    return {"bn": row["bn_us"], "plain": row["plain_us"], "products": row["gemm_only_us"]}


def bench_rows(subcommand: str, threads: int, *options: str) -> list[dict]:
    known = subprocess.run([EVENKEEL, "bench", "--help"], capture_output=True, text=True, check=False).stdout
    if not any(line.split()[:1] == [subcommand] for line in known.splitlines()):
        raise Unavailable(f"this Evenkeel has no `bench {subcommand}`")
    return run_json(threads, EVENKEEL, "bench", subcommand, "--json", *options)["rows"]


def our_prediction(batch: int) -> float:
    """Microseconds from the bytes of a batch to its probabilities; always on one thread."""
    return bench_rows("predict", 1, "--batches", str(batch))[0]["bn_us"]


def our_batchnorm(rows: int, channels: int, threads: int) -> float:
    """Microseconds of the forward and the backward pass together."""
    found = bench_rows("batchnorm", threads, "--shape", f"{rows}x{channels}", "--threads", str(threads))
    us = {row["pass"]: row["us"] for row in found}
    return us["forward"] + us["backward"]


def onednn_batchnorm(rows: int, channels: int, threads: int, seconds: float) -> dict:
    return run_json(threads, BUILD / "onednn_batchnorm", str(rows), str(channels), str(seconds))
