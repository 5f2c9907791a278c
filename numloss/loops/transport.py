"""Sinkhorn's iterations for two clouds of points, whose costs are the law of Clouds.

A step goes over the costs once. For each point of the first cloud the powers of what it had as a potential give its new
one; they are divided by their sum, and what then arrives at each point of the second cloud is added up. No power
overflows, since a plan is no more than its masses; where all of a row vanish, as with a new potential that is far away,
the largest is looked for first.
"""

from __future__ import annotations

from ..scalar import fma
from .clouds import costs_of_points, kept_of, plan_tile
from .codes import NO_MEMORY, POWERS_KEPT, POWERS_MADE
from .headers import Clouds, Result
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    apart,
    array_data,
    double,
    double_exp,
    double_log,
    doubles,
    give_back,
    ints,
    noinline,
    offset,
    real,
    reals,
    run_maximum,
    stack_doubles,
    stack_reals,
    take_memory,
)
from .sums import begin_block, block_stop, report, tile_length, tile_sum

# Rows whose shares are added up in the dtype of the data.
RUN = 32


@noinline
def powers_of_row(c: Clouds, sample: Int, row: Int, shift: Real, out: Reals) -> Double:
    """The powers of a row, and the sum of them times the masses of the other cloud."""
    weighted = stack_reals(512)
    computed = stack_reals(512)
    rate = real(doubles(array_data(c.rates))[sample])
    others = offset(reals(array_data(c.others)), sample * c.columns)
    masses = offset(reals(array_data(c.other_masses)), sample * c.columns)
    total = double(0.0)
    first = 0
    while first < c.columns:
        n = tile_length(first, c.columns)
        costs = costs_of_points(c, sample, row, first, n, computed, weighted)
        beside = offset(masses, first)
        plan_tile(costs, offset(others, first), beside, shift, rate, real(c.low), n, offset(out, first), weighted)
        total = total + tile_sum(weighted, n)
        first = first + n
    return total


@noinline
@apart
def exponents_of_plan(costs: Reals, others: Reals, masses: Reals, rate: Real, low: Real, n: Int, out: Reals) -> Int:
    """Potentials less costs; where there is no mass they are low."""
    for j in range(n):
        x = fma(-rate, costs[j], others[j])
        out[j] = x if masses[j] != 0.0 else low
    return 0


@noinline
def largest_exponent(c: Clouds, sample: Int, row: Int) -> Real:
    """The largest of the potentials of the other cloud less costs."""
    computed = stack_reals(512)
    values = stack_reals(512)
    rate = real(doubles(array_data(c.rates))[sample])
    others = offset(reals(array_data(c.others)), sample * c.columns)
    masses = offset(reals(array_data(c.other_masses)), sample * c.columns)
    lowest = real(-1e38)
    top = lowest
    first = 0
    while first < c.columns:
        n = tile_length(first, c.columns)
        costs = costs_of_points(c, sample, row, first, n, computed, values)
        exponents_of_plan(costs, offset(others, first), offset(masses, first), rate, lowest, n, values)
        found = run_maximum(values, n)
        top = top if top > found else found
        first = first + n
    return top


@noinline
@apart
def add_share(powers: Reals, ratio: Real, n: Int, room: Reals) -> Int:
    """Add the powers of a row, times a number, to those of others."""
    for j in range(n):
        room[j] = fma(ratio, powers[j], room[j])
    return 0


@noinline
@apart
def add_shares(one: Reals, two: Reals, three: Reals, four: Reals, ratios: Reals, n: Int, room: Reals) -> Int:
    """Add the powers of four rows, times a number each, to those of others."""
    p = ratios[0]
    q = ratios[1]
    r = ratios[2]
    s = ratios[3]
    for j in range(n):
        room[j] = fma(s, four[j], fma(r, three[j], fma(q, two[j], fma(p, one[j], room[j]))))
    return 0


@noinline
def deliver_shares(room: Reals, n: Int, shares: Doubles) -> Int:
    """Add what was added up to the shares, and begin anew."""
    for j in range(n):
        shares[j] = shares[j] + double(room[j])
        room[j] = 0.0
    return 0


