"""Weights of any size count as if they were scaled to 1: by a power of two, which changes no digit of a result."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import is_float32

if TYPE_CHECKING:
    from .request import Request

# Where the largest weight may lie: in float32 beside smaller ones, in float64 so that products with losses are finite.
ORDINARY = {4: (2.0**-80, 2.0**100), 8: (2.0**-500, 2.0**500)}
# How much smaller a weight may be that is not to be lost beside the largest.
SPREAD = {4: 2.0**-100, 8: 2.0**-1000}


def lost_in(request: Request) -> bool:
    """Whether data of float32 would not see what weights of float64 are."""
    weight = request.options["weight"]
    known = isinstance(weight, np.ndarray)
    return is_float32(request.arguments[0]) and (weight.dtype.char == "d" if known else not is_float32(weight))


def balanced(request: Request, bytes_of_data: int) -> Request:
    """The same request with the largest weight near 1, if it is beyond what the data's dtype can work with."""
    given = request.options["weight"]
    if not isinstance(given, (np.ndarray, list, tuple)) or isinstance(given, np.ma.MaskedArray):
        return tried(request)
    weight = np.asarray(given)
    if weight.dtype.kind != "f" or not weight.size:
        return tried(request)
    least, most = ORDINARY[bytes_of_data]
    top = float(np.max(weight))
    # weights that are bad are told of as they were given
    if not 0.0 < top < math.inf or least <= top <= most or not np.min(weight) >= 0.0:
        return tried(request)
    # only a mean is a matter of ratios: in a sum, and one by one, what weighs little has its own numbers
    if not request.averaged and float(np.min(weight[weight > 0.0])) < top * SPREAD[bytes_of_data]:
        return tried(request)
    exponent = math.frexp(top)[1]
    options = {**request.options, "weight": np.ldexp(weight.astype(np.float64), -exponent)}
    return dataclasses.replace(request, options=options, exponent=exponent)


def tried(request: Request) -> Request:
    """The request as it is, which will not be balanced again."""
    return dataclasses.replace(request, exponent=request.exponent or 0)


def multiplied(result: Any, exponent: int) -> Any:
    """A result times a power of two, an array in its place."""
    if isinstance(result, tuple):
        return tuple(multiplied(part, exponent) for part in result)
    with np.errstate(over="ignore", under="ignore"):
        found = np.ldexp(result, exponent, out=result if isinstance(result, np.ndarray) else None)
    return found if isinstance(result, np.ndarray) else float(found)
