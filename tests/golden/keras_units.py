"""The small parts in the real Keras, one by one: activations, losses, schedules, regularizers."""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from common import DATA, f32, points, softmax_rows, write

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "elu", "gelu", "silu")
RELUS = (
    {"negative_slope": 0.1},
    {"max_value": 2.0},
    {"max_value": 6.0},
    {"threshold": 0.5},
    {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5},
    {"negative_slope": 0.2, "threshold": 0.5},
)


def case(name, function, x, dy, **facts):
    y, pullback = jax.vjp(function, jnp.asarray(x))
    dx = pullback(jnp.asarray(dy))[0]
    return {"name": name, **facts, "x": x, "dy": dy, "y": np.asarray(y), "dx": np.asarray(dx)}


def make_activations():
    x, dy = points()
    cases = [case(n, keras.activations.get(n), x, dy) for n in ACTIVATIONS]
    for options in RELUS:
        full = {"negative_slope": 0.0, "max_value": None, "threshold": 0.0, **options}
        # without the point 0, which is a tie as soon as a slope is given
        cases.append(case("ReLU", keras.layers.ReLU(**full), x[1:], dy[1:], options=full))
    cases.append(case("softmax", keras.activations.softmax, *softmax_rows()))
    write(DATA / "keras_activations.json", {"cases": cases})


def loss_case(name, loss, options, target, prediction, weights):
    """Value and gradient to the predictions, without and with sample weights."""
    result = {"name": name, "options": options, "target": target, "prediction": prediction}

    def add(suffix, sample_weight):
        value, gradient = jax.value_and_grad(lambda p: loss(target, p, sample_weight=sample_weight))(
            jnp.asarray(prediction)
        )
        result["value" + suffix], result["gradient" + suffix] = np.asarray(value)[()], np.asarray(gradient)

    add("", None)
    add("_weighted", weights)
    return result


def make_losses():
    rng = np.random.default_rng(9)
    losses = keras.losses
    weights = np.array([0.5, 2.0, 1.0, 0.0, 0.25, 3.0], np.float32)
    logits = f32(rng, 6, 4, scale=2.0)
    labels = np.array([0, 3, 1, 2, 2, 1], np.int32)
    extreme = logits.copy()
    extreme[0] = [-60, 20, 0, 10]  # probability of the target under 1e-7: clipped from probabilities, exact from logits
    extreme[1] = [-30, -30, -30, 40]  # probability 1
    onehot = np.eye(4, dtype=np.float32)[labels]
    soft = np.abs(f32(rng, 6, 4)) + np.float32(0.1)
    soft = np.round(soft / soft.sum(axis=1, keepdims=True), 4).astype(np.float32)
    binary = np.round(rng.uniform(size=(6, 3))).astype(np.float32)
    binary_logits = f32(rng, 6, 3, scale=2.0)
    y, p = f32(rng, 6, 3), f32(rng, 6, 3, scale=1.5)
    probabilities = np.asarray(keras.activations.softmax(jnp.asarray(logits)))
    chances = np.asarray(keras.activations.sigmoid(jnp.asarray(binary_logits)))
    sparse, categorical = losses.SparseCategoricalCrossentropy, losses.CategoricalCrossentropy
    bce = losses.BinaryCrossentropy
    cases = [
        loss_case("SparseCategoricalCrossentropy", sparse(), {"from_logits": False}, labels, probabilities, weights),
        loss_case("SparseCategoricalCrossentropy", sparse(True), {"from_logits": True}, labels, logits, weights),
        loss_case("SparseCategoricalCrossentropy", sparse(True), {"from_logits": True}, labels, extreme, weights),
        loss_case("CategoricalCrossentropy", categorical(), {"from_logits": False}, onehot, probabilities, weights),
        loss_case("CategoricalCrossentropy", categorical(True), {"from_logits": True}, soft, logits, weights),
    ]
    for from_logits, prediction in ((False, probabilities), (True, logits)):
        loss = categorical(from_logits=from_logits, label_smoothing=0.1)
        options = {"from_logits": from_logits, "label_smoothing": 0.1}
        cases.append(loss_case("CategoricalCrossentropy", loss, options, onehot, prediction, weights))
    for smoothing in (0.0, 0.1):
        for from_logits, prediction in ((False, chances), (True, binary_logits)):
            loss = bce(from_logits=from_logits, label_smoothing=smoothing)
            options = {"from_logits": from_logits, "label_smoothing": smoothing}
            cases.append(loss_case("BinaryCrossentropy", loss, options, binary, prediction, weights))
    cases.append(loss_case("MeanSquaredError", losses.MeanSquaredError(), {}, y, p, weights))
    for delta in (1.0, 0.5):
        cases.append(loss_case("Huber", losses.Huber(delta=delta), {"delta": delta}, y, p, weights))
    # What fit does with a softmax layer in front: the loss of softmax(logits), gradient to the logits.
    through = []
    for name, z in (("moderate", logits), ("extreme", extreme)):
        value, gradient = jax.value_and_grad(lambda v: sparse()(labels, keras.activations.softmax(v)))(jnp.asarray(z))
        facts = {"name": name, "target": labels, "logits": z}
        through.append({**facts, "value": np.asarray(value)[()], "gradient": np.asarray(gradient)})
    write(DATA / "keras_losses.json", {"sample_weight": weights, "cases": cases, "through_softmax": through})


