"""What is measured: cells, each one kind of work with one batch and number of threads."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Callable

from contenders import PEERS, PeerProcess, Unavailable, onednn_batchnorm, our_batchnorm, our_prediction, our_step

OURS = "Evenkeel"
CHANNELS = 128  # of the matrix where normalization is measured alone, as in common.py
PRODUCTS = "products alone"


@dataclass(frozen=True)
class Cell:
    work: str  # step, predict or normalize
    networks: tuple[str, ...]  # measured side by side; ("",) where there is none
    data: str  # mnist, noise
    batch: int
    threads: int

    def __str__(self) -> str:
        what = "/".join(self.networks) if self.networks != ("",) else "1024 × 128"
        return f"{self.work} {what}, {self.data}, batch {self.batch}, {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclass
class Row:
    """All that was measured for one network in one cell. Times are microseconds, one a round."""

    work: str
    network: str
    data: str
    batch: int
    threads: int
    us: dict[str, list[float]] = field(default_factory=dict)  # by "who" or "who: setting"
    checked: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def cells_of(works: set[str], datas: list[str], threads: list[int], quick: bool) -> list[Cell]:
    """The network without normalization is measured on the first data only, and not when it must be quick."""
    cells = []
    for count in threads:
        for data in datas:
            if "step" in works:
                networks = ("bn", "plain") if data == datas[0] and not quick else ("bn",)
                cells += [Cell("step", networks, data, batch, count) for batch in (32, 128, 512)]
            if "deep" in works:
                cells.append(Cell("step", ("deep",), data, 64, count))
        if "predict" in works and count == 1:  # `evenkeel bench predict` measures on noise, on one thread
            cells += [Cell("predict", ("bn",), "noise", batch, count) for batch in (1, 32, 1024)]
        if "normalize" in works:
            cells.append(Cell("normalize", ("",), "numbers", 1024, count))
    return cells


def ours(cell: Cell, seconds: float) -> dict[str, dict[str, float]]:
    """Microseconds by network and by who: Evenkeel, and the limit that it measures in the same run."""
    if cell.work == "step":
        us = our_step(cell.networks[0], cell.data, cell.batch, cell.threads, seconds)
        return {network: {OURS: us[network], PRODUCTS: us["products"]} for network in cell.networks}
    if cell.work == "predict":
        us_one = our_prediction(cell.batch)
    else:
        us_one = our_batchnorm(cell.batch, CHANNELS, cell.threads)
    return {cell.networks[0]: {OURS: us_one}}


Measurement = Callable[[float], dict[str, dict[str, float]]]  # seconds → network → who → microseconds


def contenders(cell: Cell, processes: dict[str, PeerProcess], rows: dict[str, Row]) -> dict[str, Measurement]:
    """Prepares and checks every contender of a cell; what cannot run is noted in its row."""
    found: dict[str, Measurement] = {OURS: lambda seconds: ours(cell, seconds)}

    def add(process: PeerProcess, network: str, setting: str, who: str) -> None:
        name = f"{network} {setting}"
        try:
            request = {
                "work": cell.work,
                "network": network,
                "data": cell.data,
                "batch": cell.batch,
                "setting": setting,
            }
            rows[network].checked[who] = process.ask(do="prepare", case=name, **request)["ok"]
        except Unavailable as why:
            rows[network].left_out[who] = str(why)
            return
        found[f"{network} {who}"] = lambda seconds: {
            network: {who: process.ask(do="measure", case=name, seconds=seconds)["us"]}
        }

    for key, process in processes.items():
        for network in cell.networks:
            for setting in PEERS[key].settings.get(cell.work, ()):
                add(process, network, setting, f"{PEERS[key].name}: {setting}")
    if cell.work == "normalize":

        def onednn(seconds: float) -> dict[str, dict[str, float]]:
            return {"": {"oneDNN: primitive": onednn_batchnorm(cell.batch, CHANNELS, cell.threads, seconds)["us"]}}

        found["oneDNN: primitive"] = onednn
    return found


def measure(cell: Cell, processes: dict[str, PeerProcess], rounds: int, seconds: float) -> list[Row]:
    """Every round measures every contender once, each round beginning with another one."""
    rows = {network: Row(cell.work, network, cell.data, cell.batch, cell.threads) for network in cell.networks}
    waiting = contenders(cell, processes, rows)
    for turn in range(rounds):
        names = list(waiting)
        shift = turn % len(names) if names else 0
        for name in names[shift:] + names[:shift]:
            try:
                for network, times in waiting[name](seconds).items():
                    for who, us in times.items():
                        rows[network].us.setdefault(who, []).append(us)
            except Unavailable as why:
                del waiting[name]
                for row in rows.values():
                    row.left_out[name] = str(why)
    for process in processes.values():
        try:
            process.ask(do="forget")
        except Unavailable:
            pass  # it has ended, and its rows say so
    return list(rows.values())


def best_by_peer(row: Row) -> dict[str, tuple[str, float]]:
    """The fastest setting of each peer and its median."""
    best: dict[str, tuple[str, float]] = {}
    for label, times in row.us.items():
        peer, _, setting = label.partition(": ")
        if not setting or setting == "nothing":
            continue
        us = statistics.median(times)
        if peer not in best or us < best[peer][1]:
            best[peer] = (setting, us)
    return best
