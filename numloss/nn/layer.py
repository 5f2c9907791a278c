"""What a layer is, and what it is given to work with.

Arrays between layers have their rows first and their features last, in C order: (rows, features), (rows, length,
features), and (rows, height, width, channels) for images, so that products of matrices, sums over a channel and
vectors of channels all read memory in its order. A Network turns the (rows, channels, height, width) of its users
into that and back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .initial import Tensor
from .parameters import Array, Shape

Kernel = Callable[..., Any]


@dataclass
class Part:
    """The part of a batch that a network sees, where others see the rest: all of it, unless a trainer says otherwise.

    `first` is the place of its first row in the batch. `add_up` replaces an array by its sum over all parts, which
    makes the statistics of a batch those of the whole; None where each part has its own. `filled` hears of each layer
    of the network, by its position, whose gradients are computed.
    """

    first: int = 0
    add_up: Callable[[Array], object] | None = None
    filled: Callable[[int], object] | None = None


@dataclass(frozen=True)
class Place:
    """Where a layer works: its views of the parameters, how many rows come at most, and how to compute.

    `overwrite`: the layer may write its output over its input. `name` is the head of the names of its parameters,
    `seed` and `number` tell its random numbers from those of other networks and layers. `part` is the network's.
    """

    rows: int
    dtype: np.dtype[Any]
    kernel: Callable[..., Kernel]
    seed: int
    value: dict[str, Array]
    gradient: dict[str, Array]
    state: dict[str, Array]
    overwrite: bool = False
    number: int = 0
    part: Part = field(default_factory=Part)

    def empty(self, shape: Shape) -> Array:
        """Memory for a sample of this shape in every row."""
        return np.empty((self.rows, *shape), self.dtype)

    def inside(self, name: str, position: int, overwrite: bool) -> Place:
        """The place of a layer within this one."""
        parts = (_below(views, name) for views in (self.value, self.gradient, self.state))
        value, gradient, state = parts
        number = self.number * 256 + position + 1
        return replace(self, value=value, gradient=gradient, state=state, overwrite=overwrite, number=number)


def _below(views: dict[str, Array], name: str) -> dict[str, Array]:
    head = f"{name}."
    return {key.removeprefix(head): view for key, view in views.items() if key.startswith(head)}


class Layer:
    """A layer: planned once for a shape and a number of rows, then run forward and backward without allocation.

    What `forward` and `backward` return is memory of the layer, valid until the next call. `backward` may overwrite
    the slope that it is given.
    """

    # True if the backward pass reads the output again: the next layer must not write over it then.
    keeps_output = False
    # True if the input holds integers, not numbers of the network's dtype.
    takes_labels = False
    # True if both passes do nothing but draw and call kernels of the place, with the same numbers and on memory that
    # stays where it is as long as the number of rows does: then they can be replayed without the layer. A subclass with
    # passes of its own says so itself.
    repeats = False

    def __init_subclass__(cls) -> None:
        own = vars(cls)
        if "repeats" not in own and any(name in own for name in ("forward", "backward", "draw")):
            cls.repeats = False

    def plan(self, shape: Shape) -> Shape:
        """The shape of a sample of the output, from that of the input; ValueError if the layer cannot take it."""
        raise NotImplementedError

    def parameters(self) -> dict[str, Tensor]:
        """The parameters by name; known once planned."""
        return {}

    def state(self) -> dict[str, Tensor]:
        """What is kept with the parameters and not trained, such as running statistics."""
        return {}

    def allocate(self, place: Place) -> None:
        """Take the views of the parameters, and memory for batches of at most `place.rows` rows."""
        raise NotImplementedError

    def draw(self, rows: int, step: int) -> None:
        """Make the random numbers of a training step anew, which its passes read; `forward` does so, too."""

    def forward(self, x: Array, step: int | None) -> Array:
        """The output for a batch. `step` is the number of the training step, None where nothing is trained."""
        raise NotImplementedError

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        """Fill the gradients from the slope of the output; return the slope of the input if it is wanted."""
        raise NotImplementedError


def rows_of(memory: Array, rows: int) -> Array:
    """So many rows of memory: for all of them the array itself, as views cost time and hide who owns them."""
    return memory if rows == len(memory) else memory[:rows]


def need_rank(layer: Layer, shape: Shape, *ranks: int) -> None:
    """Raise ValueError unless a sample has one of these numbers of axes."""
    if len(shape) not in ranks:
        kinds = {1: "(features,)", 2: "(length, features)", 3: "images"}
        wanted = " or ".join(kinds[rank] for rank in ranks)
        raise ValueError(f"{type(layer).__name__} takes samples that are {wanted}, got the shape {shape}")


def at_least(layer: Layer, least: int, **numbers: int) -> None:
    """Raise ValueError for an argument of a layer that is smaller than `least`."""
    for name, number in numbers.items():
        if number < least:
            raise ValueError(f"{type(layer).__name__}: {name} must be at least {least}, got {number}")
