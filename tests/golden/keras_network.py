"""The small lecture's network in the real Keras: three arms, six optimizers, ten steps each from equal weights."""

import keras
import numpy as np

from common import DATA, NETWORK_ARMS, SIZES, network_batch, network_case, write, write_network_inputs

OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.001),
    "adam": lambda: keras.optimizers.Adam(0.001),
    "adamw": lambda: keras.optimizers.AdamW(0.001, weight_decay=0.004),
}


def build(arm, dense):
    """none: Dense, ReLU; before: Dense, BN, ReLU; after: Dense, ReLU, BN."""
    keras.utils.clear_session()
    layers = keras.layers
    stack = [keras.Input((SIZES[0],))]
    for units in SIZES[1:-1]:
        stack.append(layers.Dense(units))
        if arm == "before":
            stack.append(layers.BatchNormalization())
        stack.append(layers.ReLU())
        if arm == "after":
            stack.append(layers.BatchNormalization())
    stack.append(layers.Dense(SIZES[-1], activation="softmax"))
    model = keras.Sequential(stack)
    kernels = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    for k, layer in enumerate(kernels):
        layer.set_weights(dense[2 * k : 2 * k + 2])
    return model


def make():
    inputs = write_network_inputs()
    for arm in NETWORK_ARMS:
        for name, optimizer in OPTIMIZERS.items():
            model = build(arm, inputs["dense"])
            model.compile(optimizer=optimizer(), loss="sparse_categorical_crossentropy")
            losses = [model.train_on_batch(*network_batch(inputs, rows)) for rows in inputs["batches"]]
            x, _ = network_batch(inputs, inputs["test_rows"])
            settings = {
                k: float(np.float32(v)) if isinstance(v, float) else v
                for k, v in model.optimizer.get_config().items()
                if k in ("learning_rate", "momentum", "nesterov", "rho", "beta_1", "beta_2", "epsilon", "weight_decay")
            }
            document = network_case(
                inputs,
                [f"{v.path.split('/', 1)[1]}" for v in model.weights],
                model.get_weights(),
                losses,
                model.predict(x, verbose=0),
                framework=f"keras {keras.__version__}",
                arm=arm,
                optimizer=name,
                settings=settings,
                batch_normalization={"momentum": 0.99, "epsilon": 0.001, "moving_variance_policy": "biased"},
            )
            write(DATA / f"keras_network_{arm}_{name}.json", document)
