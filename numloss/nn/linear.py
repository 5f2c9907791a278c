"""Layers of matrix products: Linear, Embedding; Flatten, which leads from images to them; Affine, their units."""

from __future__ import annotations

import math

import numpy as np

from .initial import Start, Tensor, kaiming, unit, zeros
from .layer import Layer, Place, at_least, need_rank, rows_of
from .parameters import Array, Shape


class Linear(Layer):
    """y = x Wᵀ + b over the last axis, with W of shape (outputs, inputs).

    Memory holds Wᵀ, which BLAS multiplies a quarter faster with the few rows of a batch than W.
    """

    repeats = True

    def __init__(self, outputs: int, *, bias: bool = True, start: Start = kaiming) -> None:
        at_least(self, 1, outputs=outputs)
        self.outputs, self.start, self.has_bias = outputs, start, bias

    def plan(self, shape: Shape) -> Shape:
        need_rank(self, shape, 1, 2)
        self.inputs, self.lead = shape[-1], shape[:-1]
        return (*self.lead, self.outputs)

    def parameters(self) -> dict[str, Tensor]:
        weight = {"weight": Tensor((self.outputs, self.inputs), self.start, transposed=True)}
        return {**weight, "bias": Tensor((self.outputs,), zeros)} if self.has_bias else weight

    def allocate(self, place: Place) -> None:
        self._matrix, self._matrix_slope = place.value["weight"].T, place.gradient["weight"].T
        # without a bias, zeros are added, and nobody reads their slope
        unbiased = np.zeros((2, self.outputs), place.dtype)
        self.bias, self.bias_slope = place.value.get("bias", unbiased[0]), place.gradient.get("bias", unbiased[1])
        self._y = place.empty((*self.lead, self.outputs))
        self._x_slope = place.empty((*self.lead, self.inputs))
        sizes = (self.inputs, self.outputs)
        self._forward, self._backward = place.kernel("product", *sizes), place.kernel("product_slope", *sizes)
        self._weigh = place.kernel("product_weight_slope", *sizes)

    def forward(self, x: Array, step: int | None) -> Array:
        self._x = x
        y = rows_of(self._y, len(x))
        self._forward(x, self._matrix, self.bias, y)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        self._weigh(self._x, slope, self._matrix_slope, self.bias_slope)
        if not wanted:
            return None
        x_slope = rows_of(self._x_slope, len(slope))
        self._backward(slope, self._matrix, x_slope)
        return x_slope


class Affine(Layer):
    """y = x * scale + shift with fixed numbers, one or one for each feature: the units of what a network predicts.

    The slopes that it hands back are `gain` times those of the loss, so that steps need not know of the units.
    """

    repeats = True

    def __init__(self, scale: Array, shift: Array, gain: float = 1.0) -> None:
        self.scale, self.shift, self.gain = np.asarray(scale), np.asarray(shift), gain

    def plan(self, shape: Shape) -> Shape:
        for numbers in (self.scale, self.shift):
            if numbers.shape not in ((), (1,), shape[-1:]):
                raise ValueError(f"Affine: numbers of shape {numbers.shape} for samples of shape {shape}")
        self.shape = shape
        return shape

    def allocate(self, place: Place) -> None:
        back = self.scale * np.float64(self.gain)
        self._scale, self._shift, self._back = (
            np.full(self.shape[-1:], numbers, place.dtype) for numbers in (self.scale, self.shift, back)
        )
        self._y = None if place.overwrite else place.empty(self.shape)
        self._forward, self._backward = place.kernel("affine"), place.kernel("scale_rows")

    def forward(self, x: Array, step: int | None) -> Array:
        y = x if self._y is None else rows_of(self._y, len(x))
        self._forward(y, x, self._scale, self._shift)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if wanted:
            self._backward(slope, self._back)
        return slope


class Embedding(Layer):
    """A row of a table for each label of the input, which holds integers in [0, entries)."""

    takes_labels = True

    def __init__(self, entries: int, features: int, *, start: Start = unit) -> None:
        at_least(self, 1, entries=entries, features=features)
        self.entries, self.features, self.start = entries, features, start

    def plan(self, shape: Shape) -> Shape:
        need_rank(self, shape, 1)
        self.length = shape[0]
        return (self.length, self.features)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": Tensor((self.entries, self.features), self.start)}

    def allocate(self, place: Place) -> None:
        self.weight, self.weight_slope = place.value["weight"], place.gradient["weight"]
        self._y = place.empty((self.length, self.features))
        self._labels = np.empty((place.rows, self.length), np.int64)
        self._scatter = place.kernel("scatter_rows")

    def forward(self, x: Array, step: int | None) -> Array:
        labels = rows_of(self._labels, len(x))
        if x.dtype.kind not in "iu":
            raise TypeError(f"Embedding takes integers, got {x.dtype}")
        labels[...] = x
        bad = (labels < 0) | (labels >= self.entries)
        if bad.any():
            at = [int(k) for k in np.argwhere(bad)[0]]
            raise IndexError(f"Embedding: x{at} = {x[tuple(at)]} is outside [0, {self.entries})")
        return np.take(self.weight, labels, axis=0, out=rows_of(self._y, len(x)), mode="clip")

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if wanted:
            raise ValueError("Embedding: labels have no gradient")
        self.weight_slope[...] = 0.0
        self._scatter(slope, rows_of(self._labels, len(slope)), self.weight_slope)
        return None


class Flatten(Layer):
    """Each sample as a vector; of an image all of its first channel, then all of its second, and so on."""

    repeats = True

    def plan(self, shape: Shape) -> Shape:
        self.shape = shape
        return (math.prod(shape),)

    def allocate(self, place: Place) -> None:
        self._image = len(self.shape) == 3
        self.keeps_output = not self._image and not place.overwrite
        if self._image:
            self._y, self._x_slope = place.empty((math.prod(self.shape),)), place.empty(self.shape)
            geometry = (*self.shape, 1, 1, *self.shape[:2])
            self._forward = place.kernel("channels_first", *geometry)
            self._backward = place.kernel("channels_last", *geometry)

    def forward(self, x: Array, step: int | None) -> Array:
        if not self._image:
            return x.reshape(len(x), -1)
        y = rows_of(self._y, len(x))
        self._forward(x, y)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if not wanted:
            return None
        if not self._image:
            return slope.reshape(-1, *self.shape)
        x_slope = rows_of(self._x_slope, len(slope))
        self._backward(slope, x_slope)
        return x_slope
