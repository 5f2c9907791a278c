"""Second derivatives of a loss: the vector that they are multiplied by, checked, and where they go."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..loops.codes import CURVATURE, MATRICES, MOST_CLASSES, VALUE
from .checks import same_shape
from .cotangents import turned, weighed
from .outputs import check_apart
from .request import Request

if TYPE_CHECKING:
    from ..registry import Loss
    from .arrays import Arrays


def check_known(loss: Loss, whole: bool) -> None:
    """Raise for a loss whose second derivatives are not known: all of them as matrices, or to be multiplied."""
    if not loss.hessian:
        known = "those by one entry alone are" if loss.curvature else "none are"
        raise ValueError(f"{loss.name}: not all second derivatives are known; {known}")
    if whole and loss.family != "rowwise":
        raise ValueError(f"{loss.name}: curvature='full' is for losses of rows of scores, a matrix each")


def vector_of(place: Arrays, request: Request, pred: Any) -> Any:
    """The vector of a request, an array with the shape of the prediction; None where there is none."""
    loss = request.loss
    if request.vector is None:
        return None
    vector = place.real(loss, "vector", request.vector)
    same_shape(loss, "vector", tuple(vector.shape), tuple(pred.shape), loss.inputs[0])
    return vector


def second_of(place: Arrays, request: Request, pred: Any, matrices: tuple[int, ...]) -> list[Any]:
    """The array that second derivatives of rows of scores go to: a product, or matrices of this shape."""
    loss, out = request.loss, request.options.get("out")
    if request.mode == MATRICES and matrices[-1] > MOST_CLASSES:
        raise ValueError(
            f"{loss.name}: {loss.inputs[0]} has {matrices[-1]} classes, and curvature='full' is for up to "
            f"{MOST_CLASSES}; numloss.hvp multiplies by a vector, however many there are"
        )
    what, shape = ("curvature", matrices) if request.mode == MATRICES else ("product", tuple(pred.shape))
    found = place.output(loss, out, pred, shape, what)
    if out is not None:
        check_apart(place, request, [(what, found)])
    return [found]


def of_elements(request: Request, compute: Callable[[Request], Any]) -> tuple[Any, Any]:
    """The curvature of elements times a vector: of a sum that has the vector among its weights.

    The vector takes the place of weights, so that those of sequences must have been made before.
    """
    loss, arguments, vector, options = request.loss, request.arguments, request.vector, request.options
    same_shape(loss, "vector", shape_of(vector), shape_of(arguments[0]), loss.inputs[0])
    plain = {name: value for name, value in options.items() if name not in ("out", "reduction")}
    scale = request.pull
    weight = plain.get("weight")
    if request.averaged:
        counted = weight is not None or request.total is not None
        total = compute(Request(loss, VALUE, arguments, plain, True))[1] if counted else math.prod(shape_of(vector))
        scale = scale / total if total > 0.0 else 0.0
    both = turned(loss, vector, weight) if request.signed else weighed(loss, vector, weight, "vector")
    given = {**plain, "reduction": "sum", "weight": both}
    if (out := options.get("out")) is not None:
        given["out"] = None, out
    value, _, product = compute(Request(loss, CURVATURE, arguments, given, signed=True, pull=scale))
    return value, product


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array, or of what is made one."""
    found = getattr(value, "shape", None)
    return np.shape(value) if found is None else tuple(found)
