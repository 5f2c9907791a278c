"""Convolution of images."""

from __future__ import annotations

import numpy as np

from .initial import Start, Tensor, kaiming, zeros
from .layer import Layer, Place, at_least, need_rank, rows_of
from .parameters import Array, Shape

# Bytes of windows that are laid out at a time: they stay in the cache until the matrix product reads them.
PATCHES = 1 << 19
# Groups of images of a batch, as the kernels make them.
GROUPS = 8


def window(layer: Layer, shape: Shape, size: int, stride: int, padding: int = 0) -> tuple[int, int]:
    """Height and width of the output of a window that moves over images."""
    need_rank(layer, shape, 3)
    least = size - 2 * padding
    if min(shape[:2]) < least:
        raise ValueError(
            f"{type(layer).__name__}: a window of {size} x {size} does not fit into images of "
            f"{shape[0]} x {shape[1]} with a padding of {padding}"
        )
    height, width = ((side + 2 * padding - size) // stride + 1 for side in shape[:2])
    return height, width


class Conv2d(Layer):
    """A window of weights moved over images.

    y[n, o, i, j] = b[o] + sum over c, k, l of w[o, c, k, l] x[n, c, i stride + k - padding, j stride + l - padding],
    with x = 0 outside of the image. Weights have the shape (outputs, channels, size, size). The images are laid out
    as a matrix of windows, a few at a time, and multiplied with the weights; groups of them on several threads.
    """

    repeats = True

    def __init__(
        self, outputs: int, size: int, *, stride: int = 1, padding: int = 0, bias: bool = True, start: Start = kaiming
    ) -> None:
        at_least(self, 1, outputs=outputs, size=size, stride=stride)
        at_least(self, 0, padding=padding)
        self.outputs, self.size, self.stride, self.padding = outputs, size, stride, padding
        self.has_bias, self.start = bias, start

    def plan(self, shape: Shape) -> Shape:
        self.shape = shape
        self.output = (*window(self, shape, self.size, self.stride, self.padding), self.outputs)
        return self.output

    def parameters(self) -> dict[str, Tensor]:
        weight = {"weight": Tensor((self.outputs, self.shape[2], self.size, self.size), self.start)}
        return {**weight, "bias": Tensor((self.outputs,), zeros)} if self.has_bias else weight

    def allocate(self, place: Place) -> None:
        self.weight, self.weight_slope = place.value["weight"], place.gradient["weight"]
        # without a bias nobody reads its slope
        unbiased = np.zeros((2, self.outputs), place.dtype)
        self.bias, self.bias_slope = place.value.get("bias", unbiased[0]), place.gradient.get("bias", unbiased[1])
        pixels, entries = self.output[0] * self.output[1], self.size**2 * self.shape[2]
        groups = min(GROUPS, place.rows)
        self._images = min(max(1, PATCHES // (pixels * entries * place.dtype.itemsize)), -(-place.rows // groups))
        self._laid = np.empty((groups, self._images * pixels * entries), place.dtype)
        # the weights in the order of a window, a row each
        self._matrix = np.empty((self.outputs, entries), place.dtype)
        self._products, self._sums = np.empty((2, groups, self.outputs, entries), place.dtype)
        self._y, self._x_slope = place.empty(self.output), place.empty(self.shape)
        geometry = (*self.shape, self.size, self.stride, *self.output[:2], self.padding)
        self._order = place.kernel("filters", *geometry)
        self._forward = place.kernel("convolve", *geometry, entries, self.outputs)
        self._backward = place.kernel("convolve_slope", *geometry, entries, self.outputs)
        self._sum = place.kernel("column_sums")

    def forward(self, x: Array, step: int | None) -> Array:
        self._x, y = x, rows_of(self._y, len(x))
        self._order(self._matrix, self.weight)
        self._forward(x, self._matrix, self.bias, y, self._laid, self._images, self.has_bias)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        x_slope = rows_of(self._x_slope, len(slope))
        self._backward(
            self._x, slope, self._matrix, x_slope, self._laid, self._products, self._sums, self.weight_slope,
            self._images, wanted,
        )  # fmt: skip
        if self.has_bias:
            self._sum(slope, self.bias_slope)
        return x_slope if wanted else None
