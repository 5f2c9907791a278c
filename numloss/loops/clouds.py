"""Points of a cloud, each with all points of another one: a law of their squared distance; the header is Clouds.

A distance is the sum of squared differences of entries, not of products, so that points near to each other keep their
digits wherever they lie.
"""

from __future__ import annotations

from ..scalar import exp_below, fma, maximum
from .codes import COSTS_MADE, POWERS_KEPT
from .headers import Clouds, Result
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    address,
    apart,
    array_data,
    call_tile,
    double,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_ints,
    stack_reals,
)
from .sums import begin_block, block_stop, tile_length, tile_sum, values_sum


@noinline
@apart
def squared_distances(x: Reals, y: Reals, columns: Int, entries: Int, n: Int, out: Reals) -> Int:
    """Squared distances of a point to n others, each entry of which lies so many columns from the next."""
    for j in range(n):
        out[j] = 0.0
    whole = entries - entries % 4
    for k in range(0, whole, 4):
        a = x[k]
        b = x[k + 1]
        c = x[k + 2]
        d = x[k + 3]
        p = offset(y, k * columns)
        q = offset(p, columns)
        r = offset(q, columns)
        s = offset(r, columns)
        for j in range(n):
            left = fma(a - p[j], a - p[j], (b - q[j]) * (b - q[j]))
            right = fma(c - r[j], c - r[j], (d - s[j]) * (d - s[j]))
            out[j] = out[j] + (left + right)
    for k in range(whole, entries):
        a = x[k]
        p = offset(y, k * columns)
        for j in range(n):
            out[j] = fma(a - p[j], a - p[j], out[j])
    return 0


@noinline
def add_scale(values: Reals, more: Reals, n: Int) -> Int:
    """Add n terms to others."""
    for j in range(n):
        values[j] = values[j] + more[j]
    return 0


@noinline
def law_of_points(c: Clouds, sample: Int, row: Int, first: Int, n: Int, values: Reals, pulls: Reals) -> Int:
    """The law of a point and n others, added up over its scales, and what their differences pull with."""
    squares = stack_reals(512)
    more = stack_reals(512)
    more_pulls = stack_reals(512)
    params = stack_reals(4)
    units = stack_reals(512)
    pointers = stack_ints(4)
    x = offset(reals(array_data(c.first)), (sample * c.rows + row) * c.entries)
    y = offset(reals(array_data(c.second)), sample * c.columns * c.entries + first)
    squared_distances(x, y, c.columns, c.entries, n, squares)
    unit = real(doubles(array_data(c.units))[sample])
    for j in range(n):
        units[j] = unit
    given = doubles(array_data(c.params))
    pointers[0] = address(squares)
    pointers[1] = address(units)
    for scale in range(c.scales):
        for k in range(c.count):
            params[k] = real(given[scale * c.count + k])
        pointers[2] = address(values)
        pointers[3] = address(pulls)
        if scale > 0:
            pointers[2] = address(more)
            pointers[3] = address(more_pulls)
        call_tile(c.tile, pointers, params, n)
        if scale > 0:
            add_scale(values, more, n)
            if c.mode > 0:
                add_scale(pulls, more_pulls, n)
    return 0


def kept_of(c: Clouds, sample: Int) -> Int:
    """What is kept of the plan of a sample."""
    return ints(array_data(c.keeps))[sample]


def costs_of_points(c: Clouds, sample: Int, row: Int, first: Int, n: Int, values: Reals, pulls: Reals) -> Reals:
    """The law of a point and n others: where it was kept, or is computed now."""
    keeps = kept_of(c, sample)
    if c.costs == 0 or keeps == POWERS_KEPT:
        law_of_points(c, sample, row, first, n, values, pulls)
        return values
    kept = offset(reals(array_data(c.costs)), (sample * c.rows + row) * c.columns + first)
    if keeps == COSTS_MADE:
        law_of_points(c, sample, row, first, n, kept, pulls)
    return kept


