"""Checks an archive of ours in the real Keras. Run by hand, not by the tests:

    KERAS_BACKEND=jax JAX_PLATFORMS=cpu python tests/golden/check_with_keras.py model.keras [reference.keras]

The archive must load without a warning, with every optimizer variable; give equal predictions, variables and further
steps as `reference`, an archive of the same model that Keras wrote; and be unchanged by a save and load of Keras's own.
"""

import io
import json
import pathlib
import sys
import tempfile
import warnings
import zipfile

import h5py
import keras
import numpy as np


def load(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras warns and goes on where optimizer variables do not fit
        return keras.saving.load_model(path)


def stored(path):
    """Every array of the archive's weights by its path."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return arrays


def expect_equal(what, got, expected):
    assert len(got) == len(expected), f"{what}: {len(got)} arrays, expected {len(expected)}"
    for i, (a, b) in enumerate(zip(got, expected)):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=f"{what} {i}")


def targets(model, rng, rows):
    loss = json.dumps(model.get_compile_config()["loss"]).lower()
    outputs = model.output_shape[1:]
    if "sparse" in loss:
        return rng.integers(0, outputs[-1], (rows, *outputs[:-1])).astype("int32")
    return rng.random((rows, *outputs)).astype("float32")


def check(path, reference):
    model = load(path)
    arrays = stored(path)
    layers = [model.get_layer(l.name) for l in model.layers]
    weights = [w for layer in layers for w in layer.get_weights()]
    expect_equal("get_weights", model.get_weights(), weights)
    in_file = sum(name.startswith("layers/") for name in arrays)
    assert in_file == len(weights), f"{in_file} variables in the file, {len(weights)} in the model"
    x = np.random.default_rng(1).normal(size=(12, *model.input_shape[1:])).astype("float32")
    predictions = model.predict(x, verbose=0)
    assert np.isfinite(predictions).all()
    if model.compiled and model.optimizer is not None:
        kept = [arrays[f"optimizer/vars/{i}"] for i in range(len(model.optimizer.variables))]
        expect_equal("optimizer variables", [v.numpy() for v in model.optimizer.variables], kept)
        assert sum(name.startswith("optimizer/") for name in arrays) == len(kept)

    with tempfile.TemporaryDirectory() as folder:
        again = pathlib.Path(folder) / "again.keras"
        model.save(again)
        theirs = stored(again)
        assert sorted(theirs) == sorted(arrays), f"paths differ: {sorted(set(theirs) ^ set(arrays))}"
        for name in arrays:
            np.testing.assert_array_equal(theirs[name], arrays[name], err_msg=name)
            assert theirs[name].dtype == arrays[name].dtype, name

    other = load(reference) if reference else None
    if other is not None:
        expect_equal("variables", model.get_weights(), other.get_weights())
        expect_equal("predictions", [predictions], [other.predict(x, verbose=0)])
    if model.compiled and model.loss is not None:
        rng = np.random.default_rng(2)
        y = targets(model, rng, len(x))
        for step in range(3):
            keras.utils.set_random_seed(step)
            loss = np.float32(np.ravel(model.train_on_batch(x, y))[0])
            assert np.isfinite(loss)
            if other is not None and other.compiled:
                keras.utils.set_random_seed(step)
                expect_equal("loss", [loss], [np.float32(np.ravel(other.train_on_batch(x, y))[0])])
        if other is not None and other.compiled:
            expect_equal("variables after training", model.get_weights(), other.get_weights())
    print(f"{pathlib.Path(path).name}: {len(weights)} variables, {model.count_params()} parameters,", end=" ")
    print("compiled" if model.compiled else "not compiled", "and equal to the reference" if other else "")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    check(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else None)
