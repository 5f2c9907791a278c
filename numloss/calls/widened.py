"""A call with arrays of 16 bits, for loops that read numbers of the data's dtype alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..common.halves import FLOAT32, is_half

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from .arrays import Arrays
    from .request import Request


def each(found: Any, change: Callable[[Any], Any]) -> Any:
    """What is made of every array of a tuple of arrays and such tuples."""
    return tuple(each(part, change) for part in found) if isinstance(found, tuple) else change(found)


def has_halves(place: Arrays, request: Request) -> bool:
    """Whether anything that a call reads has 16 bits."""
    return any(stored_in_half(place, value) for _, value in request.named())


def stored_in_half(place: Arrays, value: Any) -> bool:
    """Whether something given is an array of numbers of 16 bits."""
    array = place.given(value)
    return array is not None and is_half(array.dtype)


class Widened:
    """A request of which each array of 16 bits is a copy in float32, and what its answer is as it was asked for.

    `convert(source, sink)` copies numbers from one array of a place to another one. Gradients come in the dtype of the
    prediction, or go where `out` says.
    """

    def __init__(self, place: Arrays, request: Request, convert: Callable[[Any, Any], None]) -> None:
        self.place, self.asked, self.convert = place, request, convert
        self.pred = place.given(request.arguments[0])
        # the arrays that are written instead of those given, by what they are: with these, and how this place sees them
        self.given: dict[int, tuple[Any, Any, Any]] = {}
        options = {name: value if name == "out" else self.wide(value) for name, value in request.options.items()}
        if request.mode and request.options.get("out") is not None:
            options["out"] = each(options["out"], self.instead)
        arguments = tuple(self.wide(value) for value in request.arguments)
        self.request = dataclasses.replace(request, arguments=arguments, options=options)

    def wide(self, value: Any) -> Any:
        """An array of 16 bits in float32, anything else as it is."""
        if not stored_in_half(self.place, value):
            return value
        array = self.place.real(self.asked.loss, "an array", value)
        copy = self.place.new(array, array.shape, FLOAT32)
        self.convert(array, copy)
        return self.place.shown(copy)

    def instead(self, value: Any) -> Any:
        """Where a gradient is computed that goes to an array of 16 bits."""
        if not stored_in_half(self.place, value):
            return value
        like = self.place.given(value) if self.pred is None else self.pred
        array = self.place.output(self.asked.loss, value, like, self.place.given(value).shape, "gradient")
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
