"""Dropout as a pure function of the seed, the step and the layer."""

from __future__ import annotations

import math

import numpy as np

from ..data.random import DROPOUT_STREAMS, words
from .layer import Layer, Place, rows_of
from .parameters import Array, Shape


class Dropout(Layer):
    """Each entry is 0 with probability p while training, and divided by 1 - p otherwise (Srivastava et al., 2014)."""

    repeats = True

    def __init__(self, p: float = 0.5) -> None:
        if not 0.0 <= p < 1.0:
            raise ValueError(f"Dropout: p must be in [0, 1), got {p}")
        self.p = p

    def plan(self, shape: Shape) -> Shape:
        self.shape = shape
        return shape

    def allocate(self, place: Place) -> None:
        self.seed, self.number, self._part = place.seed, place.number, place.part
        self.keeps_output = not place.overwrite
        self._y = None if place.overwrite else place.empty(self.shape)
        self._mask = place.empty(self.shape)
        self._multiply = place.kernel("multiply")

    def draw(self, rows: int, step: int) -> None:
        mask = rows_of(self._mask, rows)
        # 32 bits an entry; streams of a step lie next to those of the layer's other steps
        first, odd = divmod(self._part.first * math.prod(self.shape), 2)
        drawn = words(-(-(odd + mask.size) // 2), self.seed, DROPOUT_STREAMS + (self.number << 32) + step, first)
        bits = drawn.view(np.uint32)[odd : odd + mask.size]
        np.greater_equal(bits.reshape(mask.shape), self.p * 2.0**32, out=mask)
        mask *= 1.0 / (1.0 - self.p)

    def forward(self, x: Array, step: int | None) -> Array:
        self._training = step is not None
        if step is None:
            return x
        self.draw(len(x), step)
        y = x if self._y is None else rows_of(self._y, len(x))
        self._multiply(y, x, rows_of(self._mask, len(x)))
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if self._training and wanted:
            self._multiply(slope, slope, rows_of(self._mask, len(slope)))
        return slope
