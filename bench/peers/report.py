"""docs/performance.md and its pictures, from the results. What stands outside the markers is written by hand and kept."""

from __future__ import annotations

import statistics
import textwrap

from cells import Row, best_by_peer
from contenders import ROOT
from picture import bar_chart, time_text
from results import JOB_TARGETS, most_possible, ours, products, ratio, target_of, verdict

PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- measured: scripts/bench-peers --write replaces everything down to the next marker -->"
END = "<!-- end of what was measured; the rest is written by hand and kept -->"
SKELETON = f"# Performance\n\n{BEGIN}\n{END}\n\n## Where the microseconds come from\n"
DATA = {"mnist": "MNIST", "noise": "noise", "numbers": "numbers"}
PEERS = ("PyTorch", "JAX", "Keras on JAX", "Keras on TensorFlow", "ONNX Runtime", "oneDNN")

SETTINGS = """
- **PyTorch, eager**: rows gathered from a tensor of bytes by `index_select`, plain calls of functions, gradients by
  `autograd.grad`, all weights updated by one `_foreach_add_`. Leaner than modules, `backward()` and `torch.optim.SGD`.
- **PyTorch, compile**: gathering, forward, backward and update as one function through `torch.func` and `torch.compile`,
  whole graph, fixed shapes, `max-autotune`, called through the C++ wrapper.
- **PyTorch, export**: inference compiled ahead of time by `torch.export` and AOTInductor, normalization folded by hand.
- **JAX, call**: a step written by hand and jitted whole, from gathering to the update and the moving statistics; images
  and order lie on the device; the state is donated.
- **JAX, scan**: the same, 50 steps a call by `lax.scan`, so that Python is called once in 50 steps.
- **Keras, fit**: `jit_compile=True`, `steps_per_execution=32`, arrays of bytes shuffled by Keras's own pipeline, a network
  that begins with `Rescaling`. What begins a `fit` is not counted. `train_on_batch` takes longer.
- **ONNX Runtime, optimizer**: normalization is left in the graph, all optimizations are on. **folded**: normalization is
  folded into the products before the export. Inputs and outputs are bound once.
- **The whole job**: PyTorch runs eagerly, as compiling takes longer than the epochs, from one tensor of bytes and without a
  `DataLoader`, with a fused SGD; Keras as its steps above.
- **oneDNN**: its primitive for batch normalization, forward and backward, for the layout that is fastest.
""".strip()


