"""A call with arrays of 16 bits, for loops that read numbers of the data's dtype alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..common.halves import FLOAT32, is_half
from .outputs import check_apart

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from .arrays import Arrays
    from .request import Request


def each(found: Any, change: Callable[[Any], Any]) -> Any:
    """What is made of every array of a tuple of arrays and such tuples."""
    return tuple(each(part, change) for part in found) if isinstance(found, tuple) else change(found)


def widened_call(place: Arrays, request: Request, convert: Callable[[Any, Any], None]) -> Widened | None:
    """The call in float32; None if nothing that it reads has 16 bits."""
    found = {}
    for _, value in request.named():
        array = place.given(value)
        if array is not None and is_half(array.dtype):
            found[id(value)] = array
    return Widened(place, request, convert, found) if found else None


class Widened:
    """A request of which each array of 16 bits is a copy in float32, and what its answer is as it was asked for.

    `convert(source, sink)` copies numbers from one array of a place to another one; `halves` are the arrays of 16 bits,
    by what was given. Gradients come in the dtype of the prediction, or go where `out` says.
    """

    def __init__(
        self, place: Arrays, request: Request, convert: Callable[[Any, Any], None], halves: dict[int, Any]
    ) -> None:
        self.place, self.asked, self.convert, self.halves = place, request, convert, halves
        first = request.arguments[0]
        self.pred = halves[id(first)] if id(first) in halves else place.given(first)
        # the arrays that are written instead of those given, by what they are: with these, and how this place sees them
        self.given: dict[int, tuple[Any, Any, Any]] = {}
        options = {name: value if name == "out" else self.wide(value) for name, value in request.options.items()}
        if request.mode and request.options.get("out") is not None:
            written: list[tuple[str, Any]] = []
            options["out"] = each(options["out"], lambda value: self.instead(value, written))
            # whatever takes the place of an input is written when that has been read
            check_apart(place, request, written, request.loss.inputs)
        arguments = tuple(self.wide(value) for value in request.arguments)
        vector = self.wide(request.vector)
        self.request = dataclasses.replace(request, arguments=arguments, options=options, vector=vector)

    def wide(self, value: Any) -> Any:
        """An array of 16 bits in float32, anything else as it is."""
        if id(value) not in self.halves:
            return value
        array = self.place.native(self.halves[id(value)])
        copy = self.place.new(array, array.shape, FLOAT32)
        self.convert(array, copy)
        return self.place.shown(copy)

    def instead(self, value: Any, written: list[tuple[str, Any]]) -> Any:
        """Where a gradient is computed that goes to an array of 16 bits; what it goes to is added to `written`."""
        given = self.place.given(value)
        if given is None:
            return value
        written.append(("gradient", given))
        if not is_half(given.dtype):
            return value
        like = given if self.pred is None else self.pred
        array = self.place.output(self.asked.loss, value, like, given.shape, "gradient")
        shown = self.place.shown(self.place.new(array, array.shape, FLOAT32))
        self.given[id(shown)] = (shown, value, array)
        return shown

    def answered(self, answer: Any) -> Any:
        """What the caller gets for the answer to the request in float32."""
        if not self.asked.mode:
            return answer
        return (answer[0], *each(answer[1:], self.returned))

    def returned(self, found: Any) -> Any:
        """A gradient as it was asked for."""
        if id(found) in self.given:
            _, value, array = self.given[id(found)]
            self.convert(self.place.given(found), array)
            return value
        if self.pred is None or not is_half(self.pred.dtype) or self.asked.options.get("out") is not None:
            return found
        return self.narrow(found, self.pred.dtype)

    def narrow(self, found: Any, dtype: np.dtype[Any]) -> Any:
        """A new array of 16 bits with the numbers of one of float32."""
        array = self.place.given(found)
        new = self.place.new(array, array.shape, dtype)
        self.convert(array, new)
        return self.place.shown(new)
