"""What the losses of tokens are divided by, by name: the tokens that count, sequences, or a constant length of each.

A sequence is an entry of the first axis, and has the tokens whose weights are not 0; one without any is none.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import widened
from . import checks as check

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request

# Beyond it and its inverse sums of weights may vanish or overflow.
LEAST = 1e-150
DENOMINATORS = {"tokens": 0.0, "sequences": 1.0, "constant": 2.0}


def divided(place: Arrays, request: Request) -> Request:
    """The same request, with the weights and the total of its denominator where that is not the sum of weights."""
    loss = request.loss
    if "denominator" not in loss.defaults:
        return request
    kind, length = request.number("denominator"), request.number("length")
    if kind == DENOMINATORS["tokens"] or request.unreduced or request.signed or request.total is not None:
        return request
    if kind == DENOMINATORS["constant"] and not length:
        raise ValueError(f"{loss.name}: denominator='constant' needs length, what each sequence is divided by")
    shape = tuple(request.arguments[0].shape)
    weight = counted(place, request, shape)
    sums = weight.sum(axis=tuple(range(1, len(shape))), keepdims=True)
    sequences = float(np.count_nonzero(sums))
    options = request.options
    if kind == DENOMINATORS["sequences"]:
        shares = weight / np.where(sums > 0.0, sums, 1.0)
        return dataclasses.replace(request, options={**options, "weight": place.moved(shares)}, total=sequences)
    return dataclasses.replace(request, total=sequences * length)


def counted(place: Arrays, request: Request, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The weights on the host, checked, in float64, the largest near 1 where their sums might overflow."""
    given = request.options.get("weight")
    if given is None:
        return np.ones(shape)
    weight = check.weights(request.loss, widened(np.asarray(place.on_host(given))), shape)
    wide = weight.astype(np.float64)
    top = float(np.max(wide, initial=0.0))
    if not LEAST < top < 1.0 / LEAST:
        wide = np.ldexp(wide, -math.frexp(top)[1])
    return np.broadcast_to(wide.reshape(wide.shape + (1,) * (len(shape) - wide.ndim)), shape)
