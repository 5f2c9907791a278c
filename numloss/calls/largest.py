"""The mean of the largest losses of a call: its losses one by one, then a call in which only those have weights.

What is largest is told by the values that `reduction="none"` gives, weights included. Of equal ones those with the
first index are taken, so that the choice depends on the values alone.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import widened
from ..loops.codes import EXACT, VALUE
from .arrays import HOST
from .checks import FOR_TOP
from .shares import WEIGHING, shares_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .arrays import Arrays
    from .request import Request

Array = np.ndarray[Any, Any]
# Options that say what rows count, or how their targets are read.
OF_ROWS = ("class_weight", "ignore_index", "axis", "log_target")


def kept(backend: Any, request: Request, compute: Callable[[Request], Any]) -> Request:
    """The mean that a request with `reduction="top"` asks for: of the values that it keeps, which `compute` gives."""
    loss, place = request.loss, backend.place(request)
    if not loss.weighted:
        raise ValueError(f"{loss.name}: reduction='top' is of losses that take weights, and this one takes none")
    top, above = (request.options.get(name) for name in FOR_TOP)
    options = {name: value for name, value in request.options.items() if name not in FOR_TOP}
    plain = {name: value for name, value in options.items() if name != "out"} | {"reduction": "none"}
    # the mean of a sequence is of all its tokens, kept or not
    alike = backend.settled(dataclasses.replace(request, options=plain))
    request = dataclasses.replace(request, arguments=alike.arguments, shared=alike.shared)
    facts: dict[str, Any] = {"pair": False, "argnums": None, "policy": EXACT, "pull": 1.0, "vector": None}
    one_by_one = dataclasses.replace(request, mode=VALUE, options=plain, **facts)
    values = widened(np.asarray(place.on_host(compute(one_by_one))))
    weight = options.get("weight")
    if weight is not None:
        weight = HOST.spread(widened(np.asarray(place.on_host(weight))), values.shape)
    counted = counting(place, request, weight)
    mask = largest(values, counted, top, above)
    share = mask if weight is None else np.where(mask, weight, weight.dtype.type(0))
    return dataclasses.replace(request, options={**options, "weight": place.moved(share), "reduction": "mean"})


def counting(place: Arrays, request: Request, weight: Array | None) -> Array | None:
    """Which of the values count: those with a weight that is not 0, whose label is not to be ignored; None for all."""
    counted: Array | None = None if weight is None else np.not_equal(weight, 0)
    loss, given = request.loss, request.options
    while isinstance(parts := getattr(loss.law, "parts", None), list):  # all parts of a combination count the same
        _, loss, fixed = parts[0]
        given = {**fixed, **given}
    if loss.family == "head":
        loss = loss.counts
    if loss.family not in WEIGHING:
        return counted
    options = {name: place.on_host(value) for name, value in given.items() if name in OF_ROWS}
    arrays = (*request.arguments[:-1], np.asarray(place.on_host(request.arguments[-1])))
    shares = shares_of(loss, options, arrays)
    if isinstance(shares, float):
        return counted
    some: Array = np.not_equal(shares, 0.0)
    return some if counted is None else some & counted


def largest(values: Array, counted: Array | None, top: float | None, above: float | None) -> Array:
    """Where the largest of the values that count are: the `top` first, and all that are larger than `above`.

    NaN is larger than anything, so that it is not hidden.
    """
    flat = values.ravel()
    places = None if counted is None else np.flatnonzero(counted)
    some = flat if places is None else flat[places]
    some = np.where(np.isnan(some), some.dtype.type(np.inf), some)
    chosen = np.zeros(some.shape, bool) if above is None else some > above
    size = number_of(top, some.size)
    if 0 < size:
        least = np.partition(some, some.size - size)[some.size - size]
        larger = some > least
        larger[np.flatnonzero(some == least)[: size - np.count_nonzero(larger)]] = True
        chosen |= larger
    if places is None:
        return chosen.reshape(values.shape)
    mask = np.zeros(flat.shape, bool)
    mask[places] = chosen
    return mask.reshape(values.shape)


def number_of(top: float | None, size: int) -> int:
    """How many of so many values `top` asks for, a number of them or a share."""
    if top is None or size == 0:
        return 0
    return min(size, int(top)) if isinstance(top, (int, np.integer)) else max(1, round(float(top) * size))
