"""The parameters of a network in one flat array, and their gradients in another.

An optimiser then updates everything in one pass over whole arrays, and a gradient travels between processes as one
message. Layers see their own part of both as views.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
# Gives zeros: so many, of this dtype.
Zeros = Callable[[int, Any], Array]


class Parameters:
    """Named parameters; `values` and `gradients` are flat, `value[name]` and `gradient[name]` are views into them.

    Those named in `transposed`, which are matrices, lie in memory column by column. `message` is the gradients with
    `room` for so many numbers behind them, which travel with them; `zeros` gives the memory of both.
    """

    def __init__(
        self, shapes: dict[str, Shape], dtype: np.dtype[Any], transposed: Collection[str] = (), room: int = 0,
        zeros: Zeros = np.zeros,
    ) -> None:  # fmt: skip
        size = sum(math.prod(shape) for shape in shapes.values())
        self.values = np.zeros(size, dtype)
        self.message = zeros(size + room, dtype)
        self.gradients = self.message[:size]
        self.value = views(self.values, shapes, transposed)
        self.gradient = views(self.gradients, shapes, transposed)


def views(flat: Array, shapes: dict[str, Shape], transposed: Collection[str] = ()) -> dict[str, Array]:
    """A flat array as named arrays of the given shapes, one after another."""
    named, at = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        part = flat[at : at + size]
        named[name] = part.reshape(shape[::-1]).T if name in transposed else part.reshape(shape)
        at += size
    return named
