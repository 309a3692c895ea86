"""Draws what `bench_roofline --json` prints, its last batch, as SVG: how fast each part of a step computes over how much it
computes a byte, below the roofs of the processor.

    bench_roofline --data mnist --batches 128 --json | python3 bench/roofline.py >docs/performance-roofline.svg
"""

from __future__ import annotations

import json
import math
import sys
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 520, 62, 214, 44, 56
X_RANGE, Y_RANGE = (1 / 32, 64.0), (0.3, 300.0)  # FLOP a byte, GFLOP/s
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #222 } .small { font-size: 11px }
  .head { font-weight: 600 } .page { fill: #fff } .grid { stroke: #e3e7ea } .roof { stroke: #66727e; fill: none }
  .part { fill: #0b7a75 } .name { stroke: #fff; stroke-width: 3px; paint-order: stroke }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .page { fill: #0d1117 } .grid { stroke: #252c35 } .roof { stroke: #9aa7b4 }
    .part { fill: #2fb5ae } .name { stroke: #0d1117 }
  }
"""


def x_of(intensity: float) -> float:
    low, high = map(math.log, X_RANGE)
    return LEFT + (math.log(intensity) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def y_of(speed: float) -> float:
    low, high = map(math.log, Y_RANGE)
    return HEIGHT - BOTTOM - (math.log(speed) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def grid() -> list[str]:
    parts = []
    for power in range(-5, 7):
        x = x_of(2.0**power)
        label = f"{2**power}" if power >= 0 else f"1/{2**-power}"
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text class="small" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{label}</text>')
    for speed in (1, 10, 100):
        y = y_of(speed)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{speed:g}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">operations a byte</text>')
    parts.append(f'<text x="{LEFT - 48}" y="{TOP - 12}">GFLOP/s</text>')
    return parts


def roofs(batch: dict) -> list[str]:
    """Each memory's line, as far as the level of arithmetic."""
    speeds = {roof["name"]: roof["giga_per_s"] for roof in batch["roofs"]}
    peak, right = speeds.pop("arithmetic"), X_RANGE[1]
    lowest = min(peak / bandwidth for bandwidth in speeds.values())
    parts = [f'<path class="roof" d="M{x_of(lowest):.1f} {y_of(peak):.1f}H{x_of(right):.1f}"/>']
    x = WIDTH - RIGHT + 8
    parts.append(f'<text class="small" x="{x}" y="{y_of(peak) + 4:.1f}">arithmetic {peak:.0f} GFLOP/s</text>')
    for name, bandwidth in speeds.items():
        left, knee = max(X_RANGE[0], Y_RANGE[0] / bandwidth), peak / bandwidth
        parts.append(
            f'<path class="roof" d="M{x_of(left):.1f} {y_of(left * bandwidth):.1f}L{x_of(knee):.1f} {y_of(peak):.1f}"/>'
        )
    # The lines begin close to one another; their names stand in a column of their own.
    for i, (name, bandwidth) in enumerate(speeds.items()):
        parts.append(
            f'<text class="small" x="{x}" y="{y_of(peak) + 22 + 16 * i:.1f}">{name} {bandwidth:.0f} GB/s</text>'
        )
    return parts


Point = tuple[float, float]


def free_place(x: float, y: float, dots: list[Point], taken: list[Point]) -> Point:
    """For a number beside a point: at its right, below, above or at its left, where neither a dot nor a number is."""
    place = (x + 8, y + 4)
    for place in [place, (x - 4, y + 17), (x - 4, y - 9), (x - 22, y + 4), (x + 8, y + 20)]:
        over_dot = any(abs(place[0] + 4 - a) < 10 and abs(place[1] - 4 - b) < 9 for a, b in dots)
        if not over_dot and all(abs(place[0] - a) > 16 or abs(place[1] - b) > 11 for a, b in taken):
            break
    taken.append(place)
    return place


def dot_of(part: dict) -> Point | None:
    """Where a part stands; none for one without arithmetic."""
    speed = part["flop"] / part["us"] / 1e3 if part["us"] > 0 else 0
    if speed < Y_RANGE[0] or part["flop"] < X_RANGE[0] * part["bytes"]:
        return None
    return x_of(part["flop"] / part["bytes"]), y_of(speed)


def points(batch: dict) -> list[str]:
    """Parts with arithmetic, numbered from the slowest on; their names stand at the right."""
    parts, shown = [], sorted(batch["parts"], key=lambda part: -part["us"])
    dots = [dot_of(part) for part in shown]
    taken: list[Point] = []
    y = HEIGHT / 2 - 20
    parts.append(f'<text class="head" x="{WIDTH - RIGHT + 8}" y="{y - 20:.1f}">batch {batch["batch"]}, µs</text>')
    for dot in dots:
        if dot:
            parts.append(f'<circle class="part" cx="{dot[0]:.1f}" cy="{dot[1]:.1f}" r="5"/>')
    for i, (part, dot) in enumerate(zip(shown, dots), 1):
        if dot:
            place = free_place(*dot, [d for d in dots if d], taken)
            parts.append(f'<text class="small name" x="{place[0]:.1f}" y="{place[1]:.1f}">{i}</text>')
        number = f"{i}" if dot else "–"
        text = escape(f"{number}  {part['name']}, {part['us']:.0f}")
        parts.append(f'<text class="small" x="{WIDTH - RIGHT + 8}" y="{y:.1f}">{text}</text>')
        y += 17
    return parts


def main() -> None:
    batch = json.load(sys.stdin)["batches"][-1]
    title = f"Parts of a training step of the lecture's network below the roofs of the processor, batch {batch['batch']}"
    frame = f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    heading = f'<text class="head" x="{LEFT}" y="20">{escape(title)}</text>'
    print("\n".join([head, f"<style>{STYLE}</style>", frame, heading, *grid(), *roofs(batch), *points(batch), "</svg>"]))


if __name__ == "__main__":
    main()
