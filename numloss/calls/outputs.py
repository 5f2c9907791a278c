"""What a call writes to and what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import checks as check

if TYPE_CHECKING:
    from ..registry import Loss

Array = np.ndarray[Any, Any]


def finished(
    value: float,
    total: float,
    reduction: str,
    pair: bool,
    mode: int,
    values: Any,
    outputs: list[Any],
    count: int,
    argnums: tuple[int, ...] | None,
) -> Any:
    """What the caller gets: the value, the pair or the array, then gradients and curvatures."""
    result: Any
    if pair:
        result = (value, total)
    elif reduction == "mean":
        result = value / total if total > 0.0 else 0.0
    elif reduction == "sum":
        result = value
    else:
        result = values
    if mode == 0:
        return result
    if count == 1:
        return (result, *outputs)
    slopes, curvatures = tuple(outputs[:count]), tuple(outputs[count:])
    if argnums is not None:
        slopes = tuple(slopes[k] for k in argnums)
        curvatures = tuple(curvatures[k] for k in argnums) if curvatures else ()
        if len(slopes) == 1:
            return (result, slopes[0]) if mode == 1 else (result, slopes[0], curvatures[0])
    return (result, slopes) if mode == 1 else (result, slopes, curvatures)


def weighted(shares: Array, losses: Array) -> Array:
    """Losses times what they count with; one that counts nothing is 0, whatever it is."""
    return np.where(shares > 0.0, shares * np.where(shares > 0.0, losses, 0.0), 0.0)


def added(terms: Array) -> float:
    """The sum of terms in the order in which they lie."""
    return float(np.add.accumulate(terms.ravel())[-1]) if terms.size else 0.0


def slots(loss: Loss, given: Any, argnums: tuple[int, ...] | None, what: str) -> list[Any]:
    """`out` in the order of the law's slopes; None where argnums leaves one out, which is computed all the same."""
    chosen = loss.wrt if argnums is None else argnums
    arrays = dict(zip(chosen, check.several(loss, given, len(chosen), what), strict=True))
    return [arrays.get(k) for k in loss.wrt]


def check_same(given: Array, array: Array) -> bool:
    """True if two different array objects are the same memory; cheap where both own theirs."""
    if given.base is None and array.base is None:
        return False
    return check.same_memory(given, array)


def overlapping(outputs: list[Array]) -> bool:
    """True if two of the output arrays may share memory."""
    return any(np.may_share_memory(a, b) for k, a in enumerate(outputs) for b in outputs[:k])


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
