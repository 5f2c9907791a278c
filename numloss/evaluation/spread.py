"""How the losses of rows are spread: few different values are counted one by one, many by bins of 0.2 %.

Which of both follows from the losses alone: in whatever order they come, the result is the same.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..backends.host.plans import add_counts, count_usual
from ..data.source import Array

# Different losses that are counted one by one.
FEW = 1024
# Bins that a block counts in one array.
WIDEST = 1 << 17
# Bins of 64 binades, in which most losses lie: a loss is seldom 1e-19 of the largest.
USUAL = 64 << 9
# A bin has all floats of a sign, an exponent and 9 bits of the fraction: it is 2 ** -9 wide, or 0.195 %.
KEPT_BITS = 9
DROPPED_BITS = 52 - KEPT_BITS
# Below the normal floats the exponent ends, not the bins: these are scaled up by as many binades first.
BINADES = 52
LEAST_NORMAL = np.finfo(np.float64).smallest_normal
NORMAL_BINS = BINADES << KEPT_BITS
ALL_BINS = NORMAL_BINS + (2048 << KEPT_BITS)


class Tally(NamedTuple):
    """Losses, or numbers of bins, each once and in order, and how often they occur."""

    exact: bool
    marks: Array
    counts: Array


def tally_of(losses: Array) -> Tally:
    """The tally of some losses, none of them NaN."""
    glance = np.sort(losses[: 2 * FEW])  # to sort all of them takes longer than the loss
    few = np.count_nonzero(glance[1:] != glance[:-1]) < FEW
    usual = None if few else _usual(losses)
    if usual is not None:
        return usual
    losses = losses + 0.0  # -0.0 is 0.0
    bins = bins_of(losses)
    # most losses are of a few sizes, which lie far from zero: without the bins between, an array counts them
    sizes = np.abs(bins)
    gap = int(np.min(sizes, where=sizes > 0, initial=ALL_BINS)) - 1
    width = int(sizes.max(initial=gap)) - gap
    if width < WIDEST:
        places = bins - gap * np.sign(bins) + width
        often = np.bincount(places)
        there = np.flatnonzero(often)
        one = np.zeros(len(often))
        one[places] = losses
        if few and len(there) <= FEW and (one[places] == losses).all():  # of each bin a single loss
            return Tally(True, one[there], often[there])
    if few:
        values, counts = np.unique(losses, return_counts=True)
        if len(values) <= FEW:
            return Tally(True, values, counts)
    if width < WIDEST:
        return Tally(False, there - width + gap * np.sign(there - width), often[there])
    return Tally(False, *np.unique(bins, return_counts=True))


def _usual(losses: Array) -> Tally | None:
    """The tally by bins of losses that are 0 or of usual sizes, none of them negative; None of others."""
    if count_usual is None:
        return None
    found = count_usual(np.ascontiguousarray(losses, np.float64), DROPPED_BITS, NORMAL_BINS, USUAL, NORMAL_BINS)
    return None if found is None else Tally(False, *found)


def merged(*parts: Array) -> Array:
    """The values of all parts, each once and in order; the sort is one that merges parts that are in order."""
    values: Array = np.sort(np.concatenate(parts), kind="stable")
    first: Array = np.ones(len(values), bool)
    first[1:] = values[1:] != values[:-1]
    return np.asarray(values[first])


def bins_of(losses: Array) -> Array:
    """The number of the bin of each loss, which rises with it. Zero has bin 0 for itself."""
    sizes = np.abs(losses)
    tiny = sizes < LEAST_NORMAL
    sizes[tiny] *= 2.0**BINADES
    found: Array = sizes.view(np.int64) >> DROPPED_BITS
    found[~tiny] += NORMAL_BINS
    np.negative(found, out=found, where=losses < 0.0)
    return found


def edges(bins: Array) -> tuple[Array, Array]:
    """The smallest and the largest float of each bin."""
    sizes = np.abs(bins)
    tiny = sizes < NORMAL_BINS + (1 << KEPT_BITS)
    sizes[~tiny] -= NORMAL_BINS
    inner, outer = ((sizes << DROPPED_BITS) + rest for rest in (0, (1 << DROPPED_BITS) - 1))
    ends = [bits.view(np.float64) for bits in (inner, outer)]
    for end in ends:
        end[tiny] *= 2.0**-BINADES
    near, far = ends
    far = np.where(np.isnan(far), near, far)  # beyond infinity there is nothing
    return np.where(bins < 0, -far, near), np.where(bins < 0, -near, far)


class Bins:
    """The tally of all losses so far, with the least and the largest of them."""

    def __init__(self) -> None:
        self.tally = Tally(True, np.zeros(0), np.zeros(0, np.int64))
        self.least, self.most = math.inf, -math.inf

    def add(self, other: Tally, ends: tuple[float, float]) -> None:
        """Add a block."""
        one = self.tally
        if one.exact != other.exact:
            one, other = binned(one), binned(other)
        self.least, self.most = min(self.least, ends[0]), max(self.most, ends[1])
        if add_counts is not None and not one.exact:
            self.tally = Tally(False, *add_counts([one.marks, other.marks], [one.counts, other.counts]))
            return
        places = np.searchsorted(one.marks, other.marks)
        known = places < len(one.marks)
        known[known] = one.marks[places[known]] == other.marks[known]
        if not known.all():
            marks = merged(one.marks, other.marks)
            counts = np.zeros(len(marks), np.int64)
            counts[np.searchsorted(marks, one.marks)] = one.counts
            one, places = Tally(one.exact, marks, counts), np.searchsorted(marks, other.marks)
        one.counts[places] += other.counts
        self.tally = binned(one) if one.exact and len(one.marks) > FEW else one

    def limits(self) -> tuple[Array, Array]:
        """Between which losses each entry of the tally lies."""
        return (self.tally.marks, self.tally.marks) if self.tally.exact else edges(self.tally.marks)

    def state(self) -> list[Any]:
        """All of it as plain data."""
        return [self.tally.exact, self.tally.marks.tolist(), self.tally.counts.tolist(), self.least, self.most]

    def take_up(self, state: list[Any]) -> None:
        """Go on from what `state` gave."""
        exact, marks, counts, self.least, self.most = state
        self.tally = Tally(exact, np.array(marks, float if exact else np.int64), np.array(counts, np.int64))


def binned(tally: Tally) -> Tally:
    """The tally by bins."""
    if not tally.exact or not len(tally.marks):
        return Tally(False, tally.marks.astype(np.int64), tally.counts)
    marks, first = np.unique(bins_of(tally.marks), return_index=True)
    return Tally(False, marks, np.add.reduceat(tally.counts, first))
