#!/usr/bin/env python3
"""The real TensorBoard reads what --tensorboard writes.

    python3 tests/golden/check_tensorboard.py build/release/evenkeel

Makes a virtual environment with TensorBoard (build/venv-tensorboard, kept for the next time), trains on `digits`, and
holds what TensorBoard's own EventAccumulator and its data provider read against summary.json and history.csv.
Not run by the CI: it needs PyPI.
"""
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "build" / "venv-tensorboard"


def enter_environment():
    python = ENVIRONMENT / "bin" / "python"
    if pathlib.Path(sys.prefix) == ENVIRONMENT:
        return
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "tensorboard", "setuptools<81"], check=True)
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)


def accumulator(folder):
    from tensorboard.backend.event_processing import event_accumulator

    events = event_accumulator.EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return events


def tensors(events, tag):
    from tensorboard.util import tensor_util

    return [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]


def close(a, b):
    return math.isclose(a, b, rel_tol=1e-6)


def check_scalars(events, rows):
    """rows: of history.csv, one an epoch."""
    columns = {"loss/train": "train_loss", "loss/validation": "validation_loss", "accuracy/train": "train_accuracy",
               "accuracy/validation": "validation_accuracy", "learning_rate": "learning_rate"}
    for tag, column in columns.items():
        got = tensors(events, tag)
        metadata = events.SummaryMetadata(tag)
        assert metadata.plugin_data.plugin_name == "scalars", metadata
        assert metadata.data_class == 1, metadata
        assert len(got) == len(rows), (tag, len(got), len(rows))
        for (step, value), row in zip(got, rows):
            assert value.shape == () and close(value.item(), float(row[column])), (tag, step, value, row)
        steps = [step for step, _ in got]
        assert steps == sorted(set(steps)) and steps[0] > 0, steps
    return len(columns) * len(rows)


def check_histograms(events, arm, rows):
    """arm: of summary.json's probe."""
    read = 0
    for layer in arm["layers"]:
        for what in ("entering", "next_input"):
            tag = f"{layer['name']}/{what}"
            assert events.SummaryMetadata(tag).plugin_data.plugin_name == "histograms"
            got = tensors(events, tag)
            assert [step for step, _ in got] == arm["steps"], (tag, [step for step, _ in got], arm["steps"])
            for i, (_, buckets) in enumerate(got):
                assert buckets.ndim == 2 and buckets.shape[1] == 3, buckets.shape
                assert buckets[:, 2].sum() == rows * layer["units"], buckets[:, 2].sum()
                median = layer[what]["pooled"]["p50"][i]
                assert buckets[0, 0] <= median <= buckets[-1, 1], (median, buckets)
                read += 1
    for normalization in arm["gamma_beta"]:
        got = tensors(events, normalization["layer"] + "/gamma")
        assert got[0][1].shape == (1, 3) and got[0][1][0, 2] == len(normalization["gamma_start"]), got[0]
        smallest = min(normalization["gamma_end"])  # told in six digits
        assert math.isclose(got[-1][1][0, 0], smallest, rel_tol=1e-5), (got[-1], smallest)
        read += len(got)
    return read


def check_server(folder, runs):
    """What the web server of today's TensorBoard would list: its data provider, over the same files."""
    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer

    multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"scalars": 100, "histograms": 100})
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))
    here = context.RequestContext()
    scalars = provider.list_scalars(here, experiment_id="", plugin_name="scalars")
    histograms = provider.list_tensors(here, experiment_id="", plugin_name="histograms")
    assert set(scalars) == runs, (set(scalars), runs)
    return len(scalars), len(histograms)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)

        def run(*words):
            out = subprocess.run([program, *map(str, words), "--json", "--quiet"], check=True, capture_output=True)
            return json.loads(out.stdout)

        summary = run("compare", "--data", "digits", "--epochs", 3, "--seeds", 2, "--out", place / "compare",
                      "--tensorboard", place / "board")
        history = list(csv.DictReader((place / "compare" / "history.csv").open()))
        scalars = histograms = 0
        for arm in summary["probe"]["arms"]:
            for seed in (0, 1):
                events = accumulator(place / "board" / arm["name"] / f"seed-{seed}")
                rows = [r for r in history if r["arm"] == arm["name"] and r["seed"] == str(seed)]
                scalars += check_scalars(events, rows)
                if seed == 0:
                    histograms += check_histograms(events, arm, summary["probe"]["rows"])
        runs = {f"{arm}/seed-{seed}" for arm in ("none", "before", "after") for seed in (0, 1)}
        listed, with_histograms = check_server(place / "board", runs)
        assert with_histograms == 3, with_histograms
        print(f"compare: {scalars} scalars and {histograms} histograms of {listed} runs are what was measured")

        # A second training into the same folder takes the first one's place.
        for seed, out in ((0, "a"), (1, "b")):
            last = run("train", "--data", "digits", "--epochs", 2, "--seed", seed, "--out", place / out,
                       "--tensorboard", place / "one")
        losses = [value.item() for _, value in tensors(accumulator(place / "one"), "loss/train")]
        wanted = [epoch["train_loss"] for epoch in last["epochs"]]
        assert len(losses) == 2 and all(map(close, losses, wanted)), (losses, wanted)
        print("train: the second training of a folder replaces the first")


if __name__ == "__main__":
    enter_environment()
    main()
