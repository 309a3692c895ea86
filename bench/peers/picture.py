"""A bar chart as SVG: one panel for each row of results, one bar for each program, time from left to right."""

from __future__ import annotations

from html import escape

from cells import Row, best_by_peer
from results import ours

WIDTH, LABELS, NUMBERS = 760, 170, 112
BAR, GAP, HEADING, MARGIN = 16, 6, 34, 14
# Readable on a white page and on a dark one.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #222 }
  .head { font-weight: 600 } .peer { fill: #9aa7b4 } .ours { fill: #0b7a75 } .page { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .peer { fill: #66727e } .ours { fill: #2fb5ae } .page { fill: #0d1117 }
  }
"""


def time_text(us: float) -> str:
    value, unit = (us, "µs") if us < 999.5 else (us / 1000, "ms")
    return f"{value:#.3g} {unit}".replace(". ", " ")


def bar_chart(title: str, panels: list[tuple[str, Row]]) -> str:
    """Every panel has a scale of its own, from zero to its slowest bar."""
    parts: list[str] = []
    y = MARGIN + 16
    parts.append(f'<text class="head" x="{MARGIN}" y="{y}">{escape(title)}</text>')
    for heading, row in panels:
        mine = ours(row)
        bars = [(peer, setting, us) for peer, (setting, us) in best_by_peer(row).items()]
        bars.sort(key=lambda bar: bar[2])
        if mine is not None:
            bars.insert(0, ("Evenkeel", "", mine))
        if not bars:
            continue
        y += HEADING
        parts.append(f'<text class="head" x="{MARGIN}" y="{y - 8}">{escape(heading)}</text>')
        slowest = max(us for *_, us in bars)
        for peer, setting, us in bars:
            length = us / slowest * (WIDTH - LABELS - NUMBERS - 2 * MARGIN)
            x, middle = LABELS + MARGIN, y + BAR - 4
            times = "" if mine is None or peer == "Evenkeel" else f" · {us / mine:.1f} ×"
            parts += [
                f'<text x="{x - 8}" y="{middle}" text-anchor="end">{escape(peer)}</text>',
                f'<rect class="{"peer" if setting else "ours"}" x="{x}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>',
                f'<text x="{x + length + 6:.1f}" y="{middle}">{time_text(us)}{times}</text>',
            ]
            y += BAR + GAP
    height = y + MARGIN
    frame = f'<rect class="page" width="{WIDTH}" height="{height}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, f"<style>{STYLE}</style>", frame, *parts, "</svg>\n"])
