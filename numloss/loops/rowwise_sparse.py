"""The threshold of a sparse distribution over the classes of a row: what lies above it are its probabilities."""

from __future__ import annotations

from .headers import ClassRow, Excess, Rowwise
from .language import Int, Real, Reals, double, integer, noinline, real, stack_doubles
from .rowwise_parts import own_scores, tile_maximum
from .sums import add_tile, clear, fold, tile_length


@noinline
def load_excesses(c: Rowwise, x: Reals, label: Int, top: Real, first: Int, n: Int, z: Reals) -> Int:
    """By how much n scores from `first` are more than that of the label less 1, which has no part in it."""
    own_scores(c, x, first, n, z)
    for i in range(n):
        z[i] = (z[i] - top) + 1.0
    if label >= first and label < first + n:
        z[label - first] = 0.0
    return 0


@noinline
def excess_over(c: Rowwise, x: Reals, label: Int, top: Real, threshold: Real, s: Excess, z: Reals) -> Int:
    """How many excesses lie above a threshold."""
    lanes = stack_doubles(32)
    clear(lanes)
    count = 0
    peak = real(-1e999)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        load_excesses(c, x, label, top, first, n, z)
        highest = tile_maximum(z, n)
        peak = highest if highest > peak else peak
        above = 0
        for i in range(n):
            above += integer(z[i] > threshold)
        count = count + above
        for i in range(n):
            z[i] = z[i] - threshold if not z[i] <= threshold else 0.0
        add_tile(z, n, lanes)
        first = first + n
    s.largest = double(peak)
    s.beyond = fold(lanes)
    return count


@noinline
def sparse_threshold(c: Rowwise, x: Reals, label: Int, top: Real, s: ClassRow, z: Reals) -> Int:
    """Where the excesses above it add up to itself, or to 1 if it is more; by Newton steps, none of them too long."""
    found = Excess()
    excess_over(c, x, label, top, 0.0, found, z)
    threshold = real(found.largest) - 1.0
    if not threshold > 0.0:
        threshold = 0.0
    moved = 1
    while moved == 1:
        count = excess_over(c, x, label, top, threshold, found, z)
        missing = found.beyond - (double(threshold) if threshold < 1.0 else double(1.0))
        if threshold < 1.0:
            count = count + 1
        s.support = double(count)
        following = real(double(threshold) + missing / double(count)) if count > 0 else threshold
        moved = integer(following > threshold)
        # NaN ends it, and stays
        threshold = threshold if following <= threshold else following
    s.threshold = double(threshold)
    return 0
