"""Optimizers, clipping and weight decay in the real Keras: given gradients on three small variables, six steps."""

import keras
import numpy as np

from common import DATA, f32, write

STEPS = 6


def variables_and_gradients():
    rng = np.random.default_rng(21)
    shapes = ((3, 2), (4,), (2,))
    start = [f32(rng, *s) for s in shapes]
    gradients = [[f32(rng, *s, scale=0.5) for s in shapes] for _ in range(STEPS)]
    for step in gradients:
        step[1][0] = 0.0  # never moved by a gradient
        step[1][1] = np.float32(1e-7) * np.sign(step[1][2])  # as small as Adam's epsilon
    return start, gradients


def optimizers():
    o = keras.optimizers
    s = o.schedules
    return [
        ("sgd", o.SGD(0.1)),
        ("momentum", o.SGD(0.05, momentum=0.9)),
        ("nesterov", o.SGD(0.05, momentum=0.9, nesterov=True)),
        ("momentum_schedule", o.SGD(s.ExponentialDecay(0.1, 2, 0.5), momentum=0.9)),
        ("rmsprop", o.RMSprop(0.01)),
        ("rmsprop_momentum", o.RMSprop(0.01, rho=0.8, momentum=0.5)),
        ("rmsprop_centered", o.RMSprop(0.01, centered=True, epsilon=1e-3)),
        ("rmsprop_centered_momentum", o.RMSprop(0.01, centered=True, momentum=0.5, epsilon=1e-3)),
        ("adam", o.Adam(0.01)),
        ("adam_betas", o.Adam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3)),
        ("adam_amsgrad", o.Adam(0.01, amsgrad=True)),
        ("adam_warmup", o.Adam(s.CosineDecay(0.0, 10, warmup_target=0.01, warmup_steps=3))),
        ("adamw", o.AdamW(0.01, weight_decay=0.1)),
        ("adamw_schedule", o.AdamW(s.PiecewiseConstantDecay([2], [0.01, 0.001]), weight_decay=0.1)),
        ("sgd_weight_decay", o.SGD(0.1, weight_decay=0.1)),
        ("momentum_weight_decay", o.SGD(0.1, momentum=0.9, weight_decay=0.1)),
        ("sgd_clipnorm", o.SGD(0.1, clipnorm=0.4)),
        ("sgd_global_clipnorm", o.SGD(0.1, global_clipnorm=0.7)),
        ("sgd_global_clipnorm_not_reached", o.SGD(0.1, global_clipnorm=100.0)),
        ("sgd_clipvalue", o.SGD(0.1, clipvalue=0.25)),
        ("adamw_clipnorm", o.AdamW(0.01, weight_decay=0.1, clipnorm=0.4)),
    ]


def make():
    keras.utils.clear_session()  # so that automatic names start afresh
    start, gradients = variables_and_gradients()
    cases = []
    for name, optimizer in optimizers():
        variables = [keras.Variable(v, name=f"v{k}") for k, v in enumerate(start)]
        optimizer.build(variables)
        trace = []
        for step in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], variables)
            trace.append([v.numpy() for v in variables])
        config = keras.optimizers.serialize(optimizer)
        cases.append(
            {
                "name": name,
                "class_name": config["class_name"],
                "config": config["config"],
                "after_each_step": [trace[0], trace[1], trace[-1]],
                "slots": [
                    {"name": v.path.split("/", 1)[1], "value": v.numpy()} for v in optimizer.variables
                ],
            }
        )
    document = {"start": start, "gradients": gradients, "after_each_step_lists": [1, 2, STEPS], "cases": cases}
    write(DATA / "keras_optimizers.json", document)
