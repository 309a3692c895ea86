"""Archives that the real Keras writes, and beside each what it predicts and how it trains on."""

import keras
import numpy as np

from common import FIXTURES, f32, write

SHAPE, CLASSES = (6, 4), 3
L = keras.layers
MAX_ARCHIVE = 60_000


def lecture():
    stack = [keras.Input(SHAPE), L.Flatten()]
    for units in (8, 6):
        stack += [L.Dense(units), L.BatchNormalization(), L.ReLU()]
    model = keras.Sequential([*stack, L.Dense(CLASSES, activation="softmax")], name="model_bn")
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def activations():
    """Activations as arguments and as layers; BN after the activation; loss and metric given as objects."""
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Flatten(),
            L.Dense(8, activation="relu"),
            L.BatchNormalization(momentum=0.9, epsilon=1e-5),
            L.Dense(6, use_bias=False, name="hidden"),
            L.BatchNormalization(),
            L.Activation("sigmoid"),
            L.Dense(CLASSES),
            L.Activation("softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseTopKCategoricalAccuracy(k=2)],
    )
    return model


def normalization():
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Normalization(),
            L.Flatten(),
            L.Dense(8),
            L.BatchNormalization(),
            L.ReLU(negative_slope=0.1),
            L.Dense(CLASSES),
        ]
    )
    model.layers[0].adapt(f32(np.random.default_rng(41), 64, *SHAPE, mean=2.0, scale=3.0))
    model.compile(
        optimizer=keras.optimizers.RMSprop(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def variety():
    """Not compiled. Every activation that is left, BN without its centre or its scale, Dropout, Rescaling."""
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Rescaling(0.5, offset=-0.25),
            L.Flatten(),
            L.Dense(7, activation="gelu"),
            L.BatchNormalization(center=False),
            L.Dropout(0.3),
            L.Dense(6),
            L.BatchNormalization(scale=False),
            L.Activation("elu"),
            L.Dense(5, activation="silu"),
            L.BatchNormalization(center=False, scale=False),
            L.Dense(5, activation="tanh"),
            L.ReLU(max_value=1.5, negative_slope=0.2, threshold=0.1),
            L.Dense(CLASSES, activation="softmax"),
        ]
    )
    rng = np.random.default_rng(42)
    for variable in model.weights:
        value = f32(rng, *variable.shape, scale=0.7)
        variable.assign(np.abs(value) + 0.25 if variable.name in ("moving_variance", "gamma") else value)
    return model


def axis_1():
    model = keras.Sequential(
        [
            keras.Input((3, 4)),
            L.BatchNormalization(axis=1),
            L.Flatten(),
            L.Dense(8, activation="elu"),
            L.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    return model


def adamw():
    penalty = keras.regularizers.L2(1e-3)
    stack = [keras.Input(SHAPE), L.Flatten()]
    for units in (8, 6):
        stack += [
            L.Dense(units, kernel_initializer="he_normal", kernel_regularizer=penalty),
            L.BatchNormalization(gamma_regularizer=keras.regularizers.L1L2(1e-4, 1e-3)),
            L.ReLU(),
        ]
    model = keras.Sequential([*stack, L.Dense(CLASSES, activation="softmax", kernel_regularizer=penalty)])
    schedule = keras.optimizers.schedules.CosineDecay(0.001, 20, alpha=0.1, warmup_target=0.01, warmup_steps=2)
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=0.01, clipnorm=1.0),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def functional():
    """A residual addition: a reader of Sequential models must refuse it by name."""
    inputs = keras.Input((6,))
    x = L.Dense(6, activation="relu")(inputs)
    x = L.Add()([x, inputs])
    return keras.Model(inputs, L.Dense(CLASSES, activation="softmax")(x))


MODELS = {f.__name__: f for f in (lecture, activations, normalization, variety, axis_1, adamw)}


def batches(shape, seed, one_hot):
    rng = np.random.default_rng(seed)
    for _ in range(6):
        labels = rng.integers(0, CLASSES, 12)
        x = f32(rng, 12, *shape, digits=3) + 0.5 * labels.reshape(-1, *[1] * len(shape))
        x = np.round(x, 3).astype(np.float32)
        yield x, np.eye(CLASSES, dtype=np.float32)[labels] if one_hot else labels.astype(np.int32)


def save(model, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    size = path.stat().st_size
    if size > MAX_ARCHIVE:
        raise ValueError(f"{path.name}: {size} bytes, at most {MAX_ARCHIVE} are wanted")
    print(f"{path.name}: {size} bytes")


def biases_before_normalization(model):
    """Biases whose gradient is 0 but for rounding: the next layer takes the mean away."""
    names = []
    for layer, following in zip(model.layers, model.layers[1:]):
        straight = isinstance(layer, L.Dense) and layer.use_bias and layer.activation is keras.activations.linear
        if straight and isinstance(following, L.BatchNormalization):
            names.append(layer.bias.path.split("/", 1)[1])
    return names


def first(result):
    return np.float32(result[0] if isinstance(result, (list, tuple)) else result)


def make():
    for seed, (name, build) in enumerate(MODELS.items()):
        keras.utils.clear_session()
        keras.utils.set_random_seed(500 + seed)
        model = build()
        shape = model.input_shape[1:]
        steps = list(batches(shape, 600 + seed, one_hot=name == "axis_1"))
        if model.compiled:
            for x, y in steps[:3]:
                model.train_on_batch(x, y)
        save(model, FIXTURES / f"{name}.keras")
        (FIXTURES / f"{name}.config.json").write_text(model.to_json(indent=1) + "\n")
        document = {
            "framework": f"keras {keras.__version__} on jax",
            "x": steps[0][0],
            "predictions": model.predict(steps[0][0], verbose=0),
            "names": [v.path.split("/", 1)[1] for v in model.weights],
            "weights": model.get_weights(),
        }
        if model.compiled:
            document["evaluated_loss"] = first(model.test_on_batch(*steps[3]))
            document["optimizer_variables"] = [
                {"name": v.path.split("/", 1)[1], "value": v.numpy()} for v in model.optimizer.variables
            ]
            more = [{"x": x, "y": y, "loss": first(model.train_on_batch(x, y))} for x, y in steps[3:]]
            document["further_steps"] = more
            document["predictions_after"] = model.predict(steps[0][0], verbose=0)
            document["weights_after"] = model.get_weights()
            document["no_gradient"] = biases_before_normalization(model)
            document["tolerance_after"] = 5e-4 if document["no_gradient"] else 1e-5
        write(FIXTURES / f"{name}.json", document)
    keras.utils.clear_session()
    keras.utils.set_random_seed(599)
    save(functional(), FIXTURES / "functional.keras")
