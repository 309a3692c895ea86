"""ONNX Runtime: inference. Inputs and outputs are bound once (`io_binding`), so a call copies and allocates nothing.

optimizer   the network as it is; its normalization is left to the runtime's own optimizer (level `all`)
folded      normalization folded into the products by hand before it is exported
nothing     a graph of one number: what a call from Python costs by itself
"""

from __future__ import annotations

import argparse

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from common import CLASSES, EPSILON, PIXELS, Layer, Network, fold, trained_layers
from serve import Inference, serve, timed


def export(layers: list[Layer], batch: int) -> bytes:
    """The layers as an ONNX graph: MatMul, Add, [BatchNormalization], Relu, …, Softmax."""
    nodes, constants, now = [], [], "x"

    def add(kind: str, inputs: list[str], **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"value_{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def constant(values: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(values, f"constant_{len(constants)}"))
        return constants[-1].name

    for layer in layers:
        now = add("Gemm", [now, constant(layer.weights), constant(layer.bias)])
        if layer.gamma is not None:
            rest = [constant(v) for v in (layer.gamma, layer.beta, layer.mean, layer.variance)]
            now = add("BatchNormalization", [now, *rest], epsilon=EPSILON)
        if layer is not layers[-1]:
            now = add("Relu", [now])
    nodes.append(helper.make_node("Softmax", [now], ["y"], axis=1))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, PIXELS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, CLASSES])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def graph_of_nothing() -> bytes:
    number = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "nothing", number[:1], number[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


class OnnxRuntimePeer:
    def __init__(self, threads: int) -> None:
        self.options = ort.SessionOptions()
        self.options.intra_op_num_threads = threads
        self.options.inter_op_num_threads = 1
        self.options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL

    def predict(self, network: Network, x: np.ndarray, setting: str) -> Inference:
        layers = trained_layers(network)
        if setting == "nothing":
            model, x = graph_of_nothing(), np.ones((1, 1), np.float32)
        else:
            model = export(fold(layers) if setting == "folded" else layers, len(x))
        session = ort.InferenceSession(model, self.options, providers=["CPUExecutionProvider"])
        y = np.zeros((len(x), 1 if setting == "nothing" else CLASSES), np.float32)
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(x))
        binding.bind_ortvalue_output("y", ort.OrtValue.ortvalue_from_numpy(y))
        run, bound = session._sess.run_with_iobinding, binding._iobinding  # the public method only wraps it in a `try`

        def call(_owners: tuple[np.ndarray, np.ndarray] = (x, y)) -> None:  # the binding does not keep them alive
            run(bound, None)

        def probabilities() -> np.ndarray:
            call()
            return y

        return Inference(timed(call), probabilities)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    serve(OnnxRuntimePeer(parser.parse_args().threads), {"onnxruntime": ort.__version__, "onnx": onnx.__version__})
