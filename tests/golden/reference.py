"""The formulas in plain numpy and double: layers, losses and optimizers as Keras 3.15.1 defines them. Read by check_golden.py."""

import re

import numpy as np
from math import erf, pi

_erf = np.vectorize(erf)


def snake_case(name):
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def batch_norm(case, use_moving, unbiased=False):
    """y, the gradients and the new moving statistics of one call; `case` holds Keras's words."""
    x, dy = case["x"], case["dy"]
    axis = case["axis"] % x.ndim
    others = tuple(k for k in range(x.ndim) if k != axis)
    wide = lambda v: np.reshape(v, [-1 if k == axis else 1 for k in range(x.ndim)])
    m = x.size // x.shape[axis]
    mean, variance = x.mean(others), x.var(others)
    d = case["momentum"]
    spread = variance * m / (m - 1) if unbiased else variance
    moving_mean = case["moving_mean"] * d + mean * (1 - d)
    moving_variance = case["moving_variance"] * d + spread * (1 - d)
    if use_moving:
        mean, variance = case["moving_mean"], case["moving_variance"]
        moving_mean, moving_variance = mean, variance
    inv = 1 / np.sqrt(variance + case["epsilon"])
    normal = (x - wide(mean)) * wide(inv)
    gamma, beta = case.get("gamma", np.ones(x.shape[axis])), case.get("beta", np.zeros(x.shape[axis]))
    dgamma, dbeta = (dy * normal).sum(others), dy.sum(others)
    inner = dy if use_moving else dy - wide(dbeta / m) - normal * wide(dgamma / m)
    return {
        "y": normal * wide(gamma) + wide(beta),
        "dx": wide(gamma * inv) * inner,
        "dgamma": dgamma,
        "dbeta": dbeta,
        "inv": inv,
        "moving_mean_after": moving_mean,
        "moving_variance_after": moving_variance,
    }


def relu(x, slope=0.0, maximum=None, threshold=0.0):
    top = np.inf if maximum is None else maximum
    y = np.where(x > threshold, np.minimum(x, top), slope * (x - threshold))
    return y, np.where(x > threshold, (x < top) * 1.0, slope)


def activation(name, x):
    """y and dy/dx, element by element (softmax is done by its caller)."""
    with np.errstate(over="ignore"):
        sigmoid = 1 / (1 + np.exp(-x))
        if name == "linear":
            return x, np.ones_like(x)
        if name == "relu":
            return relu(x)
        if name == "sigmoid":
            return sigmoid, sigmoid * (1 - sigmoid)
        if name == "tanh":
            return np.tanh(x), 1 - np.tanh(x) ** 2
        if name == "elu":
            return np.where(x > 0, x, np.expm1(x)), np.where(x > 0, 1, np.exp(x))
        if name == "silu":
            return x * sigmoid, sigmoid * (1 + x * (1 - sigmoid))
        if name == "gelu":
            normal = 0.5 * (1 + _erf(x / np.sqrt(2)))
            return x * normal, normal + x * np.exp(-0.5 * x * x) / np.sqrt(2 * pi)
    raise ValueError(name)


def activation_case(case):
    """y and dx of a golden activation: ReLU with its options, softmax over rows, or any other by its name."""
    x, dy = case["x"], case["dy"]
    if case["name"] == "softmax":
        y = np.exp(x - x.max(1, keepdims=True))
        y /= y.sum(1, keepdims=True)
        return y, y * (dy - (dy * y).sum(1, keepdims=True))
    if case["name"] == "ReLU":
        o = case["options"]
        y, slope = relu(x, o["negative_slope"], o["max_value"], o["threshold"])
    else:
        y, slope = activation(case["name"], x)
    return y, dy * slope


