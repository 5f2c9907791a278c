"""Intervals of the line that targets name, and what laws take of each: the same for every backend."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..domains import Domain
from .arrays import HOST

if TYPE_CHECKING:
    from ..registry import Loss

Array = np.ndarray[Any, Any]
# The numbers of intervals are read in the dtype of the prediction: float32 has all of these.
MOST = 65536


def of_intervals(loss: Loss, cuts: Any, real: np.dtype[Any]) -> tuple[Loss, Array]:
    """The loss for as many intervals as there are, and a table: their lower ends, upper ends, and what follows."""
    return _table(loss, _rising(loss, cuts, real), real.name)


def _rising(loss: Loss, value: Any, real: np.dtype[Any]) -> tuple[float, ...]:
    """Cuts in the dtype of the prediction, checked."""
    name = loss.cuts
    if value is None:
        raise TypeError(f"{loss.name}: missing {name}")
    given: Array = HOST.real(loss, str(name), value)
    if given.ndim != 1 or not 0 < len(given) < MOST:
        raise ValueError(f"{loss.name}: {name} has shape {given.shape}; it must be (K - 1,), for 2 to {MOST} classes")
    with np.errstate(over="ignore"):
        cuts = given.astype(real)
    wrong = ~np.isfinite(cuts)
    wrong[1:] |= ~(cuts[1:] > cuts[:-1])
    if wrong.any():
        k = int(np.argmax(wrong))
        before = f", not above {given[k - 1]} before it" if k and np.isfinite(cuts[k]) else ""
        raise ValueError(f"{loss.name}: {name}[{k}] = {given[k]}{before}; {name} are finite and rise, in {real}, too")
    return tuple(cuts.tolist())


@functools.lru_cache(maxsize=128)
def _table(loss: Loss, cuts: tuple[float, ...], real: str) -> tuple[Loss, Array]:
    assert loss.interval is not None
    ends = itertools.pairwise((-math.inf, *cuts, math.inf))
    table = np.array([(low, high, loss.interval(low, high)) for low, high in ends], dtype=real)
    target = Domain(0.0, float(len(cuts)), integers=True, text=f"a whole number in [0, {len(cuts) + 1})")
    return dataclasses.replace(loss, domains=loss.domains | {loss.inputs[1]: target}), np.ascontiguousarray(table.T)
