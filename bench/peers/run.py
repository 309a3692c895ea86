"""Measures Evenkeel and its peers in alternating rounds; called by scripts/bench-peers, which makes what it needs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from cells import Cell, Row, cells_of, measure
from contenders import BUILD, PEERS, ROOT, PeerProcess, Unavailable, mnist, onednn_batchnorm, run_json, EVENKEEL
from jobs import measure_jobs
from report import write_page
from table import print_rows

DATA = ("mnist", "noise")
WORKS = ("step", "deep", "predict", "normalize", "job")


def note(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def machine() -> dict[str, object]:
    cpu = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    caches = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        read = lambda name: (index / name).read_text().strip()  # noqa: E731, B023
        if read("type") != "Instruction":
            caches[f"L{read('level')}"] = read("size")
    flags = next(line for line in open("/proc/cpuinfo") if line.startswith("flags")).split()
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 2**20),
        "caches": caches,
        "avx512": "avx512f" in flags,
        "kernel": os.uname().release.split("-")[0],
    }


def commit() -> str:
    """Of this repository, with a plus where more than docs/ differs from it; empty outside of one."""
    git = lambda *words: subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: E731
    try:
        changed = git("diff", "--quiet", "HEAD", "--", ".", ":!docs").returncode == 1
        return git("rev-parse", "--short", "HEAD").stdout.strip() + ("+" if changed else "")
    except OSError:
        return ""


def needed_peers(cells: list[Cell], chosen: set[str]) -> list[str]:
    return [key for key, peer in PEERS.items() if key in chosen and any(c.work in peer.settings for c in cells)]


def measure_cells(
    cells: list[Cell], chosen: set[str], rounds: int, seconds: float, folder: Path
) -> tuple[list[Row], dict[str, str]]:
    rows: list[Row] = []
    versions: dict[str, str] = {}
    for threads in sorted({c.threads for c in cells}):
        mine = [c for c in cells if c.threads == threads]
        processes: dict[str, PeerProcess] = {}
        try:
            for key in needed_peers(mine, chosen):
                try:
                    processes[key] = PeerProcess(PEERS[key], threads, folder)
                    versions |= processes[key].versions
                except Unavailable as why:
                    note(f"left out: {why}")
            for cell in mine:
                note(str(cell))
                found = measure(cell, processes, rounds, seconds)
                print_rows(found)
                rows += found
        finally:
            for process in processes.values():
                process.end()
    return rows, versions


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench-peers", description=__doc__)
    parser.add_argument("--only", help=f"a comma-separated part of {','.join(WORKS)}", default=",".join(WORKS))
    parser.add_argument("--peers", help=f"a comma-separated part of {','.join(PEERS)}", default=",".join(PEERS))
    parser.add_argument("--threads", help="a comma-separated list", default="1,2")
    parser.add_argument("--data", help=f"a comma-separated part of {','.join(DATA)} (both; quick: mnist)")
    parser.add_argument("--rounds", type=int, help="how often each is measured (7; quick: 3)")
    parser.add_argument("--seconds", type=float, help="of one measurement (0.7; quick: 0.25)")
    parser.add_argument("--quick", action="store_true", help="some minutes instead of a good half hour")
    parser.add_argument(
        "--write", action="store_true", help="write docs/performance.md and its pictures from the results"
    )
    parser.add_argument(
        "--page-only", action="store_true", help="measure nothing: write the page from the last results"
    )
    options = parser.parse_args()
    results_path = BUILD / "results.json"
    if options.page_only:
        write_page(json.loads(results_path.read_text()))
        return 0
    works, chosen = set(options.only.split(",")), set(options.peers.split(","))
    datas = options.data.split(",") if options.data else list(DATA[:1] if options.quick else DATA)
    for given, known in ((works, WORKS), (chosen, PEERS), (set(datas), DATA)):
        if given - set(known):
            parser.error(f"expected some of {', '.join(known)}, got {', '.join(sorted(given - set(known)))}")
    rounds = options.rounds or (3 if options.quick else 7)
    seconds = options.seconds or (0.25 if options.quick else 0.7)
    threads = [int(t) for t in options.threads.split(",")]

    begin, load, built = time.time(), os.getloadavg()[0], commit()
    if load > 0.5:
        note(f"the load of this machine is {load:.1f}: something else runs, and these times will be too long")
    rows, versions = measure_cells(cells_of(works, datas, threads, options.quick), chosen, rounds, seconds, mnist())
    job_rounds = min(5, options.rounds or (1 if options.quick else 5))
    jobs, left_out = measure_jobs(max(threads), job_rounds, note) if "job" in works else ([], {})
    if "normalize" in works:
        versions["oneDNN"] = onednn_batchnorm(64, 64, 1, 0)["version"]
    versions["Evenkeel"] = run_json(1, EVENKEEL, "explain", "--json")["version"]
    results = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": " ".join(["scripts/bench-peers", *sys.argv[1:]]),
        "minutes": round((time.time() - begin) / 60, 1),
        "rounds": rounds,
        "seconds": seconds,
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "machine": machine(),
        "versions": versions,
        "commit": built,
        "rows": [asdict(row) for row in rows],
        "jobs": [asdict(job) for job in jobs],
        "jobs_left_out": left_out,
    }
    results_path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    note(f"{results['minutes']} minutes; all rounds are in build/peers/results.json")
    if options.write:
        write_page(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
