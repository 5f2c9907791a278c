"""Convolution of images."""

from __future__ import annotations

import numpy as np

from .initial import Start, Tensor, kaiming, zeros
from .layer import Layer, Place, at_least, need_rank, rows_of
from .parameters import Array, Shape

# Bytes of patches that are laid out at a time: they stay in the cache until the matrix product reads them.
PATCHES = 1 << 19


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
    as a matrix of patches, a few at a time, and multiplied with the weights.
    """

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
        self.bias, self.bias_slope = place.value.get("bias"), place.gradient.get("bias")
        pixels, entries = self.output[0] * self.output[1], self.size**2 * self.shape[2]
        self._images = min(place.rows, max(1, PATCHES // (pixels * entries * place.dtype.itemsize)))
        self._patches = np.empty(self._images * pixels * entries, place.dtype)
        # the weights in the order of a patch, a row each
        self._matrix = np.empty((self.outputs, self.size, self.size, self.shape[2]), place.dtype)
        self._matrix_slope, self._part = np.empty((2, self.outputs, entries), place.dtype)
        self._y, self._x_slope = place.empty(self.output), place.empty(self.shape)
        geometry = (*self.shape, self.size, self.stride, self.padding, *self.output[:2])
        # patches of one channel are too short to be copied one by one: their entries lie in rows of pixels then
        self._transposed = self.shape[2] == 1
        name = "patch_columns" if self._transposed else "patches"
        self._lay, self._collect = place.kernel(name, *geometry), place.kernel(f"add_{name}", *geometry)
        self._add, self._sum = place.kernel("add_bias"), place.kernel("column_sums")

    def _memory(self, pixels: int) -> tuple[Array, Array]:
        """Memory for the patches of so many pixels, as it is laid out and with a row for each pixel."""
        entries = self.size**2 * self.shape[2]
        flat = rows_of(self._patches, pixels * entries)
        if not self._transposed:
            laid = flat.reshape(pixels, entries)
            return laid, laid
        laid = flat.reshape(entries, pixels)
        return laid, laid.T

    def forward(self, x: Array, step: int | None) -> Array:
        self._x = x
        np.copyto(self._matrix, self.weight.transpose(0, 2, 3, 1))
        matrix = self._matrix.reshape(self.outputs, -1)
        y = rows_of(self._y, len(x))
        for at in range(0, len(x), self._images):
            part = y[at : at + self._images].reshape(-1, self.outputs)
            laid, patches = self._memory(len(part))
            self._lay(x[at : at + self._images], laid)
            np.matmul(patches, matrix.T, out=part)
        if self.bias is not None:
            self._add(y, self.bias)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        x_slope = rows_of(self._x_slope, len(slope))
        matrix = self._matrix.reshape(self.outputs, -1)
        self._matrix_slope[...] = 0.0
        for at in range(0, len(slope), self._images):
            part = slope[at : at + self._images].reshape(-1, self.outputs)
            laid, patches = self._memory(len(part))
            self._lay(self._x[at : at + self._images], laid)
            np.matmul(part.T, patches, out=self._part)
            self._matrix_slope += self._part
            if wanted:
                np.matmul(part, matrix, out=patches)
                self._collect(x_slope[at : at + self._images], laid)
        np.copyto(self.weight_slope, self._matrix_slope.reshape(self._matrix.shape).transpose(0, 3, 1, 2))
        if self.bias is not None:
            self._sum(slope, self.bias_slope)
        return x_slope if wanted else None
