"""Trained networks as ONNX files, which onnxruntime and many others run without numloss.

    from numloss.adapters import onnx
    onnx.write("model.onnx", run.model)

A file has one input, `features`, of any number of rows, and one output, `outputs`, what `predict` gives; files of the
estimators of `numloss.adapters.sklearn` have what these predict. The scaling of the features is part of the graph.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn
from ..common.extras import optional
from ..common.files import atomic_write
from ..data import Standardiser
from ..data.dataset import Array
from ..nn import Layer, Network
from ..train import Model
from ..version import __version__

optional("onnx", "onnx", "numloss.adapters.onnx")
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

# The first opset with LayerNormalization, and the version of the format that came with it.
OPSET, FORMAT = 17, 8
# Layers that onnxruntime computes in float32 alone: a network of float64 with one of them is cast to it.
SINGLE: tuple[type[Layer], ...] = (nn.Conv2d, nn.AvgPool2d, nn.GlobalAvgPool2d, nn.GELU)
NAMES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float64): TensorProto.DOUBLE}


class Graph:
    """Nodes and constants of a graph, as they are added to it."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation; returns the name of what it gives."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Add numbers, or words; returns their name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype), name))
        return name

    def named(self, value: str, name: str) -> None:
        """Give something the name by which it leaves the graph."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))


class Trained:
    """The part of a graph that is a network, from its input to its outputs.

    `flat`: rows hold images flat. Parameters have the names of the network, under the names of the layers around them.
    """

    def __init__(self, network: Network, scaling: Standardiser | None = None, flat: bool = False) -> None:
        self.graph, self.network, self.dtype = Graph(), network, network.dtype
        self.kind = NAMES[network.dtype]
        self.arrays = {**network.parameters.value, **network.state}
        labels = network.body.takes_labels
        shape = (int(np.prod(network.inputs)),) if flat else network.inputs
        kind = TensorProto.INT64 if labels else self.kind
        self.input = helper.make_tensor_value_info("features", kind, ["rows", *shape])
        x = "features"
        if flat and len(network.inputs) > 1:
            x = self.graph.node("Reshape", x, self.graph.constant([-1, *network.inputs], np.int64))
        if scaling is not None and (scaling.mean.any() or (scaling.scale != 1.0).any()):
            x = self.graph.node("Sub", x, self.constant(scaling.mean))
            x = self.graph.node("Mul", x, self.constant(scaling.scale))
        narrowed = network.dtype == np.float64 and _any_of(network.layers, SINGLE)
        if narrowed:
            self.dtype = np.dtype(np.float32)
            x = x if labels else self.cast(x)
        x = self.layers(network.layers, "", x)
        if narrowed:
            self.dtype = network.dtype
            x = self.cast(x)
        self.outputs = x

    def constant(self, value: Any) -> str:
        """Numbers in the dtype of the network."""
        return self.graph.constant(value, self.dtype)

    def cast(self, x: str) -> str:
        """Numbers in the dtype of this part of the graph."""
        return self.graph.node("Cast", x, to=NAMES[self.dtype])

    def layers(self, layers: tuple[Layer, ...], prefix: str, x: str) -> str:
        """Layers one after another."""
        for k, layer in enumerate(layers):
            x = form_of(layer)(self, layer, f"{prefix}{k}.", x)
        return x

    def parameter(self, name: str) -> str:
        """A parameter, or running statistics."""
        return self.constant(self.arrays[name])

    def write(self, path: str | os.PathLike[str], outputs: dict[str, tuple[str, int, list[Any]]]) -> None:
        """Write the graph, with what leaves it: by name the value, its dtype and its shape."""
        for name, (value, _, _) in outputs.items():
            self.graph.named(value, name)
        leaving = [helper.make_tensor_value_info(name, kind, shape) for name, (_, kind, shape) in outputs.items()]
        graph = helper.make_graph(self.graph.nodes, "numloss", [self.input], leaving, self.graph.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT, producer_name="numloss",
            producer_version=__version__,
        )  # fmt: skip
        onnx.checker.check_model(model, full_check=True)
        with atomic_write(path) as file:
            file.write(model.SerializeToString())


def write(path: str | os.PathLike[str], trained: Network | Model) -> None:
    """Write a network, or a trained model with the scaling of its features, into a file.

    Parameters
    ----------
    path : path
    trained : numloss.nn.Network or numloss.train.Model
        As `run.model` of ``numloss.train.fit`` or what ``numloss.train.load_model`` gives.

    Raises
    ------
    TypeError
        If a layer has no form in ONNX: one of your own is told to `FORMS`.
    """
    network, scaling = (trained.network, trained.scaling) if isinstance(trained, Model) else (trained, None)
    made = Trained(network, scaling)
    made.write(path, {"outputs": (made.outputs, made.kind, ["rows", *network.outputs])})


# The form of a layer: what a graph, the layer, the head of its parameters' names and its input make its output.
Form = Callable[[Trained, Any, str, str], str]


def form_of(layer: Layer) -> Form:
    """The form of a layer, or of the nearest class that it is made of."""
    for kind in type(layer).__mro__:
        if kind in FORMS:
            return FORMS[kind]
    raise TypeError(f"a layer {type(layer).__name__} has no form in ONNX; numloss.adapters.onnx.FORMS takes one")


def _any_of(layers: tuple[Layer, ...], kinds: tuple[type[Layer], ...]) -> bool:
    """Whether there is one of these layers, also within others."""
    return any(
        isinstance(layer, kinds) or _any_of(layer.layers if isinstance(layer, nn.Sequential) else inner(layer), kinds)
        for layer in layers
    )


def inner(layer: Layer) -> tuple[Layer, ...]:
    """The layers of a residual one."""
    return layer.body.layers if isinstance(layer, nn.Residual) else ()


def _simple(kind: str) -> Form:
    return lambda trained, layer, prefix, x: trained.graph.node(kind, x)


def _over_features(kind: str) -> Form:
    # images have their features, which are channels, first
    return lambda trained, layer, prefix, x: trained.graph.node(kind, x, axis=1 if len(layer.shape) == 3 else -1)


def _linear(trained: Trained, layer: nn.Linear, prefix: str, x: str) -> str:
    weight = trained.arrays[f"{prefix}weight"]
    bias = [trained.parameter(f"{prefix}bias")] if layer.has_bias else []
    if not layer.lead:
        return trained.graph.node("Gemm", x, trained.constant(weight), *bias, transB=1)
    product = trained.graph.node("MatMul", x, trained.constant(weight.T))
    return trained.graph.node("Add", product, *bias) if bias else product


def _affine(trained: Trained, layer: nn.Affine, prefix: str, x: str) -> str:
    scale, shift = (trained.constant(_beside(layer.shape, numbers)) for numbers in (layer.scale, layer.shift))
    return trained.graph.node("Add", trained.graph.node("Mul", x, scale), shift)


def _beside(shape: tuple[int, ...], numbers: Array) -> Array:
    """Numbers, or one for each feature, that spread over samples of a shape."""
    return numbers.reshape(-1, 1, 1) if len(shape) == 3 else numbers


def _embedding(trained: Trained, layer: nn.Embedding, prefix: str, x: str) -> str:
    return trained.graph.node("Gather", trained.parameter(f"{prefix}weight"), x, axis=0)


def _convolution(trained: Trained, layer: nn.Conv2d, prefix: str, x: str) -> str:
    names = ("weight", "bias") if layer.has_bias else ("weight",)
    return trained.graph.node(
        "Conv", x, *(trained.parameter(f"{prefix}{name}") for name in names), strides=[layer.stride] * 2,
        pads=[layer.padding] * 4, kernel_shape=[layer.size] * 2,
    )  # fmt: skip


def _pool(kind: str) -> Form:
    def form(trained: Trained, layer: Any, prefix: str, x: str) -> str:
        return trained.graph.node(kind, x, kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2)

    return form


def _global_pool(trained: Trained, layer: nn.GlobalAvgPool2d, prefix: str, x: str) -> str:
    return trained.graph.node("Flatten", trained.graph.node("GlobalAveragePool", x), axis=1)


def _batch_norm(trained: Trained, layer: Any, prefix: str, x: str) -> str:
    names = ("weight", "bias", "running_mean", "running_var")
    given = [trained.parameter(f"{prefix}{name}") for name in names]
    return trained.graph.node("BatchNormalization", x, *given, epsilon=layer.eps)


def _layer_norm(trained: Trained, layer: nn.LayerNorm, prefix: str, x: str) -> str:
    weight, bias = trained.parameter(f"{prefix}weight"), trained.parameter(f"{prefix}bias")
    return trained.graph.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=layer.eps)


def _gelu(trained: Trained, layer: nn.GELU, prefix: str, x: str) -> str:
    graph = trained.graph
    erf = graph.node("Erf", graph.node("Mul", x, trained.constant(np.sqrt(0.5))))
    twice = graph.node("Mul", x, graph.node("Add", erf, trained.constant(1.0)))
    return graph.node("Mul", twice, trained.constant(0.5))


def _residual(trained: Trained, layer: nn.Residual, prefix: str, x: str) -> str:
    return trained.graph.node("Add", x, trained.layers(layer.body.layers, prefix, x))


FORMS: dict[type[Layer], Form] = {
    nn.Affine: _affine,
    nn.AvgPool2d: _pool("AveragePool"),
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Conv2d: _convolution,
    nn.Dropout: lambda trained, layer, prefix, x: x,
    nn.Embedding: _embedding,
    nn.Flatten: lambda trained, layer, prefix, x: trained.graph.node("Flatten", x, axis=1),
    nn.GELU: _gelu,
    nn.GlobalAvgPool2d: _global_pool,
    nn.LayerNorm: _layer_norm,
    nn.Linear: _linear,
    nn.LogSoftmax: _over_features("LogSoftmax"),
    nn.MaxPool2d: _pool("MaxPool"),
    nn.ReLU: _simple("Relu"),
    nn.Residual: _residual,
    nn.Sequential: lambda trained, layer, prefix, x: trained.layers(layer.layers, prefix, x),
    nn.Sigmoid: _simple("Sigmoid"),
    nn.Softmax: _over_features("Softmax"),
    nn.Tanh: _simple("Tanh"),
}
