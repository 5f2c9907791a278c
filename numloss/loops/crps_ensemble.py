"""The continuous ranked probability score of an ensemble, from how many members are smaller and larger than each.

With d = x - y, and c = M sign(d) - s of M members, where s is how many are smaller less how many are larger, the score
is sum(c d) / M^2: no term is negative, so none cancels. The gradient is c / M^2. Few members are compared each with
each, sixteen at a time; many are sorted. Where members have weights these are what is counted, in float64.
"""

from __future__ import annotations

from .codes import REFUSED
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    double,
    doubles,
    ints,
    nan32,
    noinline,
    offset,
    real,
    reals,
    run_sum,
    stack_doubles,
)
from .sorting import sort_descending
from .sums import add_weighted, clear, fold, report, sixteens, tile_length

# The places of sizes, arrays and parameters in the declaration.
MEMBERS = 0
PRED = 0
TARGET = 1
MEMBER_WEIGHT = 2
ESTIMATOR = 0
ALPHA = 1
LOWER = 2
UPPER = 3
# Members that are compared each with each.
MOST_COMPARED = 768


def fair_share(e: Examples) -> Double:
    """How much of the estimator is the fair one."""
    kind = e.params[ESTIMATOR]
    return double(1.0) if kind == double(1.0) else e.params[ALPHA] if kind == double(2.0) else double(0.0)


def padded(n: Int) -> Int:
    """Members with what fills them up: whole thirty-twos, of which loops leave no rest."""
    return (n + 31) // 32 * 32


