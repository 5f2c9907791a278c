"""A batch of vectors of which all pairs are compared: what was given, checked, and the walk over its cosines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...calls import checks as check
from ...calls.arrays import HOST
from ...calls.embedding import VectorRows, looks_both_ways, negatives_of, temperature_of, wanted_of
from ...calls.outputs import added
from ...common.halves import is_half, widened
from ..packing.operands import Array
from .products import Products, evenly

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# The cosines that are worked on together, unless they are those of fewer rows.
BLOCK_BYTES, LEAST_ROWS = 20 * 2**20, 160


def directions(unit: Array) -> tuple[Array, Array]:
    """Vectors, which are overwritten, divided by their lengths, and the inverse lengths; 0 where a length is."""
    length = np.sqrt(np.einsum("nd,nd->n", unit, unit, dtype=np.float64))
    extreme = ~((length > 1e-140) & (length < 1e140))
    if not extreme.any():
        inverse = 1.0 / length
        unit *= inverse[:, None]
        return unit, inverse
    # squares overflow or vanish in float64, too: by a power of two that brings the largest entry near 1
    top = np.abs(unit).max(axis=1, initial=0.0)
    exponent = np.where(extreme & np.isfinite(top), np.frexp(top)[1], 0)
    scaled = np.ldexp(unit.astype(np.float64), -exponent[:, None])
    length = np.sqrt(np.einsum("nd,nd->n", scaled, scaled))
    inverse = np.divide(1.0, length, out=np.zeros_like(length), where=length != 0.0)
    unit[...] = scaled * inverse[:, None]
    return unit, np.ldexp(inverse, -exponent)


class Similarity(VectorRows):
    """One call, and what is found on the way: `known` are the labels of the rows, if the loss takes any.

    `unit` are the directions of the vectors, `slopes` the gradients with respect to these, None where nobody asks;
    `counts` is what each row counts with.
    """

    def __init__(self, backend: HostBackend, request: Request) -> None:
        super().__init__(HOST, request, integers=True)
        self.backend, self.mode = backend, request.mode
        self.per_temperature = self.real.type(1.0 / temperature_of(request, self.real))
        self.counts = self.weights()
        found = [directions(self.read(array)) for array in self.vectors]
        self.negatives = negatives_of(HOST, request, self.vectors[0])
        self.unit, self.inverse = [unit for unit, _ in found], [inverse for _, inverse in found]
        self.twice = looks_both_ways(request.loss)
        # the gradient by the temperature is made of those of all directions that look for others
        wanted = [w or (bool(request.asked) and (k == 0 or self.twice)) for k, w in enumerate(wanted_of(request))]
        # slopes by the bias, and slopes of scores, times these, that follow from the temperature alone
        self.pushed = self.floored = 0.0
        self.slopes = [np.zeros_like(unit) if w else None for unit, w in zip(self.unit, wanted, strict=True)]

    def weights(self) -> Array:
        """What each row counts with, in the dtype of the data."""
        if self.weight is None:
            return np.ones(self.rows, self.real)
        if not self.request.signed:
            check.weights(self.loss, widened(self.weight), (self.rows,))
        return np.asarray(widened(self.weight), self.real)

    def read(self, vectors: Array) -> Array:
        """A copy of vectors in C order, in the dtype that is computed with."""
        copy = np.empty(vectors.shape, self.real)
        if is_half(vectors.dtype):
            self.backend.convert(vectors, copy)
        else:
            copy[...] = vectors
        return copy

    def turn(self, scale: float) -> None:
        """Write the gradients of the vectors, from those of their directions, times a scale."""
        if self.request.asked:
            self.turn_scalars(scale)
        for out, unit, slope, inverse in zip(self.outputs, self.unit, self.slopes, self.inverse, strict=True):
            if slope is not None:
                slope -= np.einsum("nd,nd->n", unit, slope)[:, None] * unit
                stored = is_half(out.dtype)
                found = slope if stored else out
                np.multiply(slope, (inverse * scale)[:, None], out=found, casting="same_kind")
                if stored:
                    self.backend.convert(found, out)

    def turn_scalars(self, scale: float) -> None:
        """The gradients by temperature and bias: slopes of scores times these over the temperature, and their sum."""
        parts = zip(self.unit, self.slopes, strict=True)
        found = [np.einsum("nd,nd->n", unit, slope, dtype=np.float64) for unit, slope in parts if slope is not None]
        among = found if self.twice else found[:1]
        total = (added(np.concatenate(among)) + self.floored) / -(1.0 + self.twice)
        total /= temperature_of(self.request, self.real)
        self.request.scalars |= {"temperature": total * scale, "bias": self.pushed * scale}

    def walk(
        self, units: list[Array], slopes: list[Array | None], rule: Callable[[slice, Array], Array]
    ) -> Array:
        """The losses of the first vectors with all of the second; what they add to the gradients is added.

        `rule` gives those of some rows, of which it is given the scores, and puts their slopes in their place.
        """
        queries, keys = units
        most = max(LEAST_ROWS, BLOCK_BYTES // (max(1, len(keys)) * self.real.itemsize))
        most = evenly(len(queries), most)
        buffer, turned = (np.empty((most, n), self.real) for n in (len(keys), keys.shape[1]))
        values = np.empty(len(queries), self.real)
        with Products(self.backend, self.real) as multiply:
            for start in range(0, len(queries), most):
                rows = slice(start, min(start + most, len(queries)))
                scaled = queries[rows] * self.per_temperature
                scores, turn = buffer[: len(scaled)], turned[: len(scaled)]
                multiply(scaled, keys.T, scores)
                values[rows] = rule(rows, scores)
                if slopes[0] is not None:
                    multiply(scores, keys, turn)
                    turn *= self.per_temperature
                    slopes[0][rows] += turn
                if slopes[1] is not None:
                    multiply(scores.T, scaled, slopes[1], add=True)
        return values
