"""What a call writes to and what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import checks as check

if TYPE_CHECKING:
    from ..registry import Loss
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
    chosen = loss.wrt if request.argnums is None else request.argnums
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