class Model:
    """A Sequential model from the layers of its config. Every step's backward closure stands beside its forward."""

    def __init__(self, layers):
        self.layers, self.unbiased, self.smoothing = layers, False, 0.0
        self.weights = [{} for _ in layers]
        self.logits_out = layers[-1]["config"].get("activation") != "softmax"

    def _parts(self, layer):
        kind, config = layer["class_name"], layer["config"]
        if kind == "Dense":
            return ["kernel"] + ["bias"] * config["use_bias"]
        if kind == "BatchNormalization":
            return ["gamma"] * config["scale"] + ["beta"] * config["center"] + ["moving_mean", "moving_variance"]
        return ["mean", "variance", "count"] if kind == "Normalization" else []

    def set_weights(self, values):
        values = iter(values)
        for layer, held in zip(self.layers, self.weights):
            for part in self._parts(layer):
                held[part] = np.array(next(values), np.float64)

    def get_weights(self):
        return [held[p].copy() for layer, held in zip(self.layers, self.weights) for p in self._parts(layer)]

    def _trained(self):
        for layer, held in zip(self.layers, self.weights):
            for part in self._parts(layer):
                if part in ("kernel", "bias", "gamma", "beta"):
                    yield layer["config"].get(part + "_regularizer"), held, part

    def trainable(self):
        return [held[part] for _, held, part in self._trained()]

    def configure_loss(self, loss):
        if isinstance(loss, dict):
            self.smoothing = loss["config"].get("label_smoothing", 0.0)
            assert self.logits_out == loss["config"]["from_logits"]

    def forward(self, x, training):
        self.tape = []
        for index, (layer, held) in enumerate(zip(self.layers, self.weights)):
            kind, config, last = layer["class_name"], layer["config"], index == len(self.layers) - 1
            if kind == "Flatten":
                shape = x.shape
                x = x.reshape(len(x), -1)
                self.tape.append(lambda d, shape=shape: d.reshape(shape))
            elif kind == "Rescaling":
                x = x * config["scale"] + config["offset"]
                self.tape.append(lambda d, s=config["scale"]: d * s)
            elif kind == "Normalization":
                divisor = np.maximum(np.sqrt(held["variance"]), 1e-7)
                x = (x - held["mean"]) / divisor
                self.tape.append(lambda d, divisor=divisor: d / divisor)
            elif kind == "BatchNormalization":
                x = self._batch_norm(x, config, held, training)
            elif kind == "ReLU":
                x, slope = relu(x, config["negative_slope"], config["max_value"], config["threshold"])
                self.tape.append(lambda d, slope=slope: d * slope)
            elif kind in ("Dense", "Activation"):
                if kind == "Dense":
                    x = self._dense(x, held)
                if config["activation"] == "softmax":
                    x = np.exp(x - x.max(1, keepdims=True))
                    x /= x.sum(1, keepdims=True)
                    assert last, "softmax is expected at the end, fused with the loss"
                else:
                    x, slope = activation(config["activation"], x)
                    self.tape.append(lambda d, slope=slope: d * slope)
            elif kind != "Dropout" or training:
                raise ValueError(kind)
        return x

    def _dense(self, x, held):
        def backward(d):
            held["dkernel"], held["dbias"] = x.T @ d, d.sum(0)
            return d @ held["kernel"].T

        self.tape.append(backward)
        return x @ held["kernel"] + held.get("bias", 0.0)

    def _batch_norm(self, x, config, held, training):
        case = {**config, **{k: v for k, v in held.items() if not k.startswith("d")}, "x": x}

        def backward(d):
            out = batch_norm({**case, "dy": d}, False)
            held["dgamma"], held["dbeta"] = out["dgamma"], out["dbeta"]
            return out["dx"]

        self.tape.append(backward)
        out = batch_norm({**case, "dy": np.zeros_like(x)}, not training, self.unbiased)
        if training:
            held["moving_mean"], held["moving_variance"] = out["moving_mean_after"], out["moving_variance_after"]
        return out["y"]

    def _penalty(self):
        for regularizer, held, part in self._trained():
            config = regularizer["config"] if regularizer else {}
            yield config.get("l1", 0.0), config.get("l2", 0.0), held[part]

    def loss(self, output, y):
        if self.logits_out:
            output = np.exp(output - output.max(1, keepdims=True))
            output = output / output.sum(1, keepdims=True)
        y = y * (1 - self.smoothing) + self.smoothing / y.shape[1]
        data = -(y * np.log(output)).sum(1).mean()
        self.gradient = (output - y) / len(y)
        return data + sum(l1 * np.abs(w).sum() + l2 * (w * w).sum() for l1, l2, w in self._penalty())

    def train(self, x, y, optimizer):
        """The loss before the update; then one update."""
        value = self.loss(self.forward(x, True), y)
        d = self.gradient
        for step in reversed(self.tape):
            d = step(d)
        gradients = [held["d" + part] for _, held, part in self._trained()]
        penalties = self._penalty()
        optimizer.apply([g + l1 * np.sign(w) + 2 * l2 * w for g, (l1, l2, w) in zip(gradients, penalties)])
        return value


