"""The distribution of a list against that of its targets: ListNet, and XE-NDCG. The header is Ranked.

Of both lists the largest entry is set aside: the others add up to what its probability lacks, with all digits. Where
several are the largest they are counted.

Short lists share a tile, each filled up to whole sixteens by scores of -inf, which add nothing: a step is done for all
lists of the tile before the next, so that none waits for the one before. What is known of the scores, or the targets,
of up to 32 lists are four columns: the largest entry, its power, the sum of the other powers, how many are as large.

The distribution of the targets is that of their powers, or, with `gains`, of 2^target less a number of each row: what
is read are gains then, and each is its own power.
"""

from __future__ import annotations

from ..scalar import exp_below, round_shift
from .headers import Operand, Ranked, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    double_log1p,
    integer,
    ints,
    noinline,
    offset,
    real,
    run_maximum,
    run_sum_wide,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch
from .ranked import begin_group, begin_lists, end_group
from .rowwise_parts import base_of, exponentials
from .sums import sixteens, tile_sum


def power_of_top(top: Real) -> Real:
    """The exponential of the largest entry, near 1: what `exponentials` would make of it."""
    base = base_of(top)
    return exp_below(top - base, round_shift(top - base))


@noinline
def fill_sixteens(z: Reals, n: Int, out: Reals) -> Int:
    """Copy n entries and fill up to whole sixteens; returns how many that are."""
    count = (n + 15) // 16 * 16
    last = offset(out, count - 16)
    for i in range(16):
        last[i] = -1e999
    if n < 16:
        for i in range(n):
            out[i] = z[i]
        return count
    for i in range(n // 16 * 16):
        out[i] = z[i]
    # the last sixteen once more, instead of a rest that is taken one by one
    rest = offset(z, n - 16)
    last = offset(out, n - 16)
    for i in range(16):
        last[i] = rest[i]
    return count


@noinline
def lists_of_tile(pointers: Ints, group: Int, last: Int) -> Int:
    """How many lists from a group on share a tile; one that is longer has several for itself."""
    room = 512 - sixteens(pointers[group + 1] - pointers[group])
    count = 1
    while count < 32 and group + count < last and room > 0:
        room = room - sixteens(pointers[group + count + 1] - pointers[group + count])
        if room >= 0:
            count = count + 1
    return count


@noinline
def read_lists(
    c: Ranked, o: Operand, group: Int, count: Int, done: Int, weights: Doubles, starts: Ints, lengths: Ints, z: Reals
) -> Int:
    """Read the lists of a tile that count, or of a long one what comes after `done` rows: where each begins, and its
    length."""
    buffer = stack_reals(512)
    pointers = ints(array_data(c.pointers))
    at = 0
    for j in range(count):
        starts[j] = at
        first = pointers[group + j] + done
        n = pointers[group + j + 1] - first
        lengths[j] = n if n < 512 else 512
        if weights[j] != double(0.0):
            n = lengths[j]
            fill_sixteens(fetch(o, c.itemsize, 0.0, first, n, buffer), n, offset(z, at))
            at = at + sixteens(n)
    starts[count] = at
    return 0


@noinline
def subtract_rows(c: Ranked, first: Int, n: Int, z: Reals) -> Int:
    """2^target of n entries, less the number of each row."""
    powers = stack_reals(32)
    buffer = stack_reals(512)
    powers[0] = 1.0
    for k in range(1, 32):
        powers[k] = powers[k - 1] + powers[k - 1]
    less = fetch(c.event, c.itemsize, real(c.number), first, n, buffer)
    for i in range(n):
        z[i] = powers[integer(z[i])] - less[i]
    return 0


@noinline
def read_targets(
    c: Ranked, group: Int, count: Int, done: Int, weights: Doubles, starts: Ints, lengths: Ints, gains: Int, z: Reals
) -> Int:
    """Read the targets of the lists of a tile, or their gains."""
    read_lists(c, c.target, group, count, done, weights, starts, lengths, z)
    pointers = ints(array_data(c.pointers))
    for j in range(count if gains == 1 else 0):
        if weights[j] != double(0.0):
            subtract_rows(c, pointers[group + j] + done, lengths[j], offset(z, starts[j]))
    return 0


@noinline
def find_tops(z: Reals, starts: Ints, count: Int, side: Doubles) -> Int:
    """The largest entry of each list as far as it has been seen, NaN left aside."""
    for j in range(count):
        n = starts[j + 1] - starts[j]
        if n > 0:
            top = double(run_maximum(offset(z, starts[j]), n))
            side[j] = top if top > side[j] else side[j]
    return 0


@noinline
def level_rests(z: Reals, starts: Ints, lengths: Ints, count: Int, side: Doubles) -> Int:
    """What has filled up each list becomes as large as its largest entry, since powers of -inf take long; it is taken
    off what is counted."""
    for j in range(count):
        rest = starts[j + 1] - starts[j] - lengths[j]
        if rest > 0:
            last = offset(z, starts[j + 1] - 16)
            top = real(side[j])
            for i in range(16):
                last[i] = last[i] if i + rest < 16 else top
            side[96 + j] = side[96 + j] - double(rest)
    return 0


@noinline
def begin_side(side: Doubles, most: Int) -> Int:
    """Nothing is known of so many lists."""
    for j in range(most):
        side[j] = double(-1e999)
        side[64 + j] = double(0.0)
        side[96 + j] = double(0.0)
    return 0


@noinline
def powers_of_tops(side: Doubles, most: Int) -> Int:
    """The exponentials of the largest entries."""
    for j in range(most):
        side[32 + j] = double(power_of_top(real(side[j])))
    return 0


@noinline
def shares_of_tops(side: Doubles, most: Int) -> Int:
    """The largest gains, as their own powers; where all are 0 they count 1 each."""
    for j in range(most):
        side[32 + j] = side[j] if side[j] > double(0.0) else double(1.0)
    return 0


@noinline
def shares_of_lists(t: Reals, starts: Ints, count: Int, side: Doubles, f: Reals) -> Int:
    """Gains as their own powers."""
    for j in range(count):
        some = integer(side[j] > double(0.0))
        for i in range(starts[j], starts[j + 1]):
            f[i] = t[i] if some == 1 else 1.0
    return 0


@noinline
def powers_of_lists(z: Reals, starts: Ints, count: Int, side: Doubles, e: Reals) -> Int:
    """Exponentials of all entries."""
    for j in range(count):
        at = starts[j]
        top = real(side[j])
        base = base_of(top)
        exponentials(offset(z, at), starts[j + 1] - at, base, round_shift(top - base), offset(e, at))
    return 0


@noinline
def targets_of_tile(t: Reals, starts: Ints, count: Int, side: Doubles, gains: Int, f: Reals) -> Int:
    """What targets are powers of, or gains."""
    if gains == 1:
        return shares_of_lists(t, starts, count, side, f)
    return powers_of_lists(t, starts, count, side, f)


@noinline
def set_aside(z: Reals, e: Reals, n: Int, top: Real, others: Reals) -> Int:
    """The exponentials of a list but those of its largest entries."""
    for i in range(n):
        others[i] = 0.0 if z[i] == top else e[i]
    return 0


def whole(x: Double) -> Double:
    """The nearest integer to a small number."""
    return (x + double(6755399441055744.0)) - double(6755399441055744.0)


@noinline
def add_others(z: Reals, e: Reals, starts: Ints, count: Int, side: Doubles) -> Int:
    """Add up the exponentials of each list but those of its largest entries. These are near 1, so that what the sum
    of all has more says how many they are, which takes less than to count them."""
    others = stack_reals(512)
    for j in range(count):
        at = starts[j]
        set_aside(offset(z, at), offset(e, at), starts[j + 1] - at, real(side[j]), offset(others, at))
    for j in range(count):
        n = starts[j + 1] - starts[j]
        if n > 0:
            left = tile_sum(offset(others, starts[j]), n)
            more = tile_sum(offset(e, starts[j]), n) - left
            side[64 + j] = side[64 + j] + left
            side[96 + j] = side[96 + j] + whole(more / side[32 + j])
    return 0


@noinline
def distances(x: Reals, f: Reals, n: Int, top: Real, terms: Reals) -> Int:
    """f * (top - x), where 0 times inf is 0."""
    for i in range(n):
        away = f[i] * (top - x[i])
        terms[i] = away if f[i] > 0.0 else 0.0
    return 0


@noinline
def add_distances(x: Reals, f: Reals, starts: Ints, count: Int, scores: Doubles, away: Doubles) -> Int:
    """Add up target powers times top - score."""
    terms = stack_reals(512)
    for j in range(count):
        at = starts[j]
        distances(offset(x, at), offset(f, at), starts[j + 1] - at, real(scores[j]), offset(terms, at))
    for j in range(count):
        n = starts[j + 1] - starts[j]
        if n > 0:
            away[j] = away[j] + run_sum_wide(offset(terms, starts[j]), n)
    return 0


@noinline
def losses_of_lists(scores: Doubles, targets: Doubles, away: Doubles, most: Int) -> Int:
    """The losses of the lists, in place of the distances; of the largest entries one alone is set aside."""
    for j in range(most):
        scores[64 + j] = scores[64 + j] + (scores[96 + j] - double(1.0)) * scores[32 + j]
        targets[64 + j] = targets[64 + j] + (targets[96 + j] - double(1.0)) * targets[32 + j]
    for j in range(most):
        distance = away[j] / (targets[64 + j] + targets[32 + j])
        away[j] = distance + double_log1p(scores[64 + j] / scores[32 + j])
    return 0


@noinline
def factors_of_lists(
    scores: Doubles, targets: Doubles, weights: Doubles, scale: Double, most: Int, factors: Doubles
) -> Int:
    """What powers of scores and targets are multiplied by for slopes, and the slope where both are largest."""
    for j in range(most):
        factor = weights[j] * scale
        score_sum = scores[64 + j] + scores[32 + j]
        target_sum = targets[64 + j] + targets[32 + j]
        factors[j] = factor / score_sum
        factors[32 + j] = factor / target_sum
        factors[64 + j] = (targets[64 + j] / target_sum - scores[64 + j] / score_sum) * factor
    return 0


@noinline
def slopes_of_list(
    x: Reals, t: Reals, e: Reals, f: Reals, n: Int, top: Real, target_top: Real, to_score: Real, to_target: Real,
    both: Real, g: Reals,
) -> Int:
    """The difference of two distributions, from their powers; where both are largest, from what they lack."""
    for i in range(n):
        apart = e[i] * to_score - f[i] * to_target
        near = both if t[i] == target_top else apart
        g[i] = near if x[i] == top else apart
    return 0


@noinline
def bends_of_list(c: Ranked, x: Reals, e: Reals, n: Int, side: Doubles, factor: Double, h: Reals) -> Int:
    """p * (1 - p), or its bound, times a factor; of the largest from what it lacks. `side` begins with the list."""
    total = side[64] + side[32]
    share = real(double(1.0) / total)
    of_top = real(side[64] / total * (side[32] / total))
    top = real(side[0])
    least = real(c.least)
    scale = real(factor)
    for i in range(n):
        p = e[i] * share
        bend = of_top if x[i] == top else p * (1.0 - p)
        if c.bound == 1:
            bend = least if 2.0 * bend < least else 2.0 * bend
        h[i] = bend * scale
    return 0


@noinline
def write_lists(
    c: Ranked, group: Int, count: Int, done: Int, weights: Doubles, starts: Ints, lengths: Ints, scores: Doubles,
    targets: Doubles, x: Reals, t: Reals, e: Reals, f: Reals,
) -> Int:
    """Gradients, and curvatures, of the lists of a tile that count."""
    g = stack_reals(512)
    factors = stack_doubles(96)
    pointers = ints(array_data(c.pointers))
    factors_of_lists(scores, targets, weights, c.scale, (count + 7) // 8 * 8, factors)
    for j in range(count):
        at = starts[j]
        slopes_of_list(
            offset(x, at), offset(t, at), offset(e, at), offset(f, at), starts[j + 1] - at, real(scores[j]),
            real(targets[j]), real(factors[j]), real(factors[32 + j]), real(factors[64 + j]), offset(g, at),
        )
    for kind in range(c.mode):
        for j in range(count):
            at = starts[j]
            first = pointers[group + j] + done
            n = lengths[j]
            if weights[j] != double(0.0):
                if kind == 0:
                    deliver(c.gradient, first, n, offset(g, at), 0)
                else:
                    factor = weights[j] * c.scale
                    bends_of_list(c, offset(x, at), offset(e, at), starts[j + 1] - at, offset(scores, j), factor, g)
                    deliver(c.curvature, first, n, g, 0)
    return 0


@noinline
def listnet_lists(c: Ranked, group: Int, count: Int, weights: Doubles, gains: Int, away: Doubles) -> Int:
    """The losses of the lists of a tile, or of a long one; gradients and curvatures, if they are wanted, written."""
    starts = stack_ints(33)
    lengths = stack_ints(32)
    scores = stack_doubles(128)
    targets = stack_doubles(128)
    x = stack_reals(512)
    t = stack_reals(512)
    e = stack_reals(512)
    f = stack_reals(512)
    pointers = ints(array_data(c.pointers))
    rows = pointers[group + 1] - pointers[group]
    rows = rows if count == 1 else 1
    # columns by eights, so that no rest is taken one by one
    most = (count + 7) // 8 * 8
    begin_side(scores, most)
    begin_side(targets, most)
    for j in range(most):
        away[j] = double(0.0)
    for done in range(0, rows, 512):
        read_lists(c, c.pred, group, count, done, weights, starts, lengths, x)
        read_targets(c, group, count, done, weights, starts, lengths, gains, t)
        find_tops(x, starts, count, scores)
        find_tops(t, starts, count, targets)
    powers_of_tops(scores, most)
    if gains == 1:
        shares_of_tops(targets, most)
    else:
        powers_of_tops(targets, most)
    for done in range(0, rows, 512):
        if rows > 512:
            read_lists(c, c.pred, group, count, done, weights, starts, lengths, x)
            read_targets(c, group, count, done, weights, starts, lengths, gains, t)
        level_rests(x, starts, lengths, count, scores)
        level_rests(t, starts, lengths, count, targets)
        powers_of_lists(x, starts, count, scores, e)
        targets_of_tile(t, starts, count, targets, gains, f)
        add_others(x, e, starts, count, scores)
        add_others(t, f, starts, count, targets)
        add_distances(x, f, starts, count, scores, away)
    losses_of_lists(scores, targets, away, most)
    for done in range(0, rows if c.mode > 0 else 0, 512):
        if rows > 512:
            read_lists(c, c.pred, group, count, done, weights, starts, lengths, x)
            read_targets(c, group, count, done, weights, starts, lengths, gains, t)
            powers_of_lists(x, starts, count, scores, e)
            targets_of_tile(t, starts, count, targets, gains, f)
        write_lists(c, group, count, done, weights, starts, lengths, scores, targets, x, t, e, f)
    return 0


@noinline
def distributions_of_block(c: Ranked, partial: Result, block: Int, gains: Int) -> Int:
    """The lists of one block, a tile of them at a time."""
    begin_lists(c, partial, block)
    counted = stack_doubles(1)
    weights = stack_doubles(32)
    losses = stack_doubles(32)
    firsts = ints(array_data(c.firsts))
    pointers = ints(array_data(c.pointers))
    group = firsts[block]
    while group < firsts[block + 1]:
        count = lists_of_tile(pointers, group, firsts[block + 1])
        some = 0
        for j in range(32):
            weights[j] = double(0.0)
        for j in range(count):
            first = pointers[group + j]
            weights[j] = begin_group(c, group + j, first, pointers[group + j + 1] - first, partial, counted)
            if weights[j] != double(0.0):
                partial.weight = partial.weight + counted[0]
                some = 1
        if some == 1:
            listnet_lists(c, group, count, weights, gains, losses)
            for j in range(count):
                if weights[j] != double(0.0):
                    end_group(c, group + j, weights[j] * losses[j], partial)
        group = group + count
    return 0


def listnet_block(c: Ranked, partial: Result, block: Int) -> Int:
    """The lists of one block, of targets that are scores."""
    return distributions_of_block(c, partial, block, 0)


def xendcg_block(c: Ranked, partial: Result, block: Int) -> Int:
    """The lists of one block, of gains."""
    return distributions_of_block(c, partial, block, 1)
