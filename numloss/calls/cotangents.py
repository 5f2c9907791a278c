"""What a gradient is pulled back by, checked: a number for a reduced value, else a number for each value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import widened
from . import checks as check
from .arrays import HOST, is_foreign

if TYPE_CHECKING:
    from ..registry import Loss


def number_of(loss: Loss, cotangent: Any, reduction: str) -> float | None:
    """The cotangent as a number, or None for an array that has one for each value of an unreduced loss."""
    shape = getattr(cotangent, "shape", None)
    if isinstance(cotangent, (list, tuple)):
        cotangent = np.asarray(cotangent)
        shape = cotangent.shape
    if shape is None or tuple(shape) == ():
        if isinstance(cotangent, (bool, np.bool_, str, bytes)):
            raise TypeError(f"{loss.name}: cotangent must be a number, got {cotangent!r}")
        try:
            return float(cotangent)
        except (TypeError, ValueError):
            raise TypeError(
                f"{loss.name}: cotangent must be a number or an array, got {type(cotangent).__name__}"
            ) from None
    if reduction != "none":
        raise ValueError(
            f"{loss.name}: cotangent has shape {tuple(shape)}, but with reduction={reduction!r} the value is a number; "
            "an array needs reduction='none'"
        )
    return None


def weighed(loss: Loss, cotangent: Any, weight: Any, name: str = "cotangent") -> Any:
    """The cotangent, or what else has this name, times the weight, if there is one; what has weight 0 is 0, whatever
    its cotangent is."""
    if weight is None:
        return cotangent
    factors, given = both_on_host(loss, ("weight", weight), (name, cotangent))
    return multiplied(given, check.weights(loss, factors, given.shape))


def turned(loss: Loss, vector: Any, cotangent: Any) -> Any:
    """A vector times a cotangent of any sign, of which 0 makes 0 of anything."""
    return multiplied(*both_on_host(loss, ("vector", vector), ("cotangent", cotangent)))


def both_on_host(loss: Loss, *named: tuple[str, Any]) -> list[Any]:
    """Two arrays, each with its name, whose product is an array of the host."""
    if any(not isinstance(array, np.ndarray) and is_foreign(array) for _, array in named):
        names = " and ".join(name for name, _ in named)
        raise TypeError(f"{loss.name}: {names} are both arrays of another library; give their product")
    return [widened(HOST.real(loss, name, array)) for name, array in named]


def multiplied(given: Any, factors: Any) -> Any:
    """Numbers times factors, which may lack the last axes; a factor of 0 makes 0 of anything."""
    factors = HOST.spread(factors, given.shape)
    with np.errstate(all="ignore"):
        return np.where(factors != 0, factors * given, given.dtype.type(0))


def pulled(number: float, answer: tuple[Any, ...]) -> Any:
    """The gradients of an answer; of a cotangent of 0 they are 0, whatever they were."""
    gradients = answer[1]
    if number != 0.0:
        return gradients
    if isinstance(gradients, tuple):
        return tuple(pulled(0.0, (None, part)) for part in gradients)
    if isinstance(gradients, float):
        return 0.0
    gradients[...] = 0.0
    return gradients