def table(head: list[str], lines: list[list[str]]) -> str:
    align = [":--" if i == 0 else "--:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, align, *lines])


def threads_text(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"


def row_table(rows: list[Row], with_products: bool) -> str:
    present = [p for p in PEERS if any(p in best_by_peer(r) for r in rows)]
    several = len({r.data for r in rows}) > 1
    head = [*(["images"] if several else []), "batch", "threads", "Evenkeel"]
    head += [*(["its products alone"] if with_products else []), *present]
    head += ["best peer ÷ Evenkeel", *(["best peer ÷ products"] if with_products else []), "asked for"]
    lines = []
    for row in rows:
        best, found, mine, limit = best_by_peer(row), ratio(row), ours(row), products(row)
        cells = [
            *([DATA[row.data]] if several else []),
            str(row.batch),
            str(row.threads),
            time_text(mine) if mine else "–",
        ]
        if with_products:
            cells.append(time_text(limit) if limit else "–")
        cells += [f"{time_text(best[p][1])} ({best[p][0]})" if p in best else "–" for p in present]
        cells.append(found.text if found else "–")
        if with_products:
            most = most_possible(row)
            cells.append(f"{most:.2f} ×" if most else "–")
        cells.append(verdict(found.value, target_of(row)) if found else "")
        lines.append(cells)
    return table(head, lines)


def section(title: str, text: str, rows: list[Row], with_products: bool = False) -> list[str]:
    if not rows:
        return []
    left_out = sorted({f"{who}: {why}" for row in rows for who, why in row.left_out.items()})
    parts = [f"### {title}", text, row_table(rows, with_products)]
    if left_out:
        parts.append("Left out: " + "; ".join(left_out) + ".")
    return parts


def job_section(jobs: list[dict], left_out: dict[str, str]) -> list[str]:
    if not jobs:
        return []
    middle = lambda job, key: statistics.median(job[key])  # noqa: E731
    mine = next((job for job in jobs if job["name"] == "Evenkeel"), None)
    lines = []
    for job in jobs:
        cells = [job["name"], f"{middle(job, 'seconds'):.2f} s", f"{middle(job, 'megabytes'):.0f} MB"]
        cells.append(f"{100 * middle(job, 'test_accuracy'):.2f} %")
        for key in ("seconds", "megabytes"):
            value = middle(job, key) / middle(mine, key) if mine and job is not mine else None
            cells.append(f"**{value:.1f} ×** ({verdict(value, JOB_TARGETS[key])})" if value else "")
        lines.append(cells)
    text = (
        f"From the start of the process to its end: load the MNIST from the disk, train the lecture's network with "
        f"normalization for 5 epochs (batch 128, SGD 0.1, 55 000 rows; 5000 more are watched), print the accuracy on the "
        f"test set. {threads_text(jobs[0]['threads']).capitalize()}. Memory is the kernel's count of the peak. PyPI's PyTorch "
        f"for Linux is built for GPUs too; its libraries for them are part of what starting it costs."
    )
    head = ["", "wall time", "peak memory", "test accuracy", "time ÷ Evenkeel's", "memory ÷ Evenkeel's"]
    parts = ["### The whole job", text, table(head, lines)]
    if left_out:
        parts.append("Left out: " + "; ".join(left_out.values()) + ".")
    return parts


def machine_text(results: dict) -> str:
    machine = results["machine"]
    caches = ", ".join(f"{level} {size}" for level, size in machine["caches"].items())
    versions = ", ".join(
        f"{name} {version}" for name, version in sorted(results["versions"].items(), key=lambda v: v[0].lower())
    )
    busy = ""
    if max(results["load"][0], 0) > 0.5:
        busy = (
            f"\n\n**The machine was not idle** (load {results['load'][0]} at the start): take the ratios with care and the "
            "times not at all."
        )
    commit = f"; commit {results['commit']}" if results.get("commit") else ""
    return (
        f"Measured on {results['date']}, in {results['minutes']:.0f} minutes, by\n\n```sh\n{results['command']}\n```\n\n"
        f"on {machine['cores']} cores of {machine['cpu']} ({caches}; {'AVX-512' if machine['avx512'] else 'no AVX-512'}), "
        f"{machine['memory_gb']} GB, Linux {machine['kernel']}; {versions}{commit}.{busy}"
    )


def method_text(results: dict) -> str:
    return (
        "All programs are measured in one run, in turns: a round measures each of them for "
        f"some {results['seconds']:g} s, every call by itself, and takes the median; a number in a table is the median of "
        f"{results['rounds']} rounds. A call is one step or one prediction; of JAX's scan it is 50 steps, of Keras an epoch's, "
        "and their mean counts. Evenkeel's steps are timed as JAX's, by fifties, nine or more of them a round. The ratio is that of the medians; in brackets stand the smallest and the largest of the "
        "single rounds. Every program is pinned to the same cores by `taskset` and told the same number of threads; while one "
        "is measured, the others are stopped. All compute in float32. Before a peer is timed, the losses of its first three "
        "steps (of the deep network: of the first) from the same weights and batches are compared with a computation in "
        "numpy and double precision (within 10⁻⁴), and its loss must fall; predictions and gradients are compared likewise. "
        "Evenkeel and oneDNN check themselves before they time: that the loss falls and any number of threads gives the bits "
        "of one, that a row alone is predicted as in a batch, that normalization is what the formulas give in double."
    )


def measured(results: dict) -> str:
    rows = [Row(**row) for row in results["rows"]]
    pick = lambda work, network: [r for r in rows if (r.work, r.network) == (work, network)]  # noqa: E731
    normalized = pick("step", "bn")
    parts = [machine_text(results), "## Beside other programs", method_text(results)]
    if normalized:
        parts.append(
            "![Time of a training step of the lecture's network with batch normalization](performance-step.svg)"
        )
    step = (
        "A step is everything from gathering the bytes of a random batch (60 000 × 784 bytes in memory) to the updated "
        "weights: gather, scale, forward, loss, backward, SGD. "
    )
    parts += section(
        "A training step of the lecture's network with batch normalization",
        step
        + "784 – 128 – BN – ReLU – 64 – BN – ReLU – 10, softmax. *Its products alone* are the step's matrix products "
        "and nothing else, by oneDNN, on the same threads; *best peer ÷ products* is how far ahead of the best peer a step could be if "
        "it took all of them and everything else took no time. On the MNIST, Evenkeel leaves out pixels that are zero, and so may "
        "take less than all products; on noise nothing can be left out.",
        normalized,
        True,
    )
    parts += section(
        "The same without normalization", "The network without its two BN layers.", pick("step", "plain"), True
    )
    parts += section(
        "A deep, narrow network", step + "20 × (Dense 100, BN, ReLU), then 10 classes.", pick("step", "deep"), True
    )
    nothing = [statistics.median(r.us["ONNX Runtime: nothing"]) for r in rows if "ONNX Runtime: nothing" in r.us]
    python = f" Of ONNX Runtime's times about {min(nothing):.1f} µs are the call from Python." if nothing else ""
    single = next((r for r in pick("predict", "bn") if r.batch == 1), None)
    runtime = best_by_peer(single).get("ONNX Runtime") if single else None
    if nothing and runtime and ours(single):
        without = (runtime[1] - min(nothing)) / ours(single)
        python += f" Without them it would take {without:.2f} times as long as Evenkeel for one row."
    parts += section(
        "Inference",
        "The time until the class probabilities of one batch are there, with the lecture's network; divide the batch by it "
        f"for the throughput. Evenkeel begins at bytes, its peers at numbers from 0 to 1.{python}",
        pick("predict", "bn"),
    )
    parts += section(
        "Batch normalization alone, in cache",
        "1024 rows × 128 channels, training forward and backward.",
        pick("normalize", ""),
    )
    parts += job_section(results["jobs"], results["jobs_left_out"])
    parts += ["### What the others were set to", "The tables name the setting that was fastest.", SETTINGS]
    return "\n\n".join(wrapped(part) for part in parts)


def wrapped(part: str) -> str:
    """Paragraphs as the other pages have them; what has lines of its own stays."""
    return part if part.startswith(("|", "-", "#", "!")) else "\n\n".join(map(wrapped_paragraph, part.split("\n\n")))


def wrapped_paragraph(text: str) -> str:
    return text if text.startswith("```") else textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def write_picture(rows: list[Row]) -> None:
    steps = [r for r in rows if r.work == "step"]
    first = [r for r in steps if r.data == steps[0].data]
    panels = [(f"batch {r.batch}, {threads_text(r.threads)}", r) for r in first if r.network == "bn"]
    panels += [
        (f"deep, narrow network, batch {r.batch}, {threads_text(r.threads)}", r) for r in first if r.network == "deep"
    ]
    if panels:
        chart = bar_chart(
            f"One training step with batch normalization, images: {DATA[first[0].data]}; less is better", panels
        )
        PAGE.with_name("performance-step.svg").write_text(chart)


def write_page(results: dict) -> None:
    text = PAGE.read_text() if PAGE.exists() else SKELETON
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(
            f"bench-peers: expected the two markers in {PAGE.relative_to(ROOT)}, found none: {BEGIN} … {END}"
        )
    PAGE.write_text(f"{before}{BEGIN}\n\n{measured(results)}\n\n{END}{after}")
    write_picture([Row(**row) for row in results["rows"]])
    print(f"wrote {PAGE.relative_to(ROOT)}")
