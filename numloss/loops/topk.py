"""Rows whose target names K of the classes: rows of K + 1 entries that stand for them, and the way back.

The entries are those of the named classes and one of the rest, in float64 and over the temperature: that of the scores
is the logarithm of the sum of the powers of all others, that of the target what its probabilities leave of 1. A
divergence of such rows is one of any rows; what its slope and curvature are at the rest is shared out to the others.
"""

from __future__ import annotations

from ..scalar import exp_below, fma
from .codes import CURVATURE, REST_DROPPED, REST_OF_BOTH
from .headers import Result, Topk
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    double_exp,
    double_exp_below,
    double_log,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_reals,
)
from .rowwise_parts import curvature_at, gradient_at, load_row, scores_at, tile_maximum
from .sums import begin_block, block_stop, clear, fold, tile_length


@noinline
def load_others(c: Topk, x: Reals, ordered: Ints, k: Int, first: Int, n: Int, z: Reals) -> Int:
    """Scores of n classes from `first`, -inf for those that are named, from the k-th of these on; how many are done."""
    load_row(c.rows, x, -1, first, n, z)
    while k < c.count and ordered[k] < first + n:
        if ordered[k] >= first:
            z[ordered[k] - first] = -1e999
        k = k + 1
    return k


@noinline
def rest_of_row(c: Topk, x: Reals, ordered: Ints) -> Double:
    """The logarithm of the sum of e^(score / T) of the classes that are not named."""
    z = stack_reals(512)
    powers = stack_doubles(512)
    lanes = stack_doubles(32)
    clear(lanes)
    classes = c.rows.classes
    inverse = double(1.0) / c.rows.temperature
    base = double(-1e999)
    k = 0
    first = 0
    while first < classes:
        n = tile_length(first, classes)
        k = load_others(c, x, ordered, k, first, n, z)
        peak = double(tile_maximum(z, n)) * inverse
        if peak > base:
            # what was added up so far is counted in a larger unit from here on
            shrunk = double_exp(base - peak)
            for i in range(32):
                lanes[i] = lanes[i] * shrunk
            base = peak
        here = base if base > double(-1e999) else double(0.0)
        for i in range(n):
            powers[i] = double_exp_below(double(z[i]) * inverse - here, double(0.0))
        for i in range(n, 512):
            powers[i] = double(0.0)
        for at in range(0, 512, 32):
            for i in range(32):
                lanes[i] = lanes[i] + powers[at + i]
        first = first + n
    base = base if base > double(-1e999) else double(0.0)
    return base + double_log(fold(lanes))


@noinline
def left_of(logs: Doubles, named: Ints, count: Int, classes: Int) -> Double:
    """The logarithm of what the named probabilities leave of 1: nothing where no class is left, or by rounding."""
    total = double(0.0)
    filled = 0
    for k in range(count):
        total = total + (double_exp(logs[k]) if named[k] >= 0 else double(0.0))
        filled = filled + (1 if named[k] >= 0 else 0)
    nothing = total >= double(1.0) or filled == classes
    return double(-1e999) if nothing else double_log1p(double(0.0) - total)


def topk_gather_block(c: Topk, partial: Result, block: Int) -> Int:
    """The rows that stand for those of a block; a class -1 is in neither of them."""
    begin_block(partial)
    count = c.count
    stop = block_stop(c.rows.rows, c.rows.block, block)
    row = block * c.rows.block
    while row < stop:
        x = scores_at(c.rows, row)
        named = offset(ints(array_data(c.indices)), row * count)
        ordered = offset(ints(array_data(c.ordered)), row * count)
        logs = offset(doubles(array_data(c.logs)), row * count)
        own = offset(doubles(array_data(c.own)), row * (count + 1))
        given = offset(doubles(array_data(c.given)), row * (count + 1))
        for k in range(count):
            j = named[k]
            place = j if j > 0 else 0
            score = double(x[place * c.rows.pred_steps.classes]) / c.rows.temperature
            own[k] = score if j >= 0 else double(-1e999)
            given[k] = logs[k] if j >= 0 else double(-1e999)
        own[count] = double(-1e999) if c.rest == REST_DROPPED else rest_of_row(c, x, ordered)
        given[count] = left_of(logs, named, count, c.rows.classes) if c.rest == REST_OF_BOTH else double(-1e999)
        row = row + 1
    return 0