@noinline
def fresh_row(c: Clouds, sample: Int, row: Int, out: Reals, told: Doubles) -> Double:
    """The powers of a row and their sum. Told are the potential that they are of, and what the sum of the plan was."""
    before = doubles(array_data(c.potentials))[sample * c.rows + row]
    shift = real(before)
    total = powers_of_row(c, sample, row, shift, out)
    told[1] = total * (double(1.0) + (before - double(shift)))
    if not (total > c.least and total < c.most):
        shift = -largest_exponent(c, sample, row)
        total = powers_of_row(c, sample, row, shift, out)
        told[1] = double(0.0) if total == total else total
    told[0] = double(shift)
    return total


@noinline
@apart
def weigh_powers(
    one: Reals, two: Reals, three: Reals, four: Reals, weights: Reals, n: Int, by_one: Reals, by_two: Reals,
    by_three: Reals, by_four: Reals,
) -> Int:  # fmt: skip
    """Powers of four rows times what they count with."""
    for j in range(n):
        w = weights[j]
        by_one[j] = one[j] * w
        by_two[j] = two[j] * w
        by_three[j] = three[j] * w
        by_four[j] = four[j] * w
    return 0


def kept_powers(c: Clouds, sample: Int, row: Int) -> Reals:
    """The powers that are kept of a row; of what is beyond the last row of a sample those of that."""
    inside = row if row < c.rows else c.rows - 1
    return offset(reals(array_data(c.costs)), (sample * c.rows + inside) * c.columns)


@noinline
def sum_kept_rows(c: Clouds, sample: Int, row: Int, totals: Doubles) -> Int:
    """The sums of the powers that are kept of four rows."""
    room = stack_reals(2048)
    weights = offset(reals(array_data(c.weights)), sample * c.columns)
    first = 0
    for k in range(4):
        totals[k] = double(0.0)
    while first < c.columns:
        n = tile_length(first, c.columns)
        weigh_powers(
            offset(kept_powers(c, sample, row), first), offset(kept_powers(c, sample, row + 1), first),
            offset(kept_powers(c, sample, row + 2), first), offset(kept_powers(c, sample, row + 3), first),
            offset(weights, first), n, room, offset(room, 512), offset(room, 1024), offset(room, 1536),
        )  # fmt: skip
        for k in range(4):
            totals[k] = totals[k] + tile_sum(offset(room, 512 * k), n)
        first = first + n
    return 0


@noinline
def keep_row(c: Clouds, sample: Int, row: Int, powers: Reals, shift: Double) -> Int:
    """Keep the powers of a row in place of its costs."""
    at = sample * c.rows + row
    kept = offset(reals(array_data(c.costs)), at * c.columns)
    for j in range(c.columns):
        kept[j] = powers[j]
    doubles(array_data(c.references))[at] = shift
    return 0


@noinline
def settle_row(c: Clouds, sample: Int, row: Int, total: Double, shift: Double, was: Double) -> Real:
    """The new potential of a row, and by how much its plan was off; returns what its powers are multiplied by."""
    at = sample * c.rows + row
    apart_by = was - double(1.0)
    found = shift - double_log(total)
    before = doubles(array_data(c.potentials))[at]
    # in one cloud a step w of the way leaves 1 - w (1 + l) of what is amiss, with l in [0, 1]: a third at most here
    partly = (before + double(2.0) * found) / double(3.0)
    doubles(array_data(c.updated))[at] = partly if c.partly != 0 else found
    doubles(array_data(c.sums))[at] = -apart_by if apart_by < double(0.0) else apart_by
    mass = double(reals(array_data(c.masses))[at])
    return real(mass / total) if mass != double(0.0) else 0.0


@noinline
def step_row(c: Clouds, sample: Int, row: Int, out: Reals, room: Reals) -> Int:
    """A step of a row whose powers are not kept."""
    told = stack_doubles(2)
    total = fresh_row(c, sample, row, out, told)
    if kept_of(c, sample) == POWERS_MADE and c.costs != 0:
        keep_row(c, sample, row, out, told[0])
    ratio = settle_row(c, sample, row, total, told[0], told[1])
    if c.shares != 0:
        add_share(out, ratio, c.columns, room)
    return 0


