"""What every part of the golden numbers shares: number formats, paths, and the inputs of the small lecture's network."""

import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "data"
FIXTURES = HERE.parent / "fixtures" / "keras"
MAX_BYTES = 200_000


def number(value):
    """Shortest text that a reader of doubles turns back into exactly this float32, int or float64."""
    if isinstance(value, (np.integer, int)) or np.asarray(value).dtype == np.bool_:
        return str(int(value))
    if not np.isfinite(value):
        raise ValueError(f"golden numbers must be finite, got {value}")
    text = str(value.item() if isinstance(value, np.float64) else value)
    if np.asarray(value).dtype == np.float32 and np.float32(float(text)) != value:
        raise ValueError(f"{text} does not read back as {value!r}")
    return text[:-2] if text.endswith(".0") else text


class Encoded(str):
    """JSON text that is already finished: one array on one line."""


def array(value):
    """The file format of an array: row-major values beside the shape."""
    value = np.asarray(value)
    values = ",".join(number(v) for v in value.reshape(-1))
    return Encoded('{"shape":[%s],"values":[%s]}' % (",".join(map(str, value.shape)), values))


def _text(value, indent):
    pad = " " * (indent + 1)
    if isinstance(value, Encoded):
        return str(value)
    if isinstance(value, dict):
        inner = ",\n".join(f"{pad}{json.dumps(k)}: {_text(v, indent + 1)}" for k, v in value.items())
        return "{\n" + inner + "\n" + " " * indent + "}"
    if isinstance(value, (list, tuple)) and any(isinstance(v, (Encoded, dict, list, tuple)) for v in value):
        return "[\n" + ",\n".join(pad + _text(v, indent + 1) for v in value) + "\n" + " " * indent + "]"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_text(v, indent) for v in value) + "]"
    if isinstance(value, np.ndarray):
        return str(array(value))
    if isinstance(value, (np.floating, np.integer)):
        return number(value)
    return json.dumps(value)