@apart
def fill_members(pred: Reals, n: Int, low: Real, high: Real, y: Real, x: Reals, d: Reals) -> Int:
    """Members between both thresholds and their distances from y; what fills them up is like no other, and near."""
    for i in range(n):
        at = low if pred[i] < low else pred[i]
        at = high if at > high else at
        x[i] = at
        d[i] = at - y
    huge = real(1e999)
    for i in range(n, (n + 31) // 32 * 32):
        x[i] = huge - huge
        d[i] = 0.0
    return 0


@apart
def add_smaller(x: Reals, first: Real, second: Real, third: Real, last: Real, m: Int, s: Reals) -> Int:
    """Add to s of each of m members how many of four are smaller."""
    for i in range(m):
        t = x[i]
        two = (1.0 if t > first else 0.0) + (1.0 if t > second else 0.0)
        s[i] = s[i] + (two + ((1.0 if t > third else 0.0) + (1.0 if t > last else 0.0)))
    return 0


@apart
def add_larger(x: Reals, first: Real, second: Real, third: Real, last: Real, m: Int, s: Reals) -> Int:
    """Take off s of each of m members how many of four are larger."""
    for i in range(m):
        t = x[i]
        two = (1.0 if t < first else 0.0) + (1.0 if t < second else 0.0)
        s[i] = s[i] - (two + ((1.0 if t < third else 0.0) + (1.0 if t < last else 0.0)))
    return 0


@noinline
def compare_all(x: Reals, n: Int, s: Reals) -> Int:
    """How many members are smaller than each, less how many are larger; these follow from those if none are equal."""
    m = sixteens(n)
    for i in range(padded(n)):
        s[i] = 0.0
    for j in range(0, n, 4):
        add_smaller(x, x[j], x[j + 1], x[j + 2], x[j + 3], m, s)
    pairs = real(n * (n - 1) // 2)
    if run_sum(s, m) == pairs:
        others = real(n - 1)
        for i in range(m):
            s[i] = 2.0 * s[i] - others
        return 0
    for j in range(0, n, 4):
        add_larger(x, x[j], x[j + 1], x[j + 2], x[j + 3], m, s)
    return 0


@apart
def compare_weighted(x: Reals, a: Real, w: Double, m: Int, above: Doubles, below: Doubles) -> Int:
    """Add the weight of a member to both sums of those that it is larger, or smaller, than: half of it if it is equal.

    Sums are twice what they ought to be.
    """
    for i in range(m):
        t = x[i]
        above[i] = above[i] + ((w if a > t else double(0.0)) + (w if a >= t else double(0.0)))
        below[i] = below[i] + ((w if a < t else double(0.0)) + (w if a <= t else double(0.0)))
    return 0


@noinline
def compare_all_weighted(x: Reals, weights: Doubles, n: Int, above: Doubles, below: Doubles) -> Int:
    """Twice the weight of what is larger and of what is smaller than each member, with the weight of what is equal."""
    m = sixteens(n)
    for i in range(m):
        above[i] = double(0.0)
        below[i] = double(0.0)
    for j in range(n):
        compare_weighted(x, x[j], weights[j], m, above, below)
    return 0


def tied(keys: Reals, first: Int, n: Int) -> Int:
    """The first of the sorted keys after those that are equal to one."""
    stop = first + 1
    while stop < n and keys[stop] == keys[first]:
        stop = stop + 1
    return stop


@noinline
def sort_all(keys: Reals, order: Ints, n: Int, s: Reals) -> Int:
    """What `compare_all` finds, of sorted members."""
    for i in range(n, padded(n)):
        s[i] = 0.0
    first = 0
    while first < n:
        stop = tied(keys, first, n)
        for i in range(first, stop):
            s[order[i]] = real(n - stop - first)
        first = stop
    return 0


@noinline
def sort_all_weighted(keys: Reals, order: Ints, weights: Doubles, n: Int, above: Doubles, below: Doubles) -> Int:
    """What `compare_all_weighted` finds, of sorted members: from the largest on, then from the smallest."""
    passed = double(0.0)
    first = 0
    while first < n:
        stop = tied(keys, first, n)
        equal = double(0.0)
        for i in range(first, stop):
            equal = equal + weights[order[i]]
        for i in range(first, stop):
            above[order[i]] = double(2.0) * passed + equal
            below[order[i]] = equal
        passed = passed + equal
        first = stop
    passed = double(0.0)
    while first > 0:
        stop = first
        equal = below[order[stop - 1]]
        while first > 0 and keys[first - 1] == keys[stop - 1]:
            first = first - 1
            below[order[first]] = double(2.0) * passed + equal
        passed = passed + equal
    return 0


@apart
def coefficients(d: Reals, s: Reals, n: Int, top: Real, rest: Real, pulls: Reals) -> Int:
    """What each distance is multiplied by, of members that count the same."""
    for i in range(n):
        side = (1.0 if d[i] > 0.0 else 0.0) - (1.0 if d[i] < 0.0 else 0.0)
        pulls[i] = (top * side - s[i]) + rest * s[i]
    return 0


@apart
def coefficients_weighted(
    d: Reals, weights: Doubles, above: Doubles, below: Doubles, n: Int, share: Double, rest: Double, pulls: Reals
) -> Int:
    """The same of members with weights that add up to 1."""
    for i in range(n):
        up = share * above[i] - rest
        down = share * below[i] - rest
        level = double(0.5) * share * (above[i] - below[i])
        pulls[i] = real(weights[i] * (up if d[i] > 0.0 else -down if d[i] < 0.0 else level))
    for i in range(n, (n + 31) // 32 * 32):
        pulls[i] = 0.0
    return 0


@noinline
def normalised(given: Reals, n: Int, out: Doubles) -> Double:
    """Weights that add up to 1, filled up by zeros; returns the sum of their squares, 2 if they add up to nothing."""
    total = double(0.0)
    for i in range(n):
        total = total + double(given[i])
    if not total > double(0.0):
        return double(2.0)
    squares = double(0.0)
    for i in range(n):
        out[i] = double(given[i]) / total
        squares = squares + out[i] * out[i]
    return squares


@noinline
def score(d: Reals, pulls: Reals, n: Int) -> Double:
    """The sum of distances times their coefficients; what has none is nothing, even if it is infinite."""
    lanes = stack_doubles(32)
    clear(lanes)
    done = 0
    while done < n:
        m = tile_length(done, n)
        add_weighted(offset(d, done), offset(pulls, done), m, lanes)
        done = done + m
    return fold(lanes)


@apart
def write_slopes_of(pred: Reals, pulls: Reals, n: Int, factor: Real, low: Real, high: Real, g: Reals) -> Int:
    """The gradient; beyond a threshold there is none."""
    for i in range(n):
        slope = pulls[i] * factor
        g[i] = 0.0 if pred[i] < low or pred[i] > high else slope
    return 0


@noinline
def count_members(e: Examples, x: Reals, n: Int, weighted: Int) -> Int:
    """How many members, or how much of them, are smaller and larger than each."""
    m = sixteens(n)
    s = offset(reals(e.reals), 3 * padded(n))
    weights = doubles(e.doubles)
    above = offset(weights, m)
    below = offset(above, m)
    if n <= MOST_COMPARED:
        if weighted == 1:
            return compare_all_weighted(x, weights, n, above, below)
        return compare_all(x, n, s)
    keys = offset(s, padded(n))
    order = ints(e.ints)
    for i in range(n):
        keys[i] = x[i]
    sort_descending(keys, order, n, offset(keys, padded(n)), offset(order, m))
    if weighted == 1:
        return sort_all_weighted(keys, order, weights, n, above, below)
    return sort_all(keys, order, n, s)


@noinline
def coefficients_of(e: Examples, x: Reals, d: Reals, n: Int, squares: Double, pulls: Reals) -> Double:
    """What distances are multiplied by, up to the factor that is returned; squares: of weights, if there are any."""
    m = sixteens(n)
    share = fair_share(e)
    if e.inputs[MEMBER_WEIGHT] == 0:
        count_members(e, x, n, 0)
        fair = share > double(0.0)
        top = double(n - 1) if fair else double(n)
        rest = (double(1.0) - share) / double(n) if fair else double(0.0)
        coefficients(d, offset(reals(e.reals), 3 * padded(n)), padded(n), real(top), real(rest), pulls)
        return double(1.0) / (double(n) * top)
    count_members(e, x, n, 1)
    weights = doubles(e.doubles)
    extra = share * squares / (double(1.0) - squares) if share > double(0.0) else double(0.0)
    above = offset(weights, m)
    coefficients_weighted(d, weights, above, offset(above, m), n, double(1.0) + extra, extra, pulls)
    return double(1.0)


@noinline
def spoil(e: Examples, i: Int, n: Int) -> Int:
    """An example with a distance that is none: neither is its score or a slope."""
    huge = double(1e999)
    doubles(e.losses)[i] = huge - huge
    if e.mode > 0:
        g = offset(reals(e.slopes[0]), i * n)
        for k in range(n):
            g[k] = real(huge - huge)
    if e.mode > 1:
        h = offset(reals(e.slopes[1]), i * n)
        for k in range(n):
            h[k] = real(huge - huge)
    return 0


@noinline
def one_ensemble(e: Examples, i: Int, partial: Result) -> Int:
    """The score of an example, and its gradient."""
    n = e.sizes[MEMBERS]
    m = padded(n)
    pred = offset(reals(e.inputs[PRED]), i * n)
    y = reals(e.inputs[TARGET])[i]
    low = real(e.params[LOWER])
    high = real(e.params[UPPER])
    x = reals(e.reals)
    d = offset(x, m)
    pulls = offset(d, m)
    squares = double(0.0)
    if e.inputs[MEMBER_WEIGHT] != 0:
        first = 0 if e.shared[MEMBER_WEIGHT] == 1 else i * n
        squares = normalised(offset(reals(e.inputs[MEMBER_WEIGHT]), first), n, doubles(e.doubles))
        if squares > double(1.0) or (squares == double(1.0) and fair_share(e) > double(0.0)):
            report(partial, i, REFUSED)
            return 0
    y = low if y < low else y
    fill_members(pred, n, low, high, high if y > high else y, x, d)
    if nan32(d, m // 32) != 0:
        return spoil(e, i, n)
    factor = coefficients_of(e, x, d, n, squares, pulls)
    doubles(e.losses)[i] = factor * score(d, pulls, m)
    if e.mode > 0:
        write_slopes_of(pred, pulls, n, real(factor), low, high, offset(reals(e.slopes[0]), i * n))
    if e.mode > 1:
        # a score is made of straight lines
        h = offset(reals(e.slopes[1]), i * n)
        for k in range(n):
            h[k] = 0.0
    return 0


def crps_ensemble_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Scores, and gradients, of n ensembles."""
    for i in range(n):
        one_ensemble(e, i, partial)
    return 0
