"""BatchNormalization and Normalization in the real Keras: training, moving statistics, evaluation."""

import jax
import keras
import numpy as np

from common import BN_CASES, DATA, bn_arguments, f32, write


def bn_layer(shape, axis, options, values):
    options = {k: v for k, v in options.items() if k != "offset"}
    layer = keras.layers.BatchNormalization(axis=axis, **options)
    layer.build((None, *shape[1:]) if axis != 0 else shape)
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        if getattr(layer, name) is not None:
            getattr(layer, name).assign(values[name])
    return layer


def one_step(layer, x, dy):
    """y, the gradients by autodiff, and the moving statistics after the call."""
    trainable = [v.value for v in (layer.gamma, layer.beta) if v is not None]
    fixed = [v.value for v in (layer.moving_mean, layer.moving_variance)]
    order = [v for v in (layer.gamma, layer.beta) if v is not None]
    held = [layer.moving_mean, layer.moving_variance]

    def forward(weights, inputs):
        pairs = list(zip(order, weights)) + list(zip(held, fixed))
        with keras.StatelessScope(state_mapping=pairs) as scope:
            y = layer(inputs, training=True)
        return y, [scope.get_current_value(v) for v in held]

    y, pullback, moving = jax.vjp(forward, trainable, jax.numpy.asarray(x), has_aux=True)
    dweights, dx = pullback(jax.numpy.asarray(dy))
    result = {"y": np.asarray(y), "dx": np.asarray(dx)}
    for variable, gradient in zip(order, dweights):
        result["d" + variable.name] = np.asarray(gradient)
    after = [f if m is None else m for m, f in zip(moving, fixed)]
    result["moving_mean_after"], result["moving_variance_after"] = (np.asarray(a) for a in after)
    return result


def make_training():
    cases = []
    for index, (name, shape, axis, options) in enumerate(BN_CASES):
        values = bn_arguments(index, shape, axis, options)
        layer = bn_layer(shape, axis, options, values)
        facts = {"name": name, "axis": axis, "epsilon": layer.epsilon, "momentum": layer.momentum}
        facts |= {"center": layer.center, "scale": layer.scale, "trainable": True}
        values = {k: v for k, v in values.items() if getattr(layer, k, 0) is not None}
        cases.append({**facts, **values, **one_step(layer, values["x"], values["dy"])})
    # trainable=False in Keras 3 means inference mode: moving statistics are used and kept, even with training=True.
    values = bn_arguments(2, (8, 5), -1, {})
    layer = bn_layer((8, 5), -1, {}, values)
    layer.trainable = False
    facts = {"name": "frozen", "axis": -1, "epsilon": layer.epsilon, "momentum": layer.momentum}
    facts |= {"center": True, "scale": True, "trainable": False}
    result = one_step(layer, values["x"], values["dy"])
    cases.append({**facts, **values, **{k: v for k, v in result.items() if k not in ("dgamma", "dbeta")}})
    write(DATA / "keras_bn_training.json", {"cases": cases})


def make_moving():
    cases = []
    for index, (name, shape, axis, momentum) in enumerate(
        [
            ("default", (8, 5), -1, 0.99),
            ("momentum_0.9", (8, 5), -1, 0.9),
            ("axis1_momentum_0.9", (3, 4, 5), 1, 0.9),
        ]
    ):
        rng = np.random.default_rng(300 + index)
        values = bn_arguments(50 + index, shape, axis, {})
        layer = keras.layers.BatchNormalization(axis=axis, momentum=momentum)
        layer.build((None, *shape[1:]))
        layer.gamma.assign(values["gamma"])
        layer.beta.assign(values["beta"])
        # m differs between batches, so that a reader who confuses m with m-1 is found out at every size
        batches = [f32(rng, shape[0] - k % 2, *shape[1:], mean=0.4 * k, scale=1 + 0.2 * k, digits=3) for k in range(10)]
        for batch in batches:
            layer(batch, training=True)
        test = f32(rng, 4, *shape[1:], scale=2.0, digits=3)
        cases.append(
            {
                "name": name,
                "axis": axis,
                "momentum": momentum,
                "epsilon": layer.epsilon,
                "moving_variance_policy": "biased",
                "gamma": values["gamma"],
                "beta": values["beta"],
                "batches": batches,
                "moving_mean_after": layer.moving_mean.numpy(),
                "moving_variance_after": layer.moving_variance.numpy(),
                "test": test,
                "test_y": np.asarray(layer(test, training=False)),
            }
        )
    write(DATA / "keras_bn_moving.json", {"cases": cases})


def make_normalization():
    """Normalization adapted to data (one feature is constant: the divisor's floor of 1e-7), inverted, and with arguments."""
    cases = []
    rng = np.random.default_rng(350)
    data = f32(rng, 20, 3, 4, mean=5.0, scale=3.0, digits=2)
    data[..., 2] = 1.5
    test = f32(rng, 4, 3, 4, mean=5.0, scale=3.0, digits=2)
    test[..., 2] = 1.5
    for name, arguments in (
        ("axis_last", {}),
        ("axis_1", {"axis": 1}),
        ("axes_1_2", {"axis": (1, 2)}),
        ("axis_none", {"axis": None}),
        ("invert", {"invert": True}),
        ("given", {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [0.25, 4.0, 1.0, 9.0]}),
    ):
        layer = keras.layers.Normalization(**arguments)
        if "mean" in arguments:
            layer.build((None, 3, 4))
        else:
            layer.adapt(data)
        config = {k: layer.get_config()[k] for k in ("axis", "invert", "mean", "variance")}
        cases.append(
            {"name": name, "config": config, "weights": layer.get_weights(), "test_y": np.asarray(layer(test))}
        )
    write(DATA / "keras_normalization.json", {"data": data, "test": test, "cases": cases})


def make():
    make_training()
    make_moving()
    make_normalization()
