"""Numbers whose sums float64 does not have: weights of any size, and means of the largest losses.

Weights count as if they were scaled to 1: by a power of two, which changes no digit of a result.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import widened
from .arrays import is_float32

if TYPE_CHECKING:
    from collections.abc import Callable

    from .request import Request

# Where the largest weight may lie: in float32 beside smaller ones, in float64 so that products with losses are finite.
ORDINARY = {4: (2.0**-80, 2.0**100), 8: (2.0**-500, 2.0**500)}
# How much smaller a weight may be that is not to be lost beside the largest.
SPREAD = {4: 2.0**-100, 8: 2.0**-1000}


def weighing(request: Request) -> list[str]:
    """The options given that weigh: a mean is divided by what they add up to."""
    given, factor = request.options, request.loss.rows.get("factor")
    names = ("class_weight",) if request.signed else ("weight", "class_weight")
    return [name for name in names if given.get(name) is not None and name != factor]


def lost_in(request: Request, name: str) -> bool:
    """Whether data of float32 would not see what weights of float64 are."""
    weight = request.options[name]
    known = isinstance(weight, np.ndarray)
    return is_float32(request.arguments[0]) and (weight.dtype.char == "d" if known else not is_float32(weight))


def balanced(request: Request, bytes_of_data: int, names: list[str]) -> Request:
    """The same request, its largest weights near 1 where the dtype of the data cannot work with them."""
    options, exponent, total = request.options, request.exponent or 0, request.total
    for name in names:
        found = exponent_of(options[name], request.averaged, bytes_of_data)
        if found:
            total = None if total is None else math.ldexp(total, -found)
            options = {**options, name: np.ldexp(np.asarray(widened(np.asarray(options[name])), np.float64), -found)}
            exponent += found
    return dataclasses.replace(request, options=options, exponent=exponent, total=total)


def exponent_of(given: Any, averaged: bool, bytes_of_data: int) -> int:
    """That of the power of two which weights are to be divided by, 0 if they are to stay as they are."""
    if not isinstance(given, (np.ndarray, list, tuple)) or isinstance(given, np.ma.MaskedArray):
        return 0
    weight = widened(np.asarray(given))
    if weight.dtype.kind != "f" or not weight.size:
        return 0
    least, most = ORDINARY[bytes_of_data]
    top = float(np.max(weight))
    # weights that are bad are told of as they were given
    if not 0.0 < top < math.inf or least <= top <= most or not np.min(weight) >= 0.0:
        return 0
    # only a mean is a matter of ratios: in a sum, and one by one, what weighs little has its own numbers
    if not averaged and float(np.min(weight[weight > 0.0])) < top * SPREAD[bytes_of_data]:
        return 0
    return math.frexp(top)[1]


def multiplied(result: Any, exponent: int) -> Any:
    """A result times a power of two, an array in its place."""
    if isinstance(result, tuple):
        return tuple(multiplied(part, exponent) for part in result)
    with np.errstate(over="ignore", under="ignore"):
        found = np.ldexp(result, exponent, out=result if isinstance(result, np.ndarray) else None)
    return found if isinstance(result, np.ndarray) else float(found)


def mean_in_parts(compute: Callable[[Request], Any], request: Request, answer: Any) -> Any:
    """An answer whose mean is infinite, with the mean of its losses instead if they are all finite."""
    if is_float32(request.arguments[0]):
        return answer  # float64 has the sum of what is finite
    value, *outputs = answer if request.mode else (answer,)
    written = [array for each in outputs for array in (each if isinstance(each, tuple) else (each,))]
    written = [array for array in written if isinstance(array, np.ndarray)]
    if any(np.may_share_memory(array, given) for array in written for given in request.arguments):
        return answer  # what it was computed from is there no more
    options = {name: given for name, given in request.options.items() if name not in ("reduction", "out")}
    known = request.total
    for name in weighing(request):
        weight = np.asarray(options[name], np.float64)
        exponent = math.frexp(float(np.max(weight, initial=0.0)))[1]
        options[name] = np.ldexp(weight, -exponent)
        known = None if known is None else math.ldexp(known, -exponent)
    one_by_one = {**options, "reduction": "none"}
    losses = compute(dataclasses.replace(request, mode=0, options=one_by_one, exponent=0))
    if not np.isfinite(losses).all():
        return answer
    _, total = compute(dataclasses.replace(request, mode=0, options=options, pair=True, exponent=0, total=known))
    value = float(np.ldexp(np.sum(np.ldexp(losses, -64)) / total, 64))
    return (value, *outputs) if request.mode else value
