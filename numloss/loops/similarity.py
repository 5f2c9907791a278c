"""Losses of pairs of a batch by themselves: a law of each score, some rows of scores a block; the header is Pairs."""

from __future__ import annotations

from .headers import Pairs, Result
from .language import (
    Double,
    Int,
    Real,
    Reals,
    address,
    array_data,
    call_tile,
    double,
    noinline,
    offset,
    real,
    reals,
    stack_ints,
    stack_reals,
)
from .sums import begin_block, block_stop, tile_length, values_sum


@noinline
def weigh_pairs(slopes: Reals, n: Int, weight: Real, out: Reals) -> Int:
    """Slopes times a weight; where that is 0 they are 0, whatever they were."""
    if weight != 0.0:
        for i in range(n):
            out[i] = slopes[i] * weight
    else:
        for i in range(n):
            out[i] = 0.0
    return 0


@noinline
def similar_row(c: Pairs, x: Reals, label: Int, weight: Real, own: Reals) -> Double:
    """The law of all pairs of a row, added up; with a mode their slopes take the place of their scores."""
    pointers = stack_ints(4)
    params = stack_reals(4)
    values = stack_reals(512)
    slopes = stack_reals(512)
    for k in range(4):
        params[k] = real(c.params[k])
    pointers[1] = address(own)
    pointers[2] = address(values)
    pointers[3] = address(slopes)
    total = double(0.0)
    first = 0
    while first < c.columns:
        n = tile_length(first, c.columns)
        scores = offset(x, first)
        inside = 1 if label >= first and label < first + n else 0
        if inside == 1:
            own[label - first] = 1.0
        pointers[0] = address(scores)
        call_tile(c.tile, pointers, params, n)
        if inside == 1:
            own[label - first] = 0.0
        total = total + values_sum(values, n)
        if c.mode > 0:
            weigh_pairs(slopes, n, weight, scores)
        first = first + n
    return total


def pairs_block(c: Pairs, partial: Result, block: Int) -> Int:
    """The rows of a block; what each of them belongs to is as far from `label` as it is from the first."""
    begin_block(partial)
    own = stack_reals(512)
    for i in range(512):
        own[i] = 0.0
    scores = reals(array_data(c.scores))
    weights = reals(array_data(c.weights))
    values = reals(array_data(c.values))
    for row in range(block * c.block, block_stop(c.rows, c.block, block)):
        weight = weights[row]
        total = similar_row(c, offset(scores, row * c.columns), c.label + row, weight, own)
        values[row] = real(total * double(weight)) if weight != 0.0 else 0.0
    return 0