def write(path, document):
    """One JSON document; refuses files that would be too large to commit."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _text(document, 0) + "\n"
    json.loads(text)
    if len(text) > MAX_BYTES:
        raise ValueError(f"{path.name}: {len(text)} bytes, at most {MAX_BYTES} are wanted")
    path.write_text(text)
    print(f"{path.name}: {len(text)} bytes")


def f32(rng, *shape, mean=0.0, scale=1.0, digits=4):
    """Normal values rounded to few decimals, so that the files stay small."""
    return np.round(rng.normal(mean, scale, shape), digits).astype(np.float32)


# --- The small lecture's network: 784-16-12-10, 16 rows a batch, 10 batches --------------------------------------------

SIZES = (784, 16, 12, 10)
ROWS, STEPS, IMAGES = 16, 10, 44
NETWORK_ARMS = ("none", "before", "after")


# Chosen so that in the arm `after` no ReLU is open for every row of any batch of the ten steps: BN behind an open ReLU makes
# the gradient of the bias before it exactly 0, and Adam would blow its rounding noise up (README.md, "noise").
NETWORK_SEED = 2024


def network_inputs(seed=NETWORK_SEED):
    """Blurred strokes, as bytes; labels; which image stands in which batch; initial Dense weights."""
    rng = np.random.default_rng(seed)
    images = np.zeros((IMAGES, 28, 28))
    labels = np.arange(IMAGES) % 10
    rr, cc = np.mgrid[0:28, 0:28]
    for image, label in zip(images, labels):
        angle = label * np.pi / 10 + rng.normal(0, 0.1)
        row, column = rng.uniform(9.5, 17.5, 2)
        for t in np.linspace(-1, 1, 9):
            r = row + 6 * t * np.sin(angle) + rng.normal(0, 0.5)
            c = column + 6 * t * np.cos(angle) + (3 * t * t if label % 2 else 0) + rng.normal(0, 0.5)
            image += np.exp(-((rr - r) ** 2 + (cc - c) ** 2) / 1.6)
    pixels = np.clip(np.round(images * 180), 0, 255).astype(np.int64)
    pixels[pixels < 24] = 0
    batches = np.stack([rng.permutation(IMAGES - 8)[:ROWS] for _ in range(STEPS)])
    dense = []
    for fan_in, fan_out in zip(SIZES[:-1], SIZES[1:]):
        limit = np.sqrt(6.0 / (fan_in + fan_out))  # Glorot uniform
        dense.append(np.round(rng.uniform(-limit, limit, (fan_in, fan_out)), 4).astype(np.float32))
        dense.append(np.zeros(fan_out, np.float32))
    return {
        "pixels": pixels.reshape(IMAGES, 784),
        "labels": labels,
        "batches": batches,
        "test_rows": np.arange(IMAGES - 8, IMAGES),
        "dense": dense,
    }


def network_batch(inputs, rows):
    """float32 k/255, computed as one float32 division."""
    return inputs["pixels"][rows].astype(np.float32) / np.float32(255), inputs["labels"][rows].astype(np.int32)


def kernel_rows(inputs):
    """The rows of the first kernel that a case's file lists: 30 that the images touch and 2 that none does."""
    touched = np.flatnonzero(inputs["pixels"].any(axis=0))
    untouched = np.flatnonzero(~inputs["pixels"].any(axis=0))
    return np.concatenate([touched[:: max(1, len(touched) // 30)][:30], untouched[[0, -1]]])


def write_network_inputs():
    inputs = network_inputs()
    write(
        DATA / "network_inputs.json",
        {
            "about": "x = pixels/255 in float32; batch k takes the rows batches[k]; predictions are made on test_rows",
            "pixels": inputs["pixels"],
            "labels": inputs["labels"],
            "batches": inputs["batches"],
            "test_rows": inputs["test_rows"],
            "kernel_rows": kernel_rows(inputs),
        },
    )
    names = [f"dense{k}/{part}" for k in ("", "_1", "_2") for part in ("kernel", "bias")]
    write(DATA / "network_initial.json", {"names": names, "weights": inputs["dense"]})
    return inputs


def network_case(inputs, names, weights, losses, predictions, **facts):
    """A case's document: the first kernel only at `kernel_rows`, with two sums over the whole of it as a check.

    Tolerances are relative to the largest magnitude of the array, about five times what check_golden.py measures. In the arm
    `before` the Dense biases have gradient 0 and hold rounding noise, which Adam scales up: the losses do not see it (BN
    takes the mean away), but the moving means and so the predictions do, most in PyTorch, whose epsilon is in effect smaller.
    """
    kernel = weights[0].astype(np.float64)
    adam = facts["optimizer"].startswith("adam")
    noise = facts["arm"] == "before" and adam
    torch = facts["framework"].startswith("torch")
    return {
        **facts,
        "no_gradient": ["dense/bias", "dense_1/bias"] if facts["arm"] == "before" else [],
        "tolerance": {
            "losses": 1e-5,
            "weights": 1e-4 if adam else 1e-5,
            "moving_mean": (2e-2 if torch else 1e-3) if noise else 1e-5,
            "predictions": (5e-3 if torch else 5e-4) if noise else 1e-5,
        },
        "losses": Encoded("[" + ",".join(repr(float(v)) for v in losses) + "]"),
        "names": names,
        "weights": [weights[0][kernel_rows(inputs)], *weights[1:]],
        "kernel_sum": float(kernel.sum()),
        "kernel_sum_of_squares": float((kernel**2).sum()),
        "predictions": predictions,
    }


# --- Batch normalization ---------------------------------------------------------------------------------------------

BN_CASES = [
    # name, shape, axis, options (Keras's words)
    ("rank2_m2", (2, 5), -1, {}),
    ("rank2_m3", (3, 5), -1, {}),
    ("rank2_m8", (8, 5), -1, {}),
    ("rank2_m8_epsilon_1e-5", (8, 5), -1, {"epsilon": 1e-5}),
    ("rank2_m8_epsilon_0.1_momentum_0.9", (8, 5), -1, {"epsilon": 0.1, "momentum": 0.9}),
    ("rank2_m8_no_center", (8, 5), -1, {"center": False}),
    ("rank2_m8_no_scale", (8, 5), -1, {"scale": False}),
    ("rank2_m8_no_center_no_scale", (8, 5), -1, {"center": False, "scale": False}),
    ("rank2_axis1", (3, 5), 1, {}),
    ("rank3_axis1", (3, 5, 4), 1, {}),
    ("rank3_axis1_m2", (1, 5, 2), 1, {}),
    ("rank4_axis1", (2, 3, 4, 2), 1, {"epsilon": 1e-5}),
    ("rank3_last", (3, 4, 5), -1, {}),
    ("rank4_last", (2, 3, 2, 5), -1, {}),
    ("rank4_axis2", (2, 3, 5, 2), 2, {}),
    ("rank2_m8_mean_1000", (8, 5), -1, {"offset": 1000.0}),
]


def bn_arguments(index, shape, axis, options):
    """x, dy, γ, β and moving statistics of a case, all of them away from 0 and 1."""
    rng = np.random.default_rng(100 + index)
    channels = shape[axis]
    spread = np.linspace(0.5, 3.0, channels).reshape([-1 if k == axis % len(shape) else 1 for k in range(len(shape))])
    return {
        "x": (np.round(f32(rng, *shape) * spread + 0.7, 3) + options.get("offset", 0.0)).astype(np.float32),
        "dy": f32(rng, *shape),
        "gamma": f32(rng, channels, mean=1.2, scale=0.4),
        "beta": f32(rng, channels, scale=0.8),
        "moving_mean": f32(rng, channels),
        "moving_variance": np.abs(f32(rng, channels, mean=1.5, scale=0.5)) + np.float32(0.25),
    }


# --- Activations -----------------------------------------------------------------------------------------------------

# Ties of piecewise functions are left out (frameworks differ there), except 0 for relu, whose gradient is 0 everywhere.
POINTS = [0.0, 1e-30, 1e-7, 1e-3, 0.1, 0.49, 0.51, 0.9, 1.1, 1.5, 1.9]
POINTS += [2.1, 3.0, 5.0, 5.9, 6.1, 9.0, 15.0, 25.0, 60.0, 87.0, 1e4]


def points():
    values = np.array(POINTS + [-p for p in POINTS[1:]], np.float32)
    return values, f32(np.random.default_rng(7), len(values), mean=1.0, scale=0.5)


def softmax_rows():
    rng = np.random.default_rng(8)
    x = f32(rng, 6, 5, scale=2.0)
    x[4] = [80, -80, 0, 79, 1]
    x[5] = [1000, 999, 998, -1000, 0]
    return x, f32(rng, 6, 5)
