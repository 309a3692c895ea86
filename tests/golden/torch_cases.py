"""PyTorch's side: BN, the small network and the activations. Results named *64 are the same computation in double."""

import numpy as np
import torch
from torch import nn

from common import (
    BN_CASES,
    DATA,
    NETWORK_ARMS,
    SIZES,
    bn_arguments,
    f32,
    network_batch,
    network_case,
    network_inputs,
    points,
    softmax_rows,
    write,
)

MODULES = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}


def both(function):
    """The results of function(dtype) in float32, and in double under names that end in 64."""
    single, double = function(torch.float32), function(torch.float64)
    return {k: v.numpy() for k, v in single.items()} | {k + "64": v.numpy() for k, v in double.items()}


def bn_module(shape, values, dtype, **options):
    module = MODULES[len(shape)](shape[1], **options).to(dtype)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(values["gamma"]))
        module.bias.copy_(torch.from_numpy(values["beta"]))
        module.running_mean.copy_(torch.from_numpy(values["moving_mean"]))
        module.running_var.copy_(torch.from_numpy(values["moving_variance"]))
    return module


def bn_step(module, values, dtype):
    x = torch.from_numpy(values["x"]).to(dtype).requires_grad_()
    y = module(x)
    y.backward(torch.from_numpy(values["dy"]).to(dtype))
    return {
        "y": y.detach(),
        "dx": x.grad,
        "dgamma": module.weight.grad,
        "dbeta": module.bias.grad,
        "moving_mean_after": module.running_mean.clone(),
        "moving_variance_after": module.running_var.clone(),
    }


def make_bn_training():
    """The cases whose channels stand on axis 1, with PyTorch's own epsilon; eval() keeps the moving statistics fixed."""
    cases = []
    for index, (name, shape, axis, options) in enumerate(BN_CASES):
        if axis != 1 and len(shape) != 2 or "center" in options or "scale" in options:
            continue
        epsilon = options.get("epsilon", 1e-5)
        values = bn_arguments(index, shape, axis, options)
        for use_moving in (False, True) if name in ("rank2_m8", "rank3_axis1") else (False,):

            def run(dtype):
                module = bn_module(shape, values, dtype, eps=epsilon, momentum=0.1)
                return bn_step(module.train(not use_moving), values, dtype)

            facts = {"name": name + "_eval" * use_moving, "axis": 1, "epsilon": epsilon, "torch_momentum": 0.1}
            facts |= {"momentum": 0.9, "moving_variance_policy": "unbiased", "use_moving_statistics": use_moving}
            cases.append({**facts, **values, **both(run)})
    write(DATA / "torch_bn_training.json", {"cases": cases})


def make_bn_moving():
    cases = []
    for index, (name, shape, torch_momentum) in enumerate(
        [("default", (8, 5), 0.1), ("momentum_0.01", (8, 5), 0.01), ("axis1", (3, 4, 5), 0.1)]
    ):
        rng = np.random.default_rng(300 + index)
        values = bn_arguments(50 + index, shape, 1, {})
        values["moving_mean"][:], values["moving_variance"][:] = 0, 1
        batches = [f32(rng, shape[0] - k % 2, *shape[1:], mean=0.4 * k, scale=1 + 0.2 * k, digits=3) for k in range(10)]
        test = f32(rng, 4, *shape[1:], scale=2.0, digits=3)

        def run(dtype):
            module = bn_module(shape, values, dtype, momentum=torch_momentum)
            with torch.no_grad():
                for batch in batches:
                    module(torch.from_numpy(batch).to(dtype))
                y = module.eval()(torch.from_numpy(test).to(dtype))
            return {"moving_mean_after": module.running_mean, "moving_variance_after": module.running_var, "test_y": y}

        facts = {"name": name, "axis": 1, "torch_momentum": torch_momentum, "momentum": round(1 - torch_momentum, 2)}
        facts |= {"epsilon": 1e-5, "moving_variance_policy": "unbiased"}
        facts |= {"gamma": values["gamma"], "beta": values["beta"], "batches": batches, "test": test}
        cases.append({**facts, **both(run)})
    write(DATA / "torch_bn_moving.json", {"cases": cases})


