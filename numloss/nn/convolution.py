"""Convolution of images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..backends import threads
from .initial import Start, Tensor, kaiming, zeros
from .layer import Layer, Place, at_least, need_rank, rows_of
from .parameters import Array, Shape

# Bytes of patches that are laid out at a time: they stay in the cache until the matrix product reads them.
PATCHES = 1 << 19
# Parts of a batch that may run at once: a number of its own, so that sums do not depend on threads.
GROUPS = 8
# Of a multiplication and an addition in a matrix product.
NANOSECONDS = 0.02


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
    as a matrix of patches, a few at a time, and multiplied with the weights; groups of them on several threads.
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
        self._pixels, self._entries = self.output[0] * self.output[1], self.size**2 * self.shape[2]
        self._images = max(1, PATCHES // (self._pixels * self._entries * place.dtype.itemsize))
        groups = min(GROUPS, place.rows)
        images = min(self._images, -(-place.rows // groups))
        self._patches = np.empty((groups, images * self._pixels * self._entries), place.dtype)
        # the weights in the order of a patch, a row each
        self._matrix = np.empty((self.outputs, self._entries), place.dtype)
        self._sums, self._parts = np.empty((2, groups, self.outputs, self._entries), place.dtype)
        self._y, self._x_slope = place.empty(self.output), place.empty(self.shape)
        geometry = (*self.shape, self.size, self.stride, *self.output[:2], self.padding)
        # patches of one channel are too short to be copied one by one: their entries lie in rows of pixels then
        self._transposed = self.shape[2] == 1
        name = "patch_columns" if self._transposed else "patches"
        self._lay = [place.kernel(name, *geometry) for _ in range(groups)]
        self._collect = [place.kernel(f"add_{name}", *geometry) for _ in range(groups)]
        self._add, self._sum = place.kernel("add_bias"), place.kernel("column_sums")

    def _memory(self, worker: int, images: int) -> tuple[Array, Array]:
        """Memory for the patches of so many images, as it is laid out and with a row for each pixel."""
        pixels = images * self._pixels
        flat = self._patches[worker, : pixels * self._entries]
        if not self._transposed:
            laid = flat.reshape(pixels, self._entries)
            return laid, laid
        laid = flat.reshape(self._entries, pixels)
        return laid, laid.T

    def _share(self, task: Callable[[int, int, int, int], None], images: int, products: int) -> int:
        """Run task(group, worker, start, stop) for groups of images; returns their number: a function of the batch."""
        size = -(-images // min(GROUPS, max(images, 1)))
        groups = -(-images // size) if images else 0
        work = products * images * self._pixels * self._entries * self.outputs * NANOSECONDS
        threads.share_out(lambda k, worker: task(k, worker, k * size, min(images, (k + 1) * size)), groups, work)
        return groups

    def forward(self, x: Array, step: int | None) -> Array:
        self._x, y = x, rows_of(self._y, len(x))
        np.copyto(self._matrix.reshape(self.outputs, self.size, self.size, -1), self.weight.transpose(0, 2, 3, 1))

        def convolve(group: int, worker: int, start: int, stop: int) -> None:
            for at in range(start, stop, self._images):
                end = min(at + self._images, stop)
                laid, patches = self._memory(worker, end - at)
                self._lay[worker](x[at:end], laid)
                np.matmul(patches, self._matrix.T, out=y[at:end].reshape(-1, self.outputs))

        self._share(convolve, len(x), 1)
        if self.bias is not None:
            self._add(y, self.bias)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        x, x_slope = self._x, rows_of(self._x_slope, len(slope))

        def convolve(group: int, worker: int, start: int, stop: int) -> None:
            sums, part = self._sums[group], self._parts[worker]
            sums[...] = 0.0
            for at in range(start, stop, self._images):
                end = min(at + self._images, stop)
                laid, patches = self._memory(worker, end - at)
                rows = slope[at:end].reshape(-1, self.outputs)
                self._lay[worker](x[at:end], laid)
                np.matmul(rows.T, patches, out=part)
                sums += part
                if wanted:
                    np.matmul(rows, self._matrix, out=patches)
                    self._collect[worker](x_slope[at:end], laid)

        groups = self._share(convolve, len(slope), 3 if wanted else 2)
        for k in range(1, groups):
            self._sums[0] += self._sums[k]
        sums = self._sums[0].reshape(self.outputs, self.size, self.size, -1)
        np.copyto(self.weight_slope, sums.transpose(0, 3, 1, 2))
        if self.bias is not None:
            self._sum(slope, self.bias_slope)
        return x_slope if wanted else None
