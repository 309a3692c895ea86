"""The questions that table, page and picture ask of the rows of results.json."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from cells import OURS, PRODUCTS, Row, best_by_peer

# How much less time than the best peer is asked for: by work, network and batch.
TARGETS = {
    ("step", "bn", 32): 4.0,
    ("step", "bn", 128): 2.0,
    ("step", "bn", 512): 1.3,
    ("step", "deep", 64): 3.0,
    ("predict", "bn", 1): 1.5,
    ("predict", "bn", 1024): 1.0,
    ("normalize", "", 1024): 2.0,
}
JOB_TARGETS = {"seconds": 10.0, "megabytes": 5.0}


@dataclass
class Ratio:
    value: float  # of the medians
    low: float  # of single rounds
    high: float
    rival: str

    @property
    def text(self) -> str:
        return f"**{self.value:.2f} ×** ({self.low:.2f}–{self.high:.2f})"


def ours(row: Row) -> float | None:
    return statistics.median(row.us[OURS]) if OURS in row.us else None


def products(row: Row) -> float | None:
    return statistics.median(row.us[PRODUCTS]) if PRODUCTS in row.us else None


def ratio(row: Row) -> Ratio | None:
    """The best peer's time ÷ ours."""
    best = best_by_peer(row)
    if OURS not in row.us or not best:
        return None
    peer = min(best, key=lambda p: best[p][1])
    setting, us = best[peer]
    each = [theirs / mine for theirs, mine in zip(row.us[f"{peer}: {setting}"], row.us[OURS])]
    return Ratio(us / statistics.median(row.us[OURS]), min(each), max(each), peer)


def most_possible(row: Row) -> float | None:
    """The best peer's time ÷ that of the step's matrix products: no program that takes all of them can be further ahead."""
    best, limit = best_by_peer(row), products(row)
    return min(us for _, us in best.values()) / limit if best and limit else None


def verdict(value: float, target: float | None) -> str:
    return "" if target is None else f"≥ {target:g} ×: {'met' if value >= target else 'missed'}"


def target_of(row: Row) -> float | None:
    return TARGETS.get((row.work, row.network, row.batch))
