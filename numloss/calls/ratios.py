"""The ratio of probabilities that all tokens of a sequence share: the power of the mean of their differences.

A loss of the ratio at each token becomes that of its sequence when every token is given the mean of its sequence in
place of its own difference. The gradient follows: a mean passes to each of its tokens what they weigh, as the law does.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import widened
from . import checks as check
from .denominators import counted

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request

RATIOS = {"tokens": 0.0, "sequences": 1.0}


def shared(place: Arrays, request: Request) -> Request:
    """The same request, with the mean difference of each sequence at all of its tokens, where that is asked for."""
    loss = request.loss
    if "ratio" not in loss.defaults or request.number("ratio") == RATIOS["tokens"] or request.shared:
        return request
    if request.mode > 1:
        raise ValueError(f"{loss.name}: with ratio='sequences' there is no curvature, since tokens share a ratio")
    if request.signed:
        raise ValueError(f"{loss.name}: with ratio='sequences' a cotangent is one number, since tokens share a ratio")
    names, given = loss.inputs[:2], request.arguments[:2]
    first = place.prediction(loss, names[0], given[0])
    second = place.real(loss, names[1], given[1])
    check.same_shape(loss, names[1], second.shape, first.shape, names[0])
    own, old = (widened(np.asarray(place.on_host(array))).astype(np.float64) for array in (first, second))
    looked_at(request, names[1], old)
    means = means_of(own, old, counted(place, request, own.shape))
    # 0 less the mean that is taken off it: all digits of a mean that the dtype of the computation has
    nothing = np.zeros(own.shape, first.dtype)
    moved = (place.moved(nothing), place.moved(np.ascontiguousarray(np.broadcast_to(-means, own.shape))))
    return dataclasses.replace(request, arguments=(*moved, *request.arguments[2:]), shared=True)


def means_of(own: np.ndarray[Any, Any], old: np.ndarray[Any, Any], weight: np.ndarray[Any, Any]) -> Any:
    """The mean difference of each sequence, over the tokens that count; 0 where none does."""
    axes = tuple(range(1, own.ndim))
    with np.errstate(invalid="ignore", over="ignore"):
        differences = own - old
        differences *= weight
        differences[weight == 0.0] = 0.0
        sums = weight.sum(axis=axes, keepdims=True)
        return differences.sum(axis=axes, keepdims=True) / np.where(sums > 0.0, sums, 1.0)


def looked_at(request: Request, name: str, array: np.ndarray[Any, Any]) -> None:
    """Raise for the first value outside its domain, which no loop gets to see."""
    domain = request.loss.domains[name]
    bad = np.flatnonzero(~((array >= domain.low) & (array <= domain.high)).ravel())
    if bad.size:
        check.value_outside(request.loss, name, array, int(bad[0]), domain.text, bad.size)
