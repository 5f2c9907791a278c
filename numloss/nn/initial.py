"""Values that parameters start with: functions of a shape and of a source of numbers in [0, 1)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .parameters import Array, Shape

Source = Callable[[int], Array]
Start = Callable[[Shape, Source], Array | float]


@dataclass(frozen=True)
class Tensor:
    """A parameter or a buffer that a layer asks for; a matrix may be `transposed` in memory."""

    shape: Shape
    start: Start
    transposed: bool = False


def zeros(shape: Shape, source: Source) -> float:
    """0 everywhere."""
    return 0.0


def ones(shape: Shape, source: Source) -> float:
    """1 everywhere."""
    return 1.0


def kaiming(shape: Shape, source: Source) -> Array:
    """Uniform with the variance 2 / fan_in, after He et al. (2015): signals keep their size through rectifiers."""
    return _uniform(shape, source, math.sqrt(6.0 / math.prod(shape[1:])))


def xavier(shape: Shape, source: Source) -> Array:
    """Uniform with the variance 2 / (fan_in + fan_out), after Glorot and Bengio (2010): for tanh and sigmoid."""
    return _uniform(shape, source, math.sqrt(6.0 / (math.prod(shape[1:]) + shape[0] * math.prod(shape[2:]))))


def unit(shape: Shape, source: Source) -> Array:
    """Uniform with the variance 1."""
    return _uniform(shape, source, math.sqrt(3.0))


def _uniform(shape: Shape, source: Source, bound: float) -> Array:
    return ((2.0 * source(math.prod(shape)) - 1.0) * bound).reshape(shape)
