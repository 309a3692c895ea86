#!/usr/bin/env python3
"""Replays the golden files with plain numpy in double and prints how far the frameworks' float32 lies from it.

No framework is imported, so this is a third opinion: it proves the formulas (README.md), the order of the variables in the
archives, and which tolerance a float32 engine can be held to. Needs numpy and h5py. Exits 1 when a bound is exceeded.
"""

import io
import json
import sys
import zipfile

import h5py
import numpy as np

import reference
from common import DATA, FIXTURES

WORST = {}


def load(path):
    """Arrays as double. The decimals are the shortest that name one float32: they become that float32 first."""

    def decode(value, name):
        if isinstance(value, dict):
            if set(value) == {"shape", "values"}:
                exact = np.float64 if name.endswith("64") else np.float32
                return np.array(value["values"], exact).astype(np.float64).reshape(value["shape"])
            return {k: decode(v, k) for k, v in value.items()}
        return [decode(v, name) for v in value] if isinstance(value, list) else value

    return decode(json.loads(path.read_text()), "")


def compare(group, name, got, want, bound):
    """Largest difference relative to the largest magnitude of the array. One group has one bound, said in its line."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if got.shape != want.shape:
        sys.exit(f"{name}: shape {got.shape}, expected {want.shape}")
    error = float(np.abs(got - want).max() / max(np.abs(want).max(), 1e-30))
    WORST.setdefault(group, [0.0, "", bound])
    if error >= WORST[group][0]:
        WORST[group][:2] = [error, name]


def check_bn():
    for path in sorted(DATA.glob("*_bn_training.json")):
        for case in load(path)["cases"]:
            name = f"{path.stem}/{case['name']}"
            unbiased = case.get("moving_variance_policy") == "unbiased"
            fixed = case.get("use_moving_statistics", False) or not case.get("trainable", True)
            out = reference.batch_norm(case, fixed, unbiased)
            scale = np.abs(out["inv"]).max() * np.abs(case.get("gamma", np.ones(1))).max() * np.abs(case["dy"]).max()
            offset = "mean_1000" in name
            for key in ("y", "dgamma", "dbeta", "moving_mean_after", "moving_variance_after"):
                if key in case:
                    group, bound = ("BN at mean 1000", 2e-2) if offset else ("BN", 2e-6)
                    compare(group, f"{name}/{key}", case[key], out[key], bound)
                if key + "64" in case:
                    compare("BN in double", f"{name}/{key}", case[key + "64"], out[key], 1e-9)
            # dx cancels when m is small: measured against max|γ·inv·dy|, what it is the difference of
            group, bound = ("BN dx at mean 1000", 2e-2) if offset else ("BN dx / max|γ·inv·dy|", 2e-6)
            compare(group, name, (case["dx"] - out["dx"]) / scale + 1, np.ones_like(out["dx"]), bound)


def check_moving():
    for path in sorted(DATA.glob("*_bn_moving.json")):
        for case in load(path)["cases"]:
            channels = len(case["gamma"])
            state = {**case, "moving_mean": np.zeros(channels), "moving_variance": np.ones(channels)}
            unbiased = case["moving_variance_policy"] == "unbiased"
            for x in case["batches"]:
                out = reference.batch_norm({**state, "x": x, "dy": np.zeros_like(x)}, False, unbiased)
                state["moving_mean"], state["moving_variance"] = out["moving_mean_after"], out["moving_variance_after"]
            test = {**state, "x": case["test"], "dy": np.zeros_like(case["test"])}
            name = f"{path.stem}/{case['name']}"
            compare("moving statistics", name, state["moving_mean"], case["moving_mean_after"], 2e-6)
            compare("moving statistics", name, state["moving_variance"], case["moving_variance_after"], 2e-6)
            compare("evaluation", name, reference.batch_norm(test, True, unbiased)["y"], case["test_y"], 2e-6)


def network_layers(arm):
    def layer(kind, **config):
        return {"class_name": kind, "config": config}

    norm = layer("BatchNormalization", axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True)
    relu = layer("ReLU", negative_slope=0.0, max_value=None, threshold=0.0)
    linear, softmax = (layer("Dense", activation=a, use_bias=True) for a in ("linear", "softmax"))
    middle = {"none": [relu], "before": [norm, relu], "after": [relu, norm]}[arm]
    return [linear, *middle, linear, *middle, softmax]


def check_networks():
    inputs, initial = load(DATA / "network_inputs.json"), load(DATA / "network_initial.json")
    pixels, labels = inputs["pixels"], inputs["labels"].astype(int)
    x_of = lambda rows: (pixels[rows].astype(np.float32) / np.float32(255)).astype(np.float64)
    listed = inputs["kernel_rows"].astype(int)
    for path in sorted(DATA.glob("*_network_*.json")):
        case = load(path)
        model = reference.Model(network_layers(case["arm"]))
        model.unbiased = case["batch_normalization"]["moving_variance_policy"] == "unbiased"
        start = dict(zip(initial["names"], initial["weights"]))
        fresh = {"gamma": np.ones, "beta": np.zeros, "moving_mean": np.zeros, "moving_variance": np.ones}
        width = {"batch_normalization": 16, "batch_normalization_1": 12}
        model.set_weights(
            [start[n] if n in start else fresh[n.split("/")[1]](width[n.split("/")[0]]) for n in case["names"]]
        )
        kinds = {"sgd": "SGD", "momentum": "SGD", "nesterov": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}
        config = {**case["settings"], "pytorch": case["framework"].startswith("torch")}
        optimizer = reference.Optimizer(kinds[case["optimizer"]], config, model.trainable())
        losses = []
        for rows in inputs["batches"].astype(int):
            losses.append(model.train(x_of(rows), np.eye(10)[labels[rows]], optimizer))
        tolerance, group = case["tolerance"], "networks: "
        noisy = " (before, Adam)" if tolerance["predictions"] > 1e-5 else ""
        for k, loss in enumerate(losses):
            compare(group + "losses", f"{path.stem}[{k}]", case["losses"][k], loss, tolerance["losses"])
            if "losses64" in case:
                compare(group + "losses in double", path.stem, case["losses64"][k], loss, 1e-7)
        test = inputs["test_rows"].astype(int)
        predictions = model.forward(x_of(test), False)
        side = f" {case['framework'][:5]}" if noisy else ""
        compare(group + "predictions" + noisy + side, path.stem, case["predictions"], predictions, tolerance["predictions"])
        weights = model.get_weights()
        compare(group + "kernel sums", path.stem, (weights[0] ** 2).sum(), case["kernel_sum_of_squares"], 1e-6)
        weights[0] = weights[0][listed]
        for name, got, want in zip(case["names"], weights, case["weights"]):
            moving = "moving_mean" in name
            bound = tolerance["moving_mean" if moving else "weights"]
            kind = "moving means" + noisy + side if moving else "weights" + (" (Adam)" if bound > 1e-5 else "")
            if name not in case["no_gradient"]:
                compare(group + kind, f"{path.stem}/{name}", want, got, bound)


def check_activations():
    """Element by element, since the extremes would hide an error in the middle; below 1e-2 absolutely (gelu cancels)."""
    for path in sorted(DATA.glob("*_activations.json")):
        for case in load(path)["cases"]:
            y, dx = reference.activation_case(case)
            for key, want in (("y", y), ("dx", dx), ("y64", y), ("dx64", dx)):
                if key in case:
                    group, bound = ("activations in double", 1e-9) if "64" in key else ("activations", 1e-4)
                    error = (case[key] - want) / np.maximum(np.abs(want), 1e-2)
                    compare(group, f"{path.stem}/{case['name']}/{key}", error + 1, np.ones_like(want), bound)


def check_schedules():
    for case in load(DATA / "keras_schedules.json")["cases"]:
        rates = [reference.learning_rate(case, step) for step in range(51)]
        compare("schedules", case["class_name"], case["learning_rates"], rates, 1e-6)


def check_optimizers():
    document = load(DATA / "keras_optimizers.json")
    for case in document["cases"]:
        variables = [v.copy() for v in document["start"]]
        optimizer = reference.Optimizer(case["class_name"], case["config"], variables)
        seen = []
        for gradients in document["gradients"]:
            optimizer.apply([g.copy() for g in gradients])
            seen.append([v.copy() for v in variables])
        for step, want in zip(document["after_each_step_lists"], case["after_each_step"]):
            for got, value in zip(seen[step - 1], want):
                compare("optimizers", f"{case['name']}[{step}]", got, value, 5e-6)
        for slot, got in zip(case["slots"], optimizer.keras_variables()):
            compare("optimizer slots", f"{case['name']}/{slot['name']}", got, slot["value"], 5e-6)


def read_archive(path):
    """config.json, weights in get_weights() order, optimizer variables in the order of their numbers."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            in_order = lambda group: [group[k][()] for k in sorted(group, key=int)]
            counts, weights = {}, []
            for layer in config["config"]["layers"][1:]:
                snake = reference.snake_case(layer["class_name"])
                k = counts[snake] = counts.get(snake, -1) + 1
                weights += in_order(file[f"layers/{snake}{f'_{k}' if k else ''}/vars"])
            slots = in_order(file["optimizer/vars"]) if "optimizer" in file else []
    return config, weights, slots


