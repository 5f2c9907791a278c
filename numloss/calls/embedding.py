"""The vectors that losses take, and what they add up over their entries, the same for every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..loops.codes import DISTANCES, NOTHING
from .checks import same_shape

if TYPE_CHECKING:
    from ..registry import Loss


def vectors_of(loss: Loss, arguments: tuple[Any, ...], read: Callable[[str, Any], Any]) -> list[Any]:
    """The vectors, as `read` gives them: arrays of one shape (N, D) and one dtype, all of them differentiated."""
    found: list[Any] = []
    for name, value in zip(loss.inputs[: len(loss.wrt)], arguments, strict=False):
        array = read(name, value)
        if not found and array.ndim != 2:
            raise ValueError(f"{loss.name}: {name} has shape {array.shape}; it must be (N, D)")
        if found:
            same_shape(loss, name, array.shape, found[0].shape, loss.inputs[0])
        if found and array.dtype != found[0].dtype:
            raise TypeError(
                f"{loss.name}: {name} has dtype {array.dtype}, {loss.inputs[0]} has {found[0].dtype}; "
                "all of them are differentiated and must agree"
            )
        found.append(array)
    if found[0].shape[0] and found[0].shape[1] == 0:
        raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {found[0].shape}: vectors of no entries")
    return found


def sums_of(loss: Loss, params: list[float]) -> list[tuple[int, int, int]]:
    """The sums that a law takes, each as its kind and its two vectors, with what the options p and swap say of them.

    p = 1 adds up distances instead of squares; without swap the vectors beside the first are not compared.
    """
    given = dict(zip(loss.params, params, strict=True))
    found = []
    for kind, one, other in loss.sums:
        chosen = DISTANCES if given.get("p") == 1.0 else kind
        found.append((NOTHING if given.get("swap") == 0.0 and one > 0 else chosen, one, other))
    return found


def sums_in_order(sums: list[tuple[int, int, int]]) -> list[tuple[int, int, int, int, int]]:
    """Each sum with whether it is the first that adds to the gradient of its vectors."""
    seen: set[int] = set()
    found = []
    for kind, one, other in sums:
        found.append((kind, one, other, int(one not in seen), int(other not in seen)))
        seen |= {one, other} if kind != NOTHING else set()
    return found