@noinline
@apart
def plan_tile(
    costs: Reals, others: Reals, masses: Reals, shift: Real, rate: Real, low: Real, n: Int, out: Reals, weighted: Reals
) -> Int:  # fmt: skip
    """The powers of potentials less costs, and these times the masses of the other cloud."""
    for j in range(n):
        power = exp_below(maximum(low, fma(-rate, costs[j], others[j] + shift)), 0.0)
        out[j] = power
        weighted[j] = power * masses[j]
    return 0


@noinline
def multiply_by(values: Reals, n: Int, out: Reals) -> Int:
    """Multiply n numbers by others."""
    for j in range(n):
        out[j] = out[j] * values[j]
    return 0


def plan_points(c: Clouds, sample: Int, row: Int, first: Int, n: Int, costs: Reals, plan: Reals) -> Int:
    """What goes from a point to n others, over its mass."""
    powers = stack_reals(512)
    at = sample * c.columns + first
    shift = real(doubles(array_data(c.potentials))[sample * c.rows + row])
    rate = real(doubles(array_data(c.rates))[sample])
    others = offset(reals(array_data(c.others)), at)
    masses = offset(reals(array_data(c.other_masses)), at)
    plan_tile(costs, others, masses, shift, rate, real(c.low), n, powers, plan)
    return 0


@noinline
@apart
def pull_entry(x: Real, y: Reals, pulls: Reals, n: Int, out: Reals) -> Int:
    """What n others pull a point with in one entry."""
    for j in range(n):
        out[j] = pulls[j] * (x - y[j])
    return 0


@noinline
def pull_point(
    x: Reals, y: Reals, columns: Int, entries: Int, n: Int, pulls: Reals, factor: Double, slopes: Doubles
) -> Int:  # fmt: skip
    """Add what n others pull a point with to its gradient."""
    terms = stack_reals(512)
    for k in range(entries):
        pull_entry(x[k], offset(y, k * columns), pulls, n, terms)
        slopes[k] = slopes[k] + factor * tile_sum(terms, n)
    return 0


@noinline
def walk_point(c: Clouds, sample: Int, row: Int) -> Double:
    """The law of a point and all others, added up; its gradient, if there is one, is added to what it was."""
    values = stack_reals(512)
    pulls = stack_reals(512)
    plan = stack_reals(512)
    at = sample * c.rows + row
    factor = double(0.0)
    if c.mode > 0:
        factor = doubles(array_data(c.factors))[sample]
        if c.plan != 0:
            factor = factor * double(reals(array_data(c.masses))[at])
    total = double(0.0)
    first = 0
    while first < c.columns:
        n = tile_length(first, c.columns)
        law_of_points(c, sample, row, first, n, values, pulls)
        terms = values
        if c.plan != 0:
            terms = plan
            plan_points(c, sample, row, first, n, values, plan)
            if c.mode > 0:
                multiply_by(plan, n, pulls)
        if c.own != 0 and row >= first and row < first + n:
            values[row - first] = 0.0
            pulls[row - first] = 0.0
        total = total + values_sum(terms, n)
        # what counts nothing pulls nothing, whatever it is
        if factor != double(0.0):
            x = offset(reals(array_data(c.first)), at * c.entries)
            y = offset(reals(array_data(c.second)), sample * c.columns * c.entries + first)
            slopes = offset(doubles(array_data(c.slopes)), at * c.entries)
            pull_point(x, y, c.columns, c.entries, n, pulls, factor, slopes)
        first = first + n
    return total


def clouds_block(c: Clouds, partial: Result, block: Int) -> Int:
    """Some points of a sample with all of the other cloud."""
    begin_block(partial)
    sample = block // c.blocks
    part = block % c.blocks
    sums = doubles(array_data(c.sums))
    for row in range(part * c.block, block_stop(c.rows, c.block, part)):
        sums[sample * c.rows + row] = walk_point(c, sample, row)
    return 0