@noinline
def step_kept_rows(c: Clouds, sample: Int, row: Int, count: Int, out: Reals, room: Reals) -> Int:
    """A step of up to four rows whose powers are kept; those that are too far from what they are of are made anew."""
    totals = stack_doubles(4)
    ratios = stack_reals(4)
    sum_kept_rows(c, sample, row, totals)
    for k in range(4):
        ratios[k] = 0.0
        if k < count:
            at = sample * c.rows + row + k
            total = totals[k]
            if total > c.least and total < c.most:
                reference = doubles(array_data(c.references))[at]
                was = total * double_exp(doubles(array_data(c.potentials))[at] - reference)
                ratios[k] = settle_row(c, sample, row + k, total, reference, was)
            else:
                step_row(c, sample, row + k, out, room)
    if c.shares != 0:
        add_shares(
            kept_powers(c, sample, row), kept_powers(c, sample, row + 1), kept_powers(c, sample, row + 2),
            kept_powers(c, sample, row + 3), ratios, c.columns, room,
        )  # fmt: skip
    return 0


def transport_rows_block(c: Clouds, partial: Result, block: Int) -> Int:
    """New potentials of some points of the first cloud of a sample, and what they send to each point of the second."""
    begin_block(partial)
    sample = block // c.blocks
    part = block % c.blocks
    if ints(array_data(c.settled))[sample] != 0:
        return 0
    taken = take_memory(2 * c.itemsize * (c.columns + 16))
    if taken == 0:
        report(partial, block, NO_MEMORY)
        return 0
    out = reals(taken)
    room = offset(out, c.columns + 16)
    columns = c.columns if c.shares != 0 else 0
    shares = doubles(taken)
    if c.shares != 0:
        shares = offset(doubles(array_data(c.shares)), block * c.columns)
    for j in range(columns):
        shares[j] = double(0.0)
        room[j] = 0.0
    row = part * c.block
    stop = block_stop(c.rows, c.block, part)
    while row < stop:
        count = stop - row if stop - row < 4 else 4
        if kept_of(c, sample) == POWERS_KEPT:
            step_kept_rows(c, sample, row, count, out, room)
        else:
            for k in range(count):
                step_row(c, sample, row + k, out, room)
        row = row + count
        if row % RUN == 0:
            deliver_shares(room, columns, shares)
    deliver_shares(room, columns, shares)
    give_back(taken)
    return 0


@noinline
def meet_shares(c: Clouds, sample: Int, first: Int, n: Int, potentials: Doubles) -> Int:
    """New potentials from what all rows send; where that vanishes, the sample is lost."""
    total = stack_doubles(512)
    for j in range(n):
        total[j] = double(0.0)
    for k in range(c.blocks):
        shares = offset(doubles(array_data(c.shares)), (sample * c.blocks + k) * c.columns + first)
        for j in range(n):
            total[j] = total[j] + shares[j]
    rounded = offset(reals(array_data(c.others)), sample * c.columns + first)
    references = offset(doubles(array_data(c.other_references)), sample * c.columns + first)
    for j in range(n):
        if total[j] < c.least:
            ints(array_data(c.lost))[sample] = 1
        beside = references[j] if kept_of(c, sample) == POWERS_KEPT else double(rounded[j])
        potentials[j] = beside - double_log(total[j])
    return 0


def transport_columns_block(c: Clouds, partial: Result, block: Int) -> Int:
    """New potentials of 512 points of the second cloud, if there are shares, and what follows from potentials."""
    begin_block(partial)
    tiles = (c.columns + 511) // 512
    sample = block // tiles
    if ints(array_data(c.settled))[sample] != 0:
        return 0
    first = block % tiles * 512
    n = tile_length(first, c.columns)
    at = sample * c.columns + first
    potentials = offset(doubles(array_data(c.others_exact)), at)
    references = offset(doubles(array_data(c.other_references)), at)
    rounded = offset(reals(array_data(c.others)), at)
    masses = offset(reals(array_data(c.other_masses)), at)
    weights = offset(reals(array_data(c.weights)), at)
    if c.shares != 0:
        meet_shares(c, sample, first, n, potentials)
    for j in range(n):
        if kept_of(c, sample) == POWERS_MADE:
            references[j] = double(rounded[j])
        rounded[j] = real(potentials[j])
        weights[j] = real(double(masses[j]) * double_exp(potentials[j] - references[j]))
    return 0
