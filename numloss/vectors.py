"""What losses of vectors add up over their entries, the same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .registry import Loss

# Of two entries x and y: (x - y)^2, |x - y|, x * y; or nothing, a sum of 0 without a slope.
SQUARES, DISTANCES, PRODUCTS, NOTHING = 0, 1, 2, 3


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
