"""Tokens of sequences: what a mean over them is divided by, and whether those of a sequence share a ratio.

A sequence is an entry of the first axis, with padding of weight 0, or a group of packed tokens. It has the tokens whose
weights are not 0; one without any is none.

The ratio of a sequence is the power of the mean of its differences. A loss of the ratio at each token becomes that of
its sequence when every token is given the mean of its sequence in place of its own difference. The gradient follows: a
mean passes to each of its tokens what they weigh, as the law does.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import widened
from ..loops.codes import WEIGHT_OPERAND
from . import checks as check
from .lists import pointers_of

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request

# Beyond it and its inverse sums of weights may vanish or overflow.
LEAST = 1e-150
DENOMINATORS = {"tokens": 0.0, "sequences": 1.0, "constant": 2.0}
RATIOS = {"tokens": 0.0, "sequences": 1.0}
# What a backend finds of tokens: the sums of the weights of sequences, on the host; and at each token its share and the
# mean of its sequence, as a caller would give them, None where they are not wanted.
Summed = Callable[["Tokens"], tuple[np.ndarray[Any, Any], Any, Any]]


def settled(place: Arrays, request: Request, summed: Summed) -> Request:
    """The same request, of what stands for the tokens and their weights where their sequences count."""
    loss = request.loss
    if "denominator" not in loss.defaults:
        return request
    given = request.options.get("groups")
    pointers = None if given is None else packed(request, place.on_host(given))
    if given is not None:
        options = {name: value for name, value in request.options.items() if name != "groups"}
        request = dataclasses.replace(request, options=options)
    shared, divided = shares_ratios(request), is_divided(request)
    if not shared and not divided:
        return request
    kind = request.number("denominator")
    tokens = Tokens(place, request, pointers, shared, divided and kind == DENOMINATORS["sequences"])
    sums, shares, means = summed(tokens)
    if shared:
        # 0 less the mean that is taken off it: all digits of a mean that the dtype of the computation has
        nothing = place.moved(np.zeros(tokens.shape, tokens.first.dtype))
        request = dataclasses.replace(request, arguments=(nothing, means, *request.arguments[2:]), shared=True)
    if not divided:
        return request
    sequences = float(np.count_nonzero(sums))
    if shares is None:
        return dataclasses.replace(request, total=sequences * request.number("length"))
    return dataclasses.replace(request, options={**request.options, "weight": shares}, total=sequences)


def packed(request: Request, groups: Any) -> np.ndarray[Any, Any]:
    """Where the sequences of packed tokens begin and end, checked."""
    loss, shape = request.loss, tuple(request.arguments[0].shape)
    if len(shape) != 1 and (len(shape) != 2 or shape[0] != 1):
        raise ValueError(
            f"{loss.name}: {loss.inputs[0]} has shape {shape}; packed tokens, whose sequences groups tells, have (N,) "
            "or (1, N)"
        )
    return pointers_of(loss, groups, math.prod(shape))


def shares_ratios(request: Request) -> bool:
    """Whether tokens have the ratio of their sequence, and not been given it before."""
    loss = request.loss
    if "ratio" not in loss.defaults or request.number("ratio") == RATIOS["tokens"] or request.shared:
        return False
    if request.mode > 1:
        raise ValueError(f"{loss.name}: with ratio='sequences' there is no curvature, since tokens share a ratio")
    if request.signed:
        raise ValueError(f"{loss.name}: with ratio='sequences' a cotangent is one number, since tokens share a ratio")
    return True


def is_divided(request: Request) -> bool:
    """Whether a mean is divided by something else than the sum of weights."""
    kind, length = request.number("denominator"), request.number("length")
    if kind == DENOMINATORS["tokens"] or request.unreduced or request.signed or request.total is not None:
        return False
    if kind == DENOMINATORS["constant"] and not length:
        raise ValueError(
            f"{request.loss.name}: denominator='constant' needs length, what each sequence is divided by"
        )
    return True


class Tokens:
    """Tokens with their weights, the pair of numbers whose mean they share, if they do, and what is wanted of them."""

    def __init__(
        self, place: Arrays, request: Request, pointers: np.ndarray[Any, Any] | None, shared: bool, spread: bool
    ) -> None:
        self.place, self.loss, self.shared, self.spread = place, request.loss, shared, spread
        loss, names = self.loss, self.loss.inputs
        self.first = place.prediction(loss, names[0], request.arguments[0])
        self.shape = tuple(self.first.shape)
        self.old: Any = None
        if shared:
            self.old = place.real(loss, names[1], request.arguments[1])
            check.same_shape(loss, names[1], tuple(self.old.shape), self.shape, names[0])
        self.weight = request.weight(place, self.shape)
        if pointers is None:
            count, size = (self.shape[0], math.prod(self.shape[1:])) if self.shape else (1, 1)
            pointers = np.arange(count + 1) * size
        self.pointers = pointers

    def scale(self) -> float:
        """What weights are multiplied by: the largest is near 1 where sums of them might vanish or overflow."""
        if self.weight is None or self.weight.dtype != np.float64:
            return 1.0
        top = float(np.max(self.place.on_host(self.weight), initial=0.0))
        if LEAST < top < 1.0 / LEAST or not math.isfinite(top) or top == 0.0:
            return 1.0
        return math.ldexp(1.0, min(1000, -math.frexp(top)[1]))

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for the first weight, or number of the pair, that is outside its domain."""
        host = self.place.on_host
        if operand == WEIGHT_OPERAND:
            check.weights(self.loss, host(self.weight), self.shape)
        domain, name = self.loss.domains[self.loss.inputs[1]], self.loss.inputs[1]
        old = widened(np.asarray(host(self.old)))
        bad = np.flatnonzero(~((old >= domain.low) & (old <= domain.high)).ravel())
        check.value_outside(self.loss, name, old, int(bad[0]) if bad.size else position, domain.text, bad.size)
