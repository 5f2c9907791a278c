"""The threshold of a sparse distribution over the classes of a row: what lies above it are its probabilities.

It is told by how much it is more than the largest score, the pivot's, less 1, and so lies in [0, 1): differences from
the largest score are exact where they matter, however large the scores are.
"""

from __future__ import annotations

from .headers import ClassRow, Excess, Row, Rowwise
from .language import Double, Int, Real, Reals, double, integer, noinline, real, stack_doubles
from .rowwise_parts import find_pivot, own_scores
from .sums import add_tile, clear, fold, tile_length


@noinline
def load_excesses(c: Rowwise, x: Reals, top: Real, s: Excess, first: Int, n: Int, z: Reals) -> Int:
    """By how much n scores from `first` are more than a threshold."""
    own_scores(c, x, first, n, z)
    near = real(s.near)
    rest = real(s.rest)
    for i in range(n):
        z[i] = ((z[i] - top) + near) + rest
    return 0


def set_threshold(threshold: Double, s: Excess) -> Int:
    """What a score may be below the top, 1 less a threshold, as a number of the data's dtype and its rest."""
    s.near = double(real(double(1.0) - threshold))
    s.rest = (double(1.0) - s.near) - threshold
    return 0


@noinline
def excess_over(c: Rowwise, x: Reals, pivot: Int, top: Real, s: Excess, z: Reals) -> Int:
    """How many scores beside the pivot's lie above a threshold, and the sum of what they are above it."""
    lanes = stack_doubles(32)
    clear(lanes)
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
        add_tile(z, n, lanes)
        first = first + n
    s.beyond = fold(lanes)
    return count


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
        count = excess_over(c, x, row.pivot, top, found, z)
        s.support = double(count + 1)
        following = threshold + (found.beyond - threshold) / s.support
        moved = integer(real(following) > real(threshold))
        # NaN ends it, and stays
        threshold = threshold if following <= threshold else following
    set_threshold(threshold, found)
    s.threshold = threshold
    s.taken = row.top
    s.rest = double(0.0) - found.near
    s.less = double(0.0) - found.rest
    s.cost = double(0.5) * threshold * threshold
    if row.pivot != label:
        s.cost = s.cost + (row.top - label_score)
    return row.pivot
