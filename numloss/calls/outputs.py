"""What a call writes to and what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import checks as check

if TYPE_CHECKING:
    from collections.abc import Sequence as Many

    from ..registry import Loss
    from .arrays import Arrays
    from .request import Request

Array = np.ndarray[Any, Any]


def weighted(shares: Array, losses: Array) -> Array:
    """Losses times what they count with; one that counts nothing is 0, whatever it is."""
    return np.where(shares != 0.0, shares * np.where(shares != 0.0, losses, 0.0), 0.0)


def added(terms: Array) -> float:
    """The sum of terms in the order in which they lie."""
    return float(np.add.accumulate(terms.ravel())[-1]) if terms.size else 0.0


def slots(request: Request, given: Any, what: str) -> list[Any]:
    """`out` in the order of the law's slopes; None where argnums leaves one out, which is computed all the same."""
    loss = request.loss
    chosen = loss.differentiable if request.argnums is None else request.argnums
    arrays = dict(zip(chosen, check.several(loss, given, len(chosen), what), strict=True))
    if any(arrays[name] is not None for name in request.asked):
        raise TypeError(f"{loss.name}: out for the {what} by {' and '.join(request.asked)} must be None: a number")
    return [arrays.get(k) for k in loss.differentiable]


def outputs_of(
    place: Arrays, request: Request, like: Any, shape: tuple[int, ...], replaced: Many[str] = ()
) -> tuple[Any, list[Any]]:
    """The arrays to write: values of a shape, or None, and slopes and curvatures as the loss is differentiable.

    `like` is what slopes are like, an array or one for each. The arrays of the arguments `replaced` may be given to be
    overwritten.
    """
    loss, mode, out = request.loss, request.mode, request.options.get("out")
    given = given_outputs(loss, mode, out, request.unreduced)
    likes = like if isinstance(like, list) else [like] * len(loss.differentiable)
    kinds = (("values" if loss.results else "gradient", given[1]), ("curvature", given[2]))[:mode]
    found = [
        (what, array, each)
        for what, arrays in kinds
        for array, each in zip(slots(request, arrays, what), likes, strict=True)
    ]
    written = [(what, place.output(loss, array, each, each.shape, what)) for what, array, each in found]
    values = place.output(loss, given[0], likes[0], shape, "values") if request.unreduced else None
    if out is not None:
        check_apart(place, request, written if mode else [("values", values)], replaced)
    return values, [array for _, array in written]


def check_apart(place: Arrays, request: Request, written: Many[tuple[str, Any]], replaced: Many[str] = ()) -> None:
    """Raise if what is written, each with its name, shares memory with what is read, or with each other.

    All arrays of a call are read until something is written, and most until the end. Those of the arguments `replaced`
    may be written to, if it is the whole array and no other.
    """
    loss = request.loss
    given = [(name, found) for name, value in request.named() if (found := place.given(value)) is not None]
    for k, (what, array) in enumerate(written):
        if any(place.overlap(array, other) for _, other in written[:k]):
            raise ValueError(f"{loss.name}: the arrays of out overlap each other")
        for name, other in given:
            if place.overlap(array, other) and not (name in replaced and place.same(array, other)):
                instead = f"{replaced[0]} itself or " if replaced else ""
                raise ValueError(f"{loss.name}: out for the {what} overlaps {name}; give it {instead}memory of its own")


def given_outputs(loss: Loss, mode: int, out: Any, wanted: bool) -> tuple[Any, Any, Any]:
    """`out` as what it is for: values, gradient, curvature."""
    if out is None:
        return None, None, None
    if mode == 0:
        if not wanted:
            raise ValueError(f"{loss.name}: out needs reduction='none'; a reduced loss is a float")
        return out, None, None
    if mode == 1:
        return None, out, None
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(f"{loss.name}: out must be the pair (gradient, curvature)")
    return None, out[0], out[1]