# --- The small network -----------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": ({"learning_rate": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": ({"learning_rate": 0.05, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    "adam": ({"learning_rate": 0.001, "epsilon": 1e-7}, lambda p: torch.optim.Adam(p, lr=0.001, eps=1e-7)),
}


def network(arm, dense, dtype):
    stack, names = [], []
    for k in range(3):
        linear = nn.Linear(SIZES[k], SIZES[k + 1])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(dense[2 * k].T.copy()))
            linear.bias.copy_(torch.from_numpy(dense[2 * k + 1]))
        stack.append(linear)
        if k < 2:
            norm = [nn.BatchNorm1d(SIZES[k + 1], eps=1e-3, momentum=0.01)]
            stack += {"none": [nn.ReLU()], "before": norm + [nn.ReLU()], "after": [nn.ReLU()] + norm}[arm]
    return nn.Sequential(*stack).to(dtype)


def weights_like_keras(model):
    """Names and values in the order of Keras's get_weights()."""
    names, values, counts = [], [], {"dense": 0, "batch_normalization": 0}
    for module in model:
        if isinstance(module, nn.Linear):
            kind, parts = "dense", {"kernel": module.weight.T, "bias": module.bias}
        elif isinstance(module, nn.BatchNorm1d):
            kind = "batch_normalization"
            parts = {"gamma": module.weight, "beta": module.bias}
            parts |= {"moving_mean": module.running_mean, "moving_variance": module.running_var}
        else:
            continue
        prefix = kind + (f"_{counts[kind]}" if counts[kind] else "")
        counts[kind] += 1
        for part, value in parts.items():
            names.append(f"{prefix}/{part}")
            values.append(value.detach().numpy().copy())
    return names, values


def train(arm, name, inputs, dtype):
    model = network(arm, inputs["dense"], dtype)
    optimizer = OPTIMIZERS[name][1](model.parameters())
    losses = []
    for rows in inputs["batches"]:
        x, y = network_batch(inputs, rows)
        loss = nn.functional.cross_entropy(model(torch.from_numpy(x).to(dtype)), torch.from_numpy(y).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    x, _ = network_batch(inputs, inputs["test_rows"])
    with torch.no_grad():
        predictions = torch.softmax(model.eval()(torch.from_numpy(x).to(dtype)), dim=1).numpy()
    return losses, *weights_like_keras(model), predictions


def make_network():
    inputs = network_inputs()
    for arm in NETWORK_ARMS:
        for name, (settings, _) in OPTIMIZERS.items():
            losses, names, weights, predictions = train(arm, name, inputs, torch.float32)
            losses64, _, _, predictions64 = train(arm, name, inputs, torch.float64)
            document = network_case(
                inputs,
                names,
                weights,
                losses,
                predictions,
                framework=f"torch {torch.__version__.split('+')[0]}",
                arm=arm,
                optimizer=name,
                settings=settings,
                batch_normalization={"momentum": 0.99, "epsilon": 0.001, "moving_variance_policy": "unbiased"},
            )
            document["losses64"] = np.array(losses64)
            document["predictions64"] = predictions64
            write(DATA / f"torch_network_{arm}_{name}.json", document)


def make_activations():
    functions = {
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "elu": nn.functional.elu,
        "gelu": nn.functional.gelu,
        "silu": nn.functional.silu,
    }

    def case(name, function, x, dy):
        def run(dtype):
            v = torch.from_numpy(x).to(dtype).requires_grad_()
            y = function(v)
            y.backward(torch.from_numpy(dy).to(dtype))
            return {"y": y.detach(), "dx": v.grad}

        return {"name": name, "x": x, "dy": dy, **both(run)}

    cases = [case(n, f, *points()) for n, f in functions.items()]
    cases.append(case("softmax", lambda v: torch.softmax(v, dim=1), *softmax_rows()))
    write(DATA / "torch_activations.json", {"cases": cases})


def make():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    make_bn_training()
    make_bn_moving()
    make_network()
    make_activations()