def make_schedules():
    s = keras.optimizers.schedules
    schedules = [
        s.CosineDecay(0.1, 40),
        s.CosineDecay(0.1, 30, alpha=0.1),
        s.CosineDecay(0.001, 30, warmup_target=0.01, warmup_steps=10),
        s.CosineDecay(0.0, 20, alpha=0.05, warmup_target=0.1, warmup_steps=5),
        s.PiecewiseConstantDecay([10, 25], [0.1, 0.01, 0.001]),
        s.ExponentialDecay(0.1, 10, 0.5),
        s.ExponentialDecay(0.1, 10, 0.5, staircase=True),
    ]
    cases = []
    for schedule in schedules:
        rates = np.array([np.asarray(schedule(jnp.asarray(step, jnp.int32))) for step in range(51)], np.float32)
        serialized = keras.optimizers.schedules.serialize(schedule)
        cases.append({"class_name": serialized["class_name"], "config": serialized["config"], "learning_rates": rates})
    write(DATA / "keras_schedules.json", {"steps": "0..50", "cases": cases})


def make_regularizers():
    """Loss before and weights after one SGD step of Dense, BN, Dense under MSE, with penalties on kernel, bias, γ and β."""
    rng = np.random.default_rng(11)
    x, y = f32(rng, 8, 3), f32(rng, 8, 2)
    r = keras.regularizers
    cases = []
    for name, kernel, bias in (
        ("none", None, None),
        ("l1", r.L1(0.01), r.L1(0.02)),
        ("l2", r.L2(0.01), r.L2(0.02)),
        ("l1_l2", r.L1L2(0.01, 0.03), r.L1L2(0.02, 0.04)),
    ):
        keras.utils.clear_session()
        model = keras.Sequential(
            [
                keras.Input((3,)),
                keras.layers.Dense(4, activation="tanh", kernel_regularizer=kernel, bias_regularizer=bias),
                keras.layers.BatchNormalization(gamma_regularizer=kernel, beta_regularizer=bias),
                keras.layers.Dense(2),
            ]
        )
        draw = np.random.default_rng(12)
        weights = [f32(draw, *w.shape, mean=0.3) for w in model.get_weights()]
        weights[5] = np.abs(weights[5]) + np.float32(0.5)  # the moving variance
        model.set_weights(weights)
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        evaluated = model.test_on_batch(x, y)  # inference mode
        loss = model.train_on_batch(x, y)
        penalty = np.float32(sum(float(p) for p in _penalties(kernel, bias, weights)))
        cases.append(
            {
                "name": name,
                "kernel_and_gamma": keras.regularizers.serialize(kernel) if kernel else None,
                "bias_and_beta": keras.regularizers.serialize(bias) if bias else None,
                "penalty": penalty,
                "evaluated_loss": np.float32(evaluated),
                "training_loss": np.float32(loss),
                "weights_after": model.get_weights(),
            }
        )
    names = [v.path.split("/", 1)[1] for v in model.weights]
    document = {"x": x, "y": y, "learning_rate": 0.1, "names": names, "weights": weights, "cases": cases}
    write(DATA / "keras_regularizers.json", document)


def _penalties(kernel, bias, weights):
    for regularizer, index in ((kernel, 0), (bias, 1), (kernel, 2), (bias, 3)):
        if regularizer is not None:
            yield regularizer(jnp.asarray(weights[index]))


def make():
    make_activations()
    make_losses()
    make_schedules()
    make_regularizers()