def learning_rate(rate, step):
    if not isinstance(rate, dict):
        return rate
    c = rate["config"]
    if rate["class_name"] == "ExponentialDecay":
        p = step / c["decay_steps"]
        return c["initial_learning_rate"] * c["decay_rate"] ** (np.floor(p) if c["staircase"] else p)
    if rate["class_name"] == "PiecewiseConstantDecay":
        return c["values"][sum(step > b for b in c["boundaries"])]
    base, warmup = c["initial_learning_rate"], 0
    if c["warmup_target"] is not None:
        if step < c["warmup_steps"]:
            return (c["warmup_target"] - base) * step / c["warmup_steps"] + base
        base, warmup = c["warmup_target"], c["warmup_steps"]
    p = min(step - warmup, c["decay_steps"]) / c["decay_steps"]
    return base * ((1 - c["alpha"]) * 0.5 * (1 + np.cos(pi * p)) + c["alpha"])


class Optimizer:
    """Updates the given arrays in place: clip, then decay the weights, then step (Keras's order)."""

    SLOTS = {"SGD": ("m",), "RMSprop": ("v", "m", "a"), "Adam": ("m", "v", "h"), "AdamW": ("m", "v", "h")}

    def __init__(self, kind, config, variables):
        self.kind, self.c, self.variables, self.step = kind, config, variables, 0
        self.slots = [{name: np.zeros_like(v) for name in "mvah"} for v in variables]

    def _clip(self, g):
        c = self.c
        if c.get("clipnorm"):
            return [v * c["clipnorm"] / max(np.linalg.norm(v), c["clipnorm"]) for v in g]
        if c.get("global_clipnorm"):
            norm = np.sqrt(sum((v * v).sum() for v in g))
            return [v * c["global_clipnorm"] / max(norm, c["global_clipnorm"]) for v in g]
        return [np.clip(v, -c["clipvalue"], c["clipvalue"]) for v in g] if c.get("clipvalue") else g

    def apply(self, gradients):
        rate = learning_rate(self.c["learning_rate"], self.step)
        update = {"SGD": self._sgd, "RMSprop": self._rmsprop, "Adam": self._adam, "AdamW": self._adam}[self.kind]
        self.step += 1
        for w, g, s in zip(self.variables, self._clip(gradients), self.slots):
            w -= w * (self.c.get("weight_decay") or 0.0) * rate
            w -= update(g, s, rate)

    def _sgd(self, g, s, rate):
        mu = self.c.get("momentum", 0.0)
        s["m"] = mu * s["m"] - rate * g
        return -(mu * s["m"] - rate * g) if self.c.get("nesterov") else -s["m"]

    def _rmsprop(self, g, s, rate):
        rho, mu = self.c["rho"], self.c["momentum"]
        s["v"] = rho * s["v"] + (1 - rho) * g * g
        s["a"] = rho * s["a"] + (1 - rho) * g
        centre = s["a"] ** 2 if self.c.get("centered") else 0.0
        s["m"] = mu * s["m"] + rate * g / np.sqrt(s["v"] - centre + self.c["epsilon"])
        return s["m"]

    def _adam(self, g, s, rate):
        b1, b2, epsilon = self.c.get("beta_1", 0.9), self.c.get("beta_2", 0.999), self.c["epsilon"]
        s["m"] = s["m"] + (g - s["m"]) * (1 - b1)
        s["v"] = s["v"] + (g * g - s["v"]) * (1 - b2)
        s["h"] = np.maximum(s["h"], s["v"]) if self.c.get("amsgrad") else s["v"]
        root = np.sqrt(1 - b2**self.step)
        if self.c.get("pytorch"):  # epsilon is added to the corrected root there, to the uncorrected one in Keras
            return rate / (1 - b1**self.step) * s["m"] / (np.sqrt(s["h"]) / root + epsilon)
        return rate * root / (1 - b1**self.step) * s["m"] / (np.sqrt(s["h"]) + epsilon)

    def _layout(self):
        """(variable, slot) in the order of Keras's optimizer.variables, after iteration and learning_rate."""
        c, n = self.c, range(len(self.variables))
        if self.kind == "SGD":
            return [(k, "m") for k in n] if c["momentum"] else []
        if self.kind == "RMSprop":
            blocks = ["v"] + ["m"] * (c["momentum"] > 0) + ["a"] * c["centered"]
            return [(k, slot) for slot in blocks for k in n]
        return [(k, slot) for k in n for slot in "mv"] + [(k, "h") for k in n] * c["amsgrad"]

    def _head(self):
        return 1 if isinstance(self.c["learning_rate"], dict) else 2

    def keras_variables(self):
        head = [self.step] if self._head() == 1 else [self.step, self.c["learning_rate"]]
        return head + [self.slots[k][slot] for k, slot in self._layout()]

    def restore(self, values):
        self.step = int(values[0])
        assert len(values) == self._head() + len(self._layout())
        for (k, slot), value in zip(self._layout(), values[self._head() :]):
            self.slots[k][slot] = np.array(value, np.float64)
