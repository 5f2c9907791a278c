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
    return np.where(shares > 0.0, shares * np.where(shares > 0.0, losses, 0.0), 0.0)


def added(terms: Array) -> float:
    """The sum of terms in the order in which they lie."""
    return float(np.add.accumulate(terms.ravel())[-1]) if terms.size else 0.0


def slots(request: Request, given: Any, what: str) -> list[Any]:
    """`out` in the order of the law's slopes; None where argnums leaves one out, which is computed all the same."""
    loss = request.loss
    chosen = loss.differentiable if request.argnums is None else request.argnums
    arrays = dict(zip(chosen, check.several(loss, given, len(chosen), what), strict=True))
    return [arrays.get(k) for k in loss.differentiable]


def outputs_of(
    place: Arrays,
    request: Request,
    like: Any,
    shape: tuple[int, ...],
    inputs: Many[Any],
    kept: Many[Any] = (),
    why: str = "",
) -> tuple[Any, list[Any]]:
    """The arrays to write: values of a shape, or None, and slopes and curvatures as the loss is differentiable.

    `like` is what slopes are like. One of `inputs` may be given to be replaced, but none of `kept`, which are still
    read when something is written; `why` ends the sentence about these.
    """
    loss, mode, out = request.loss, request.mode, request.options.get("out")
    wanted = request.unreduced
    given = given_outputs(loss, mode, out, wanted)
    outputs = [
        place.output(loss, array, like, like.shape, inputs, what)
        for what, arrays in (("gradient", given[1]), ("curvature", given[2]))[:mode]
        for array in slots(request, arrays, what)
    ]
    values = place.output(loss, given[0], like, shape, inputs, "values") if wanted else None
    if out is None or not (kept or len(outputs) > 1):
        return values, outputs
    if any(place.overlap(a, b) for k, a in enumerate(outputs) for b in outputs[:k]):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
    written = outputs if mode else [values]
    for k, array in enumerate(written):
        if any(place.overlap(array, other) for other in kept):
            what = "curvature" if k >= len(loss.differentiable) else "gradient" if mode else "values"
            raise ValueError(f"{loss.name}: out for the {what} overlaps an input{why}")
    return values, outputs


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
