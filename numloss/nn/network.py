"""Layers one after another, and the multilayer perceptron."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.random import WEIGHT_STREAMS, uniform
from .layers import Layer, Linear, ReLU
from .parameters import Array, Parameters


class Sequential:
    """A network of layers, each fed by the one before; parameters are called `<position>.<name>`."""

    def __init__(self, layers: Sequence[Layer], rows: int, dtype: Any = np.float32) -> None:
        self.layers = tuple(layers)
        self.rows = rows
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        shapes = {f"{k}.{name}": shape for k, layer in enumerate(layers) for name, shape in layer.shapes().items()}
        self.parameters = Parameters(shapes, self.dtype)
        for k, layer in enumerate(layers):
            value, gradient = (self._part(views, k) for views in (self.parameters.value, self.parameters.gradient))
            layer.allocate(value, gradient, rows, self.dtype)

    @staticmethod
    def _part(views: dict[str, Array], k: int) -> dict[str, Array]:
        head = f"{k}."
        return {name.removeprefix(head): view for name, view in views.items() if name.startswith(head)}

    def forward(self, x: Array) -> Array:
        """The output for at most `rows` rows; valid until the next call."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, slope: Array) -> None:
        """Fill the gradients of all parameters from the slope of the last output, which is overwritten."""
        for k in reversed(range(len(self.layers))):
            slope = self.layers[k].backward(slope, wanted=k > 0)

    def predict(self, x: Array) -> Array:
        """The outputs for any number of rows, in new memory."""
        starts = range(0, max(len(x), 1), self.rows)
        return np.concatenate([self.forward(x[at : at + self.rows]).copy() for at in starts])


def mlp(
    inputs: int, hidden: Sequence[int], outputs: int, *, rows: int, seed: int = 0, dtype: Any = np.float32
) -> Sequential:
    """A multilayer perceptron with ReLU between its layers.

    Weights are uniform with the variance 2 / inputs of a layer, after He et al. (2015), so that signals keep their
    size through the rectifiers; biases are 0. Layers draw from streams of their own: a pure function of the seed.
    """
    widths = [inputs, *hidden, outputs]
    layers: list[Layer] = []
    for before, after in itertools.pairwise(widths):
        layers += [Linear(before, after), ReLU(after)]
    network = Sequential(layers[:-1], rows, dtype)
    for stream, view in enumerate(network.parameters.value.values(), WEIGHT_STREAMS):
        if view.ndim == 2:
            bound = math.sqrt(6.0 / view.shape[1])
            view[...] = ((2.0 * uniform(view.size, seed, stream) - 1.0) * bound).reshape(view.shape)
    return network