def check_archives():
    for path in sorted(FIXTURES.glob("*.keras")):
        if path.stem == "functional":
            continue
        expected = load(path.with_suffix(".json"))
        config, weights, slots = read_archive(path)
        for name, got, want in zip(expected["names"], weights, expected["weights"], strict=True):
            compare("archives: stored weights", f"{path.stem}/{name}", got, want, 0.0)
        model = reference.Model(config["config"]["layers"][1:])
        model.set_weights(weights)
        compare("archives: predictions", path.stem, model.forward(expected["x"], False), expected["predictions"], 1e-6)
        if "further_steps" not in expected:
            continue
        for want, got in zip(expected["optimizer_variables"], slots, strict=True):
            compare("archives: stored slots", f"{path.stem}/{want['name']}", got, want["value"], 0.0)
        compiled = config["compile_config"]
        model.configure_loss(compiled["loss"])
        optimizer = reference.Optimizer(
            compiled["optimizer"]["class_name"], compiled["optimizer"]["config"], model.trainable()
        )
        optimizer.restore(slots)
        for k, step in enumerate(expected["further_steps"]):
            y = step["y"] if step["y"].ndim == 2 else np.eye(3)[step["y"].astype(int)]
            if k == 0:
                evaluated = model.loss(model.forward(step["x"], False), y)
                compare("archives: evaluated loss", path.stem, evaluated, expected["evaluated_loss"], 1e-6)
            loss = model.train(step["x"], y, optimizer)
            compare("archives: further losses", f"{path.stem}[{k}]", loss, step["loss"], 1e-5)
        after = model.forward(expected["x"], False)
        bound = expected["tolerance_after"]
        group = "archives: predictions after" + (" (noisy biases)" if bound > 1e-5 else "")
        compare(group, path.stem, after, expected["predictions_after"], bound)


def main():
    units = (check_activations, check_schedules, check_optimizers)
    for check in (check_bn, check_moving, check_networks, *units, check_archives):
        check()
    failed = False
    for group, (error, name, bound) in WORST.items():
        failed |= error > bound
        print(f"{'FAIL' if error > bound else 'ok  '} {group:52} {error:.1e} (bound {bound:.0e}) worst at {name}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
