"""Groups of rows that follow each other, as pointers to their ends: the same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import host_array

if TYPE_CHECKING:
    from ..registry import Loss

Array = np.ndarray[Any, Any]
# Work of a block, in nanoseconds, and the most blocks of a problem.
BLOCK_COST, MOST_BLOCKS = 20_000, 4096
# What the rows of a group cost, what its pairs do, and what every group does.
ROW, PAIR, GROUP = 20, 2, 100


def pointers_of(loss: Loss, value: Any, rows: int) -> Array:
    """Where each group begins and, at the end, all rows, as int64: None is one group."""
    if value is None:
        return np.array([0, rows], np.int64)
    given = host_array(loss, "groups", value)
    if given.dtype.kind not in "iu":
        raise TypeError(f"{loss.name}: groups has dtype {given.dtype}; the ends of groups are integers")
    if given.ndim != 1 or not len(given):
        raise ValueError(f"{loss.name}: groups has shape {given.shape}; it must be (Q + 1,), from 0 to {rows} rows")
    wrong = (given < 0) | (given > rows)
    wrong[1:] |= given[1:] < given[:-1]
    wrong[0] |= given[0] != 0
    wrong[-1] |= given[-1] != rows
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(f"{loss.name}: groups[{k}] = {given[k]}; groups rise from 0 to the number of rows, {rows}")
    return given.astype(np.int64)


def check_lists(loss: Loss, shape: tuple[int, ...]) -> None:
    """The rows of all lists lie on one axis."""
    if len(shape) != 1:
        raise ValueError(f"{loss.name}: pred has shape {shape}; it must be (N,)")


def check_weight(loss: Loss, shape: tuple[int, ...], groups: int) -> None:
    """A weight has an entry for each group."""
    if shape != (groups,):
        raise ValueError(f"{loss.name}: weight has shape {shape}; it must be ({groups},), one a group")


def pairs_of(lengths: Array, most: int) -> Array:
    """How many pairs a group of so many rows has whose higher rank is among the `most` first, of all if that is 0."""
    ranks = np.minimum(lengths, most) if most else lengths
    return np.asarray(ranks * lengths - ranks * (ranks + 1) // 2)


def blocks_of(pointers: Array, pairs: Array | int) -> Array:
    """The first group of each block and, at the end, the number of groups.

    Blocks are of about the same work, and follow from the pointers alone; a group is never cut.
    """
    cost = ROW * np.diff(pointers) + PAIR * pairs + GROUP
    before = np.cumsum(cost) - cost
    total = int(before[-1] + cost[-1]) if len(cost) else 0
    block = before // max(BLOCK_COST, total // MOST_BLOCKS)
    return np.append(np.flatnonzero(np.diff(block, prepend=-1)), len(cost)).astype(np.int64)
