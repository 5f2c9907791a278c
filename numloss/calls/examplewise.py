"""What a loss of whole examples takes, checked: arrays whose axes have names. The same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import name_of, working
from ..loops.codes import LABELLED, LENGTHS, NO_MEMORY, NUMBERS, REFUSED, WEIGHT_OPERAND
from . import checks as check
from .outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Sequence as Many

    from ..registry import Loss
    from .arrays import Arrays
    from .request import Request

EXAMPLES = "..."
# The ends of labels that are indices of nothing, and may be any integers.
ANY_LABELS = (1.0, 0.0)


def shape_of_examples(loss: Loss, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The shape of the unreduced loss, for one of the first input: that without its named axes."""
    axes = loss.rows["axes"][loss.inputs[0]]
    named = len(axes) - 1
    if len(shape) < named:
        raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {shape}; it must be {described(axes)}")
    return shape[: len(shape) - named]


def described(axes: Many[str]) -> str:
    """Axes as a shape."""
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


class Examples:
    """One call: the arrays in the order of their declaration, the sizes of named axes, and what is written to.

    An array is None where none was given; each of the `common` is one that all examples share.
    """

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.request, self.loss = place, request, request.loss
        loss, self.facts = self.loss, self.loss.rows
        given = dict(zip(loss.inputs, request.arguments, strict=True))
        self.names = list(self.facts["axes"])
        self.sizes: dict[str, int] = {}
        first = place.prediction(loss, loss.inputs[0], given[loss.inputs[0]])
        self.real: np.dtype[Any] = working(first.dtype)
        self.shape = shape_of_examples(loss, first.shape)
        self.arrays: list[Any] = []
        self.common: list[bool] = []
        for name in self.names:
            value = given[name] if name in given else request.option(name)
            array = None if value is None else self.read(name, value, first)
            self.arrays.append(array)
            self.common.append(array is not None and self.place_in(name, array))
        self.params = request.parameters(self.real)
        self.look_at_options()
        self.weight = request.weight(place, self.shape)
        differentiated = [self.arrays[self.names.index(loss.inputs[k])] for k in loss.differentiable]
        alone = (loss.inputs[0],) if request.mode and len(differentiated) == 1 else ()
        self.values, self.outputs = outputs_of(place, request, differentiated, self.shape, alone)

    def read(self, name: str, value: Any, first: Any) -> Any:
        """One of the arrays, of a dtype that it may have."""
        loss = self.loss
        if self.role(name) != NUMBERS:
            return check.integers(self.place, loss, name, value)
        if name not in loss.inputs or loss.inputs.index(name) not in loss.differentiable:
            return self.place.real(loss, name, value)
        array = self.place.prediction(loss, name, value)
        if array.dtype != first.dtype:
            raise TypeError(
                f"{loss.name}: {name} has dtype {name_of(array.dtype)}, {loss.inputs[0]} has "
                f"{name_of(first.dtype)}; all that are differentiated must agree"
            )
        return array

    def role(self, name: str) -> int:
        """What the numbers of an array are."""
        return LABELLED if name in self.facts["labels"] else LENGTHS if name in self.facts["lengths"] else NUMBERS

    def place_in(self, name: str, array: Any) -> bool:
        """Check a shape, and learn the sizes that it shows; whether all examples share the array."""
        axes = self.facts["axes"][name]
        common = EXAMPLES not in axes
        # an option may be of each example, or one for all
        if not common and name in self.loss.defaults and array.ndim == len(axes) - 1 != len(axes) - 1 + len(self.shape):
            common, axes = True, axes[1:]
        named = axes if common else axes[1:]
        leading = () if common else self.shape
        rest = array.shape[len(leading) :]
        if array.shape[: len(leading)] != leading or len(rest) != len(named):
            of = "" if name == self.loss.inputs[0] else f", where {self.loss.inputs[0]} has {(*self.shape, EXAMPLES)}"
            of = of.replace("'...'", "...")
            raise ValueError(f"{self.loss.name}: {name} has shape {array.shape}; it must be {described(axes)}{of}")
        for axis, size in zip(named, rest, strict=True):
            if self.sizes.setdefault(axis, size) != size:
                raise ValueError(
                    f"{self.loss.name}: {name} has shape {array.shape}; its axis of {axis} has {size} entries, but "
                    f"there are {self.sizes[axis]} of them"
                )
            if size == 0:
                raise ValueError(f"{self.loss.name}: {name} has shape {array.shape}: no {axis}")
        return common

    def look_at_options(self) -> None:
        """Raise for options that do not go with each other, or with the sizes."""
        allowed = self.facts["allowed"]
        wrong = allowed(self.sizes, dict(zip(self.loss.params, self.params, strict=True))) if allowed else None
        if wrong:
            raise ValueError(f"{self.loss.name}: {wrong}")

    def ends(self, name: str) -> tuple[float, float]:
        """The least and the most that labels or lengths may be."""
        if name in self.facts["labels"]:
            axis = self.facts["labels"][name]
            return (0.0, self.sizes[axis] - 1.0) if axis else ANY_LABELS
        return 0.0, float(self.sizes[self.facts["lengths"][name]])

    def lengths_of(self, name: str) -> int:
        """Which array says how many rows of this one count, or -1: that of the lengths of its first axis."""
        axes = [axis for axis in self.facts["axes"][name] if axis != EXAMPLES]
        for other, axis in self.facts["lengths"].items():
            if axes and axes[0] == axis and self.arrays[self.names.index(other)] is not None:
                return self.names.index(other)
        return -1

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for the first number that a kernel found outside its domain, in the array of this number."""
        loss, host = self.loss, self.place.on_host
        if operand == NO_MEMORY:
            raise MemoryError(f"{loss.name}: there is no memory for the scratch of an example")
        if operand == WEIGHT_OPERAND:
            check.bad_weight(loss, host(self.weight), position)
        if operand == REFUSED:
            where = ", ".join(str(int(i)) for i in np.unravel_index(position, self.shape or (1,)))
            raise ValueError(f"{loss.name}: {self.facts['refused']}, as it is of example {where}")
        name, array = self.names[operand], host(self.arrays[operand])
        if self.role(name) == NUMBERS:
            self.bad_number(name, array, position)
        self.bad_integer(name, array, position)

    def bad_number(self, name: str, array: Any, position: int) -> NoReturn:
        """Raise for a number outside its domain."""
        domain = self.facts["domains"][name]
        low, high = domain.ends(self.real.name)
        wide = np.asarray(array, dtype=np.float64)
        wrong = (wide < low) | (wide > high)
        if name not in self.loss.inputs or self.loss.inputs.index(name) not in self.loss.differentiable:
            wrong |= np.isnan(wide)
        if domain.integers:
            wrong |= wide != np.rint(wide)
        check.value_outside(self.loss, name, array, position, domain.text, int(np.count_nonzero(wrong)))

    def bad_integer(self, name: str, array: Any, position: int) -> NoReturn:
        """Raise for a label or a length out of range."""
        low, high = (int(end) for end in self.ends(name))
        index = tuple(int(i) for i in np.unravel_index(position, array.shape))
        where, found = ", ".join(map(str, index)), array[index]
        if name in self.facts["labels"]:
            axis = self.facts["labels"][name]
            raise IndexError(
                f"{self.loss.name}: {name}[{where}] = {found} is outside [0, {high + 1}), the labels that the axis of "
                f"{axis} has; they start at 0"
            )
        axis = self.facts["lengths"][name]
        raise ValueError(f"{self.loss.name}: {name}[{where}] = {found} is outside [{low}, {high}], the axis of {axis}")
