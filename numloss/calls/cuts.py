"""The gradient by the cuts between intervals, made of those by both ends of the interval of each element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import widened, working
from ..loops.codes import GRADIENT, VALUE
from .outputs import slots
from .request import Request

if TYPE_CHECKING:
    from .arrays import Arrays


def with_cuts(backend: Any, request: Request, compute: Callable[[Request], Any]) -> Any:
    """What a request asks for whose argnums have the name of the cuts.

    It is the call without that name, and one for the slopes of all elements by each end; where an interval ends the
    next begins, so a cut has the slopes by the upper end of one interval and by the lower end of the next.
    """
    loss, options = request.loss, request.options
    if request.mode != GRADIENT:
        raise ValueError(f"{loss.name}: {' and '.join(request.asked)} have a gradient, but no curvature")
    place = backend.place(request)
    out = options.get("out")
    gradient = None if out is None else slots(request, out, "gradient")[0]
    by_input = any(k in loss.differentiable for k in request.argnums or ())
    plain = {name: value for name, value in options.items() if name != "out"}
    given = plain if gradient is None else {**plain, "out": gradient}
    found = compute(replace(request, mode=GRADIENT if by_input else VALUE, options=given, argnums=None))
    value, outputs = (found[0], [found[1]]) if by_input else (found, [None])
    if request.unreduced:
        plain["reduction"] = "sum"
    slopes = []
    for end in loss.ends:
        out = wide_like(place, request)
        given = plain if out is None else {**plain, "out": out}
        slopes.append(compute(replace(request, loss=end, options=given, argnums=None))[1])
    request.scalars[str(loss.cuts)] = backend.added_at_cuts(request, *slopes)
    return request.given_back(request.answer(value, outputs))


def wide_like(place: Arrays, request: Request) -> Any:
    """Where slopes go that are added up, where the prediction has 16 bits: an array of float32; else None."""
    pred = place.prediction(request.loss, request.loss.inputs[0], request.arguments[0])
    real = working(pred.dtype)
    return None if real == pred.dtype else place.shown(place.new(pred, tuple(pred.shape), real))


def cuts_of(place: Arrays, request: Request) -> int:
    """How many cuts there are."""
    return len(np.asarray(place.on_host(request.options[str(request.loss.cuts)])))


def added_at_cuts(request: Request, count: int, lower: Any, upper: Any) -> Any:
    """Slopes by both ends of the intervals of all elements, added up for each cut in the order of elements."""
    place = np.asarray(widened(np.asarray(request.arguments[1])), dtype=np.int64).ravel()
    below = np.bincount(place, weights=upper.ravel(), minlength=count + 1)[:count]
    return (below + np.bincount(place, weights=lower.ravel(), minlength=count + 1)[1:]).astype(lower.dtype)