def bend_of_other(bound: Int, w: Real, slope: Real, bend: Real) -> Real:
    """The curvature of a class that has a share w of the rest, from slope and curvature there."""
    most = bend * (w if w > 1e-16 else 1e-16) + (slope * w if slope > 0.0 else 0.0)
    return most if bound == 1 else bend * w * w + slope * w * (1.0 - w)


@noinline
def put_beside(values: Reals, first: Int, n: Int, steps: Int, keep: Real, out: Reals) -> Int:
    """Numbers of n classes from `first` to where they are wanted, beside what is kept of those that are there."""
    if keep > 0.0:
        for i in range(n):
            values[i] = values[i] + out[(first + i) * steps] * keep
    if steps == 1:
        for i in range(n):
            out[first + i] = values[i]
    else:
        for i in range(n):
            out[(first + i) * steps] = values[i]
    return 0


@noinline
def shares_of(z: Reals, n: Int, inverse: Double, rest: Double) -> Int:
    """What n classes have of the rest, in place of their scores."""
    most = real(rest)
    low = real(rest - double(most))
    own = real(inverse)
    less = real(inverse - double(own))
    if rest > double(-1e999):
        for i in range(n):
            lost = fma(z[i], less, -low) if z[i] > -1e999 else 0.0
            z[i] = exp_below(fma(z[i], own, -most) + lost, 0.0)
    else:
        for i in range(n):
            z[i] = 0.0
    return 0


@noinline
def put_others(c: Topk, x: Reals, row: Int, rest: Double, g: Reals, h: Reals) -> Int:
    """Slopes and curvatures of the classes that are not named, 0 for those that are, beside what is kept of g and h."""
    z = stack_reals(512)
    found = stack_reals(512)
    ordered = offset(ints(array_data(c.ordered)), row * c.count)
    last = row * (c.count + 1) + c.count
    inverse = double(1.0) / c.rows.temperature
    slope = doubles(array_data(c.slopes))[last] * c.factor * inverse
    bend = real(doubles(array_data(c.bends))[last] * c.factor * inverse * inverse)
    keep = real(c.keep)
    pull = real(slope)
    turn = real(slope * inverse)
    bound = c.rows.bound
    direct = c.rows.gradient_steps.classes == 1 and keep <= 0.0
    k = 0
    first = 0
    while first < c.rows.classes:
        n = tile_length(first, c.rows.classes)
        k = load_others(c, x, ordered, k, first, n, z)
        shares_of(z, n, inverse, rest)
        straight = offset(g, first) if direct else found
        for i in range(n):
            straight[i] = pull * z[i]
        if not direct:
            put_beside(found, first, n, c.rows.gradient_steps.classes, keep, g)
        if c.rows.mode == CURVATURE:
            for i in range(n):
                found[i] = bend_of_other(bound, z[i], turn, bend)
            put_beside(found, first, n, c.rows.curvature_steps.classes, keep, h)
        first = first + n
    return 0


def topk_scatter_block(c: Topk, partial: Result, block: Int) -> Int:
    """Gradients, and curvatures, of the rows of a block from those of the rows that stand for them."""
    begin_block(partial)
    count = c.count
    stop = block_stop(c.rows.rows, c.rows.block, block)
    row = block * c.rows.block
    inverse = double(1.0) / c.rows.temperature
    while row < stop:
        x = scores_at(c.rows, row)
        g = gradient_at(c.rows, row)
        h = curvature_at(c.rows, row)
        named = offset(ints(array_data(c.indices)), row * count)
        at = row * (count + 1)
        put_others(c, x, row, doubles(array_data(c.own))[at + count], g, h)
        for k in range(count):
            if named[k] >= 0:
                place = named[k] * c.rows.gradient_steps.classes
                g[place] = g[place] + real(doubles(array_data(c.slopes))[at + k] * c.factor * inverse)
                if c.rows.mode == CURVATURE:
                    place = named[k] * c.rows.curvature_steps.classes
                    bend = doubles(array_data(c.bends))[at + k] * c.factor * inverse * inverse
                    h[place] = h[place] + real(bend)
        row = row + 1
    return 0
