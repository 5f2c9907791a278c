"""The threshold of a sparse distribution over the classes of a row: what lies above it are its probabilities.

It is told by how much it is more than the largest score, the pivot's, less 1, and so lies in [0, 1): differences from
the largest score are exact where they matter, however large the scores are. Where probabilities are squares, halves of
scores are what lies above it.
"""

from __future__ import annotations

from .codes import SPARSE, SPARSE_SQUARES
from .headers import ClassRow, Excess, Row, Rowwise
from .language import Double, Int, Real, Reals, double, integer, noinline, real, stack_doubles
from .rowwise_parts import find_pivot, own_scores
from .sums import add_tile, clear, fold, tile_length


def is_sparse(c: Rowwise) -> Int:
    """Whether a law is of classes above a threshold."""
    return 1 if c.law_kind == SPARSE or c.law_kind == SPARSE_SQUARES else 0


def steepness(c: Rowwise) -> Real:
    """What scores are multiplied by before a threshold is taken off."""
    return 0.5 if c.law_kind == SPARSE_SQUARES else 1.0


def lost(c: Rowwise, threshold: Double) -> Double:
    """1 less the probability of the pivot."""
    squared = c.law_kind == SPARSE_SQUARES
    return threshold * (double(2.0) - threshold) if squared else threshold


def root_of_pivot(c: Rowwise, threshold: Double) -> Double:
    """The root of the probability of the pivot, or 1 where classes are counted."""
    return double(1.0) - threshold if c.law_kind == SPARSE_SQUARES else double(1.0)


def cost_of_pivot(c: Rowwise, threshold: Double) -> Double:
    """What the probability of the pivot adds to the loss."""
    square = threshold * threshold
    squared = c.law_kind == SPARSE_SQUARES
    return square * (double(3.0) - threshold) / double(1.5) if squared else double(0.5) * square


@noinline
def load_excesses(c: Rowwise, x: Reals, top: Real, s: Excess, first: Int, n: Int, z: Reals) -> Int:
    """By how much n scores from `first` are more than a threshold."""
    own_scores(c, x, first, n, z)
    near = real(s.near)
    rest = real(s.rest)
    steep = steepness(c)
    for i in range(n):
        z[i] = ((z[i] - top) * steep + near) + rest
    return 0


def set_threshold(threshold: Double, s: Excess) -> Int:
    """What a score may be below the top, 1 less a threshold, as a number of the data's dtype and its rest."""
    s.near = double(real(double(1.0) - threshold))
    s.rest = (double(1.0) - s.near) - threshold
    return 0


@noinline
def excess_over(c: Rowwise, x: Reals, pivot: Int, top: Real, s: Excess, z: Reals) -> Int:
    """The sums of what lies above a threshold beside the pivot's score, and how much counts there."""
    lanes = stack_doubles(32)
    roots = stack_doubles(32)
    clear(lanes)
    clear(roots)
    squared = 1 if c.law_kind == SPARSE_SQUARES else 0
    count = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        load_excesses(c, x, top, s, first, n, z)
        if pivot >= first and pivot < first + n:
            z[pivot - first] = 0.0
        above = 0
        for i in range(n):
            above += integer(z[i] > 0.0)
        count = count + above
        for i in range(n):
            z[i] = z[i] if not z[i] <= 0.0 else 0.0
        if squared == 1:
            add_tile(z, n, roots)
            for i in range(n):
                z[i] = z[i] * z[i]
        add_tile(z, n, lanes)
        first = first + n
    s.beyond = fold(lanes)
    s.roots = fold(roots) if squared == 1 else double(count)
    return 0


@noinline
def measure_sparse(c: Rowwise, x: Reals, label: Int, label_score: Double, s: ClassRow, z: Reals) -> Int:
    """The pivot, and the threshold at which the others are above it by as much as it is itself: the probability of the
    pivot is 1 less that. By Newton steps, none of them too long."""
    row = Row()
    found = Excess()
    find_pivot(c, x, label, row, z)
    top = real(row.top)
    threshold = double(0.0)
    moved = 1
    while moved == 1:
        set_threshold(threshold, found)
        excess_over(c, x, row.pivot, top, found, z)
        s.support = root_of_pivot(c, threshold) + found.roots
        missing = found.beyond - lost(c, threshold)
        step = missing / s.support
        # the sum of squares falls twice as fast
        following = threshold + (double(0.5) * step if c.law_kind == SPARSE_SQUARES else step)
        moved = integer(real(following) > real(threshold))
        # NaN ends it, and stays
        threshold = threshold if following <= threshold else following
    set_threshold(threshold, found)
    s.threshold = threshold
    s.taken = row.top
    s.rest = double(0.0) - found.near
    s.less = double(0.0) - found.rest
    s.beside = found.roots
    s.cost = cost_of_pivot(c, threshold)
    if row.pivot != label:
        s.cost = s.cost + (row.top - label_score)
    return row.pivot
