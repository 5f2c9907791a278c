"""The parameters of a network in one flat array, and their gradients in another.

An optimiser then updates everything in one pass over whole arrays, and a gradient travels between processes as one
message. Layers see their own part of both as views.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


class Parameters:
    """Named parameters; `values` and `gradients` are flat, `value[name]` and `gradient[name]` are views into them."""

    def __init__(self, shapes: dict[str, Shape], dtype: np.dtype[Any]) -> None:
        size = sum(math.prod(shape) for shape in shapes.values())
        self.values = np.zeros(size, dtype)
        self.gradients = np.zeros(size, dtype)
        self.value = views(self.values, shapes)
        self.gradient = views(self.gradients, shapes)


def views(flat: Array, shapes: dict[str, Shape]) -> dict[str, Array]:
    """A flat array as named arrays of the given shapes, one after another."""
    named, at = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        named[name] = flat[at : at + size].reshape(shape)
        at += size
    return named
