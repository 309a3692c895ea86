"""The rows as they come, on the terminal."""

from __future__ import annotations

import statistics
import sys

from cells import Row
from results import ratio, target_of, verdict


def print_rows(rows: list[Row]) -> None:
    for row in rows:
        for who, times in row.us.items():
            print(
                f"  {row.data:5} {row.network:6} {who:36} {statistics.median(times):10.1f} µs   from {min(times):.1f} to {max(times):.1f}"
            )
        for who, why in row.left_out.items():
            print(f"  {row.data:5} {row.network:6} {who:36} left out: {why}")
        found = ratio(row)
        if found:
            print(
                f"  {row.data:5} {row.network:6} {'the best, ' + found.rival + ', ÷ ours':36} {found.value:10.2f} ×    "
                f"from {found.low:.2f} to {found.high:.2f}   {verdict(found.value, target_of(row))}"
            )
    sys.stdout.flush()
