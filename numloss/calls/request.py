"""One call of a loss as one object, from the public function to the backend that computes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import as_torch
from ..loops.codes import CURVATURE, EXACT
from ..registry import law_arguments
from . import checks as check
from .arrays import is_foreign

if TYPE_CHECKING:
    from ..registry import Loss
    from .arrays import Arrays


class Unbalanced(Exception):
    """The weights add up to what float64 cannot work with."""


@dataclass(slots=True)
class Request:
    """What is asked of a loss, and what was given.

    mode: the value (0), and its gradient (1), and its curvature (2); or of rows of scores all second derivatives, times
    the `vector` (PRODUCT) or one by one (MATRICES). arguments: the arrays, in the order of the loss's
    inputs; options: what was given by keyword. pair: the sum and the sum of weights instead of a reduced value.
    argnums: the positions of the inputs whose gradients are asked for, None for all, and the names of options; what is
    found of these is in `scalars`. policy: which curvature is asked
    for. exponent: of the power of two that the weights, and sums of weighted losses, were divided by. signed: the
    weights are a cotangent, of any sign, of which nothing is checked; pull: the number that gradients of a reduced
    value are multiplied by. total: what stands for the sum of weights, where that is something else. shared: the
    arguments are what the tokens of sequences share.
    """

    loss: Loss
    mode: int
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    pair: bool = False
    argnums: tuple[int | str, ...] | None = None
    policy: int = EXACT
    exponent: int | None = None
    signed: bool = False
    pull: float = 1.0
    vector: Any = None
    total: float | None = None
    shared: bool = False

    reduction: str = field(init=False)
    unreduced: bool = field(init=False)
    averaged: bool = field(init=False)
    of_torch: bool = field(init=False, default=False)
    scalars: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.reduction = check.reduction_of(self.loss, self.options)
        # the values of the loss one by one; their mean, by which gradients are scaled, too
        self.unreduced = self.reduction == "none" and not self.pair
        self.averaged = self.reduction == "mean" and not self.pair

    def take(self, place: Arrays) -> None:
        """Read the arguments as arrays of a place, and options that are arrays of another library."""
        loss, options = self.loss, self.options
        self.of_torch = type(self.arguments[0]).__module__.partition(".")[0] == "torch" and options.get("out") is None
        if any(type(value) is not np.ndarray for value in self.arguments):
            given = zip(loss.inputs, self.arguments, strict=True)
            self.arguments = tuple(place.taken(loss, name, value) for name, value in given)
        if self.vector is not None:
            self.vector = place.taken(loss, "vector", self.vector)
        foreign = [name for name, value in options.items() if name != "out" and is_foreign(value)]
        if foreign:
            self.options = {**options, **{name: place.taken(loss, name, options[name]) for name in foreign}}

    def named(self) -> list[tuple[str, Any]]:
        """All that was given to be read, arguments and options, by name."""
        options = [(name, value) for name, value in self.options.items() if name != "out"]
        if self.vector is not None:
            options.append(("vector", self.vector))
        return [*zip(self.loss.inputs, self.arguments, strict=True), *options]

    def option(self, name: str) -> Any:
        """What an option was given as, or its default."""
        return self.options.get(name, self.loss.defaults[name])

    def number(self, name: str, real: np.dtype[Any] | None = None) -> float:
        """An option that is a number, checked, in a dtype, too, if one is given."""
        return check.number(self.loss, name, self.option(name), real)

    def weight(self, place: Arrays, shape: tuple[int, ...]) -> Any:
        """The weight, checked and seen with the shape of the unreduced loss, or None."""
        given = self.options.get("weight")
        if given is None:
            return None
        weight = place.real(self.loss, self.weight_name, given)
        check.weight_shape(self.loss, weight, shape, self.weight_name)
        return place.spread(weight, shape)

    @property
    def weight_name(self) -> str:
        """What a caller calls that by which losses are multiplied one by one."""
        return ("vector" if self.mode == CURVATURE else "cotangent") if self.signed else "weight"

    def weighting(self, weight: Any) -> int:
        """Whether there are weights, and of which kind, as loops know it."""
        return check.weighting(weight, self.signed)

    def parameters(self, real: np.dtype[Any]) -> list[float]:
        """The parameters of the law, checked: what data of this dtype are computed with."""
        return [self.parameter(name, real) for name in self.loss.params]

    def parameter(self, name: str, real: np.dtype[Any]) -> float:
        """A parameter of the law: an option, what is derived of options, or what the dtype loses of another one."""
        if name in self.loss.defaults:
            return self.number(name, real)
        function = self.loss.derived.get(name)
        if function is not None:
            return function(*map(self.number, law_arguments(function)))
        whole = self.parameter(name.removesuffix("_rest"), np.dtype(np.float64))
        return whole - float(real.type(whole))

    @property
    def asked(self) -> tuple[str, ...]:
        """The options whose gradients are asked for."""
        return tuple(k for k in self.argnums or () if isinstance(k, str))

    def scale(self, total: float) -> float:
        """What the gradient of a sum is multiplied by, if what counts adds up to this total."""
        if not self.averaged:
            return self.pull
        total = total if self.total is None else self.total
        self.look_at(total)
        return self.pull / total if total > 0.0 else 0.0

    def look_at(self, total: float) -> None:
        """Raise for a sum of weights that float64 cannot work with, unless they were balanced before."""
        ordinary = total == 0.0 or 1e-150 < total < 1e150
        if not ordinary and self.exponent is None and self.options.get("weight") is not None:
            raise Unbalanced

    def refuse_infinite(self, total: float) -> None:
        """Raise for the first infinite weight that was given, if one that counts is infinite, which the total shows."""
        weight = self.options.get("weight")
        if not math.isfinite(total) and weight is not None and not self.signed:
            given = np.asarray(weight)
            infinite = np.flatnonzero(np.isinf(given).ravel())
            if infinite.size:
                check.bad_weight(self.loss, given, int(infinite[0]))

    def reduced(self, value: float, total: float) -> Any:
        """The sum of the losses as the reduction asks for it."""
        total = total if self.total is None else self.total
        if self.pair:
            return value, total
        if self.reduction == "mean":
            self.look_at(total)
            return value / total if total > 0.0 else 0.0
        return value

    def given_back(self, answer: Any) -> Any:
        """An answer as the caller's library has it: arrays are tensors where the prediction was one."""
        if not self.of_torch:
            return answer
        if isinstance(answer, tuple):
            return tuple(map(self.given_back, answer))
        return as_torch(answer) if isinstance(answer, np.ndarray) else answer

    def answer(self, result: Any, outputs: list[Any]) -> Any:
        """What the caller gets: the result, then gradients and curvatures, of which argnums chooses."""
        if self.mode == 0:
            return result
        inputs, chosen = self.loss.differentiable, self.argnums
        if len(inputs) == 1 and not self.asked:
            return (result, *outputs)
        chosen = inputs if chosen is None else chosen
        parts = [
            tuple(self.scalars[k] if isinstance(k, str) else outputs[inputs.index(k) + at] for k in chosen)
            for at in range(0, self.mode * len(inputs), len(inputs))
        ]
        alone = self.argnums is not None and len(chosen) == 1
        return (result, *(part[0] if alone else part for part in parts))
