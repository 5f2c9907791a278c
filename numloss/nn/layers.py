"""Layers with an explicit forward and backward pass that write to memory taken once.

A layer overwrites its input or its incoming gradient where mathematics allows it, and returns views into buffers
of its own otherwise; both are valid until the next call.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from .parameters import Array, Shape


class Layer(Protocol):
    """What a Sequential asks of a layer."""

    def shapes(self) -> dict[str, Shape]:
        """Shapes of the parameters by name."""

    def allocate(self, value: dict[str, Array], gradient: dict[str, Array], rows: int, dtype: np.dtype[Any]) -> None:
        """Receive the views of the parameters, and take memory for batches of at most so many rows."""

    def forward(self, x: Array) -> Array:
        """The output for a batch."""

    def backward(self, slope: Array, wanted: bool) -> Array:
        """Fill the gradients from the slope of the output; return the slope of the input where it is wanted."""


class Linear:
    """y = x Wᵀ + b, with W of shape (outputs, inputs)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs

    def shapes(self) -> dict[str, Shape]:
        """A matrix and a vector."""
        return {"weight": (self.outputs, self.inputs), "bias": (self.outputs,)}

    def allocate(self, value: dict[str, Array], gradient: dict[str, Array], rows: int, dtype: np.dtype[Any]) -> None:
        """Memory for the output and for the slope of the input."""
        self.weight, self.bias = value["weight"], value["bias"]
        self.weight_slope, self.bias_slope = gradient["weight"], gradient["bias"]
        self._output = np.empty((rows, self.outputs), dtype)
        self._input_slope = np.empty((rows, self.inputs), dtype)

    def forward(self, x: Array) -> Array:
        """One matrix product; the input is remembered for the backward pass."""
        self._x = x
        output = self._output[: len(x)]
        np.matmul(x, self.weight.T, out=output)
        output += self.bias
        return output

    def backward(self, slope: Array, wanted: bool) -> Array:
        """Two matrix products, or one for the first layer, whose input is data."""
        np.matmul(slope.T, self._x, out=self.weight_slope)
        np.sum(slope, axis=0, out=self.bias_slope)
        input_slope = self._input_slope[: len(slope)]
        if wanted:
            np.matmul(slope, self.weight, out=input_slope)
        return input_slope


class ReLU:
    """max(x, 0) in place: the layer before keeps its input, not its output, so nobody misses what is overwritten."""

    def __init__(self, width: int) -> None:
        self.width = width

    def shapes(self) -> dict[str, Shape]:
        """No parameters."""
        return {}

    def allocate(self, value: dict[str, Array], gradient: dict[str, Array], rows: int, dtype: np.dtype[Any]) -> None:
        """Memory for the signs."""
        self._off = np.empty((rows, self.width), np.bool_)

    def forward(self, x: Array) -> Array:
        """Negative entries become 0, NaN stays NaN."""
        np.less_equal(x, 0, out=self._off[: len(x)])
        return np.maximum(x, 0, out=x)

    def backward(self, slope: Array, wanted: bool) -> Array:
        """No slope where the output is 0."""
        np.copyto(slope, 0, where=self._off[: len(slope)])
        return slope
