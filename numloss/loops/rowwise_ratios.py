"""Rows of two distributions: the logarithms of the ratios of their probabilities, with their digits at any distance.

With p the softmax of y and q that of x, the logarithm of q / p at a class is r = u - L, where u = (x - y) - c for any
c, and L = log E[e^u] over p. With c = E[x - y] the sum L = log1p(E[e^u - 1]) is small wherever p and q are near each
other: no difference of two large numbers is taken but x - y, of which nothing is lost. Distances are counted from that
at the largest p. A divergence is a sum over classes of terms of p, q and r of which none is negative, as
p (e^r - 1 - r), so that nothing cancels. Where u is more than 6 at a class, its power may overflow or its p vanish: q
comes from x there.
"""

from __future__ import annotations

from ..scalar import (
    difference_rest,
    exp,
    exp_curve,
    exp_of_difference,
    expm1,
    fma,
    log_pair,
    log_parts,
    log_rest,
    minimum,
    round_shift,
)
from .codes import DATA, DISTRIBUTION, LOG_PROBABILITIES, SCORES
from .headers import Ratios, Row, Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    double,
    double_difference_rest,
    double_exp,
    double_log,
    double_log1p,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_reals,
    will_need,
)
from .operands import convert, item_size
from .rowwise_parts import base_of, exponentials, find_pivot, first_equal, scores_of, tile_maximum
from .sums import add_tile, clear, fold, tile_length


def is_kept(c: Rowwise) -> Int:
    """Whether terms and distances of a row are kept between passes."""
    return 1 if c.classes <= 32768 else 0


def target_entries(c: Rowwise, s: Ratios, first: Int, n: Int, y: Reals) -> Reals:
    """Pointer to n numbers of what a row is compared with, in y unless they lie in memory as they are needed."""
    data = s.data + first * s.stride * item_size(s.kind, c.itemsize)
    if s.kind == DATA and s.stride == 1:
        return reals(data)
    convert(data, s.kind, s.stride, n, y)
    return y


@noinline
def logarithms(p: Reals, n: Int, y: Reals, low: Reals) -> Int:
    """The logarithms of n probabilities as sums of two numbers, of which only what `log_rest` rounds is lost."""
    for i in range(n):
        k, f = log_parts(p[i])
        y[i] = k
        low[i] = f
    for i in range(n):
        # log(2) in three parts, of which the products of the first two are exact
        most = y[i] * 0.693359375
        middle = y[i] * -0.00021219253540039062
        f = low[i]
        both = most + f
        whole = both + middle
        less = ((most - both) + f) + ((both - whole) + middle)
        less = less + fma(y[i], -1.904654299957768e-9, log_rest(f))
        y[i] = whole if p[i] > 0.0 else -1e999
        low[i] = less if p[i] > 0.0 else 0.0
    return 0


@noinline
def fine_logarithms(c: Rowwise, s: Ratios, p: Reals, n: Int, y: Reals, low: Reals) -> Int:
    """`logarithms` to twice the digits, or with 2 to those of float64 if that is more."""
    if s.fine == 2 and c.itemsize == 4:
        for i in range(n):
            wide = double_log(double(p[i]))
            y[i] = real(wide)
            low[i] = real(wide - double(y[i])) if p[i] > 0.0 else 0.0
        return 0
    logarithms(p, n, y, low)
    for i in range(n):
        _, f = log_parts(p[i])
        high, less = log_pair(f)
        low[i] = low[i] + (((high - f) - log_rest(f)) + less) if p[i] > 0.0 else 0.0
    return 0


def over(z: Real, inverse: Real, rest: Real) -> Real:
    """z over a temperature, whose inverse is a number and a rest below its last digit."""
    return z * inverse if abs(z) == 1e999 else fma(z, rest, z * inverse)


def soft_power(z: Real, base: Real, inverse: Real, less: Real) -> Real:
    """e^((z - base) / T) for z up to the base, with all that z - base and the quotient lose to rounding."""
    below = z - base
    w = below * inverse
    rest = fma(below, inverse, -w) + fma(below, less, difference_rest(z, base) * inverse)
    return exp_of_difference(w, -rest if rest - rest == 0.0 else 0.0)


def apart_from(x: Real, y: Real, low: Real, at: Real, rest: Real) -> Real:
    """What x - (y + low) is more than at + rest; a class that is in neither distribution is anywhere."""
    apart = 0.0 if x == y else x - y
    return (apart - at) + ((difference_rest(x, y) - low) - rest)


@noinline
def row_distances(
    c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, from_here: Double, given: Reals, v: Reals
) -> Int:
    """What the distances of n classes from `first` are more than those at the pivot and `from_here`, softened."""
    z = stack_reals(512)
    y = stack_reals(512)
    low = stack_reals(512)
    scores = scores_of(c, x, -1, first, n, z)
    inverse = real(s.inverse)
    less = real(s.inverse - double(inverse))
    mean = ((s.x - s.y) - s.low) + from_here / s.inverse
    at = real(mean)
    rest = real(((s.x - s.y) - double(at)) + ((double_difference_rest(s.x, s.y) + from_here / s.inverse) - s.low))
    if s.form == DISTRIBUTION:
        if s.fine > 0:
            fine_logarithms(c, s, given, n, y, low)
        else:
            logarithms(given, n, y, low)
        for i in range(n):
            v[i] = apart_from(scores[i], y[i], low[i], at, rest)
    elif inverse == 1.0:
        for i in range(n):
            v[i] = apart_from(scores[i], given[i], 0.0, at, rest)
    else:
        for i in range(n):
            v[i] = over(apart_from(scores[i], given[i], 0.0, at, rest), inverse, less)
    return 0


@noinline
def terms_of(c: Rowwise, n: Int, s: Ratios, given: Reals, e: Reals) -> Int:
    """The terms of n numbers of what a row is compared with: probabilities, or their powers over what is taken off."""
    inverse = real(s.inverse)
    base = real(s.base)
    if s.form == DISTRIBUTION:
        for i in range(n):
            e[i] = given[i]
    elif inverse == 1.0:
        exponentials(given, n, base, real(s.shift), e)
    else:
        for i in range(n):
            e[i] = soft_power(given[i], base, inverse, real(s.inverse - double(inverse)))
    return 0


def ratio_tile(c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, e: Reals, v: Reals) -> Int:
    """Of n classes from `first` the terms of what a row is compared with, and the distances of the row from it."""
    y = stack_reals(512)
    given = target_entries(c, s, first, n, y)
    row_distances(c, x, first, n, s, double(0.0), given, v)
    terms_of(c, n, s, given, e)
    return 0


@noinline
def open_ratios(c: Rowwise, x: Reals, s: Ratios) -> Int:
    """The largest probability that a row is compared with: what is taken off, and the distance there."""
    y = stack_reals(512)
    low = stack_reals(512)
    top = real(-1e999)
    s.pivot = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        given = target_entries(c, s, first, n, y)
        peak = tile_maximum(given, n)
        if peak > top:
            top = peak
            s.pivot = first + first_equal(given, n, top)
        first = first + n
    base = real(0.0)
    shift = real(0.0)
    inverse = real(s.inverse)
    if s.form != DISTRIBUTION:
        base = base_of(top) if inverse == 1.0 else top
        shift = round_shift((top - base) * inverse)
    s.base = double(base)
    s.shift = double(shift)
    y[0] = top
    low[0] = 0.0
    if s.form == DISTRIBUTION:
        low[1] = top
        fine_logarithms(c, s, offset(low, 1), 1, y, low)
    z = x[s.pivot * c.pred_steps.classes]
    finite = (z - y[0]) - (z - y[0]) == 0.0
    s.x = double(z) if finite else double(0.0)
    s.y = double(y[0]) if finite else double(0.0)
    s.low = double(low[0]) if finite else double(0.0)
    return 0


@noinline
def centre_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """The sum of the terms, and the mean of the distances; whether one of these is far from it."""
    terms = stack_reals(512)
    lanes = stack_doubles(64)
    clear(lanes)
    clear(offset(lanes, 32))
    highest = real(-1e999)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        some = offset(e, first * s.kept)
        apart = offset(v, first * s.kept)
        # the next row comes from memory while this one is computed
        if c.pred_steps.classes == 1:
            will_need(offset(x, c.classes + first), n)
        if s.kind == DATA and s.stride == 1:
            will_need(offset(reals(s.data), c.classes + first), n)
        ratio_tile(c, x, first, n, s, some, apart)
        peak = tile_maximum(apart, n)
        highest = peak if peak > highest else highest
        add_tile(some, n, lanes)
        for i in range(n):
            terms[i] = 0.0 if abs(apart[i]) == 1e999 else some[i] * apart[i]
        add_tile(terms, n, offset(lanes, 32))
        first = first + n
    s.total = fold(lanes)
    mean = fold(offset(lanes, 32)) / s.total if s.total != double(0.0) else double(0.0)
    s.centre = double(real(mean))
    s.rise = mean - s.centre
    s.far = 1 if highest - real(s.centre) > 6.0 else 0
    return 0


def curve_of(u: Real, power: Real) -> Real:
    """e^u - 1 - u, of which `power` is e^u - 1."""
    return exp_curve(u) if abs(u) < 0.34 else power - u


@noinline
def near_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """The means of e^u - 1 - u and of e^u - 1; where the row is `flat`, e^u - 1 takes the place of the distances."""
    w = stack_reals(512)
    terms = stack_reals(512)
    lanes = stack_doubles(32)
    clear(lanes)
    centre = real(s.centre)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        some = offset(e, first * s.kept)
        apart = offset(v, first * s.kept)
        if s.kept == 0:
            ratio_tile(c, x, first, n, s, some, apart)
        powers = apart if s.flat == 1 else w
        for i in range(n):
            terms[i] = apart[i] - centre
        for i in range(n):
            powers[i] = expm1(terms[i])
        for i in range(n):
            curve = some[i] * curve_of(terms[i], powers[i])
            terms[i] = curve if some[i] != 0.0 else 0.0
        add_tile(terms, n, lanes)
        first = first + n
    s.curve = fold(lanes) / s.total
    s.rise = s.rise + s.curve
    s.lift = double_log1p(s.rise)
    return 0


def far_rise(u: Real) -> Real:
    """What a class adds to the mean of e^u - 1 beside what its prediction does, where that counts by itself."""
    return -1.0 if u > 6.0 else expm1(minimum(u, 6.0))


@noinline
def prediction_terms(c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, z: Reals) -> Int:
    """e^x of n classes over what was taken off, at the temperature."""
    y = stack_reals(512)
    inverse = real(s.inverse)
    scores = scores_of(c, x, -1, first, n, y)
    if inverse == 1.0:
        exponentials(scores, n, real(s.z_base), real(s.z_shift), z)
    else:
        for i in range(n):
            z[i] = soft_power(scores[i], real(s.z_base), inverse, real(s.inverse - double(inverse)))
    return 0


def offset_of(s: Ratios) -> Double:
    """The logarithm of what the terms of what a row is compared with were divided by."""
    return double(0.0) if s.form == DISTRIBUTION else s.shift + s.base * s.inverse


def mean_apart(s: Ratios) -> Double:
    """The mean of x - y."""
    return ((s.x - s.y) - s.low) * s.inverse + s.centre


@noinline
def open_predictions(c: Rowwise, x: Reals, s: Ratios, z: Reals) -> Int:
    """What is taken off the predictions before their powers are taken."""
    row = Row()
    find_pivot(c, x, -1, row, z)
    top = real(row.top)
    inverse = real(s.inverse)
    base = base_of(top) if inverse == 1.0 else top
    s.z_base = double(base)
    s.z_shift = double(round_shift((top - base) * inverse))
    return 0


@noinline
def far_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """`lift`, what the terms of the predictions are multiplied by, and what has a probability but no prediction."""
    z = stack_reals(512)
    terms = stack_reals(512)
    lanes = stack_doubles(128)
    for k in range(4):
        clear(offset(lanes, 32 * k))
    open_predictions(c, x, s, z)
    centre = real(s.centre)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        some = offset(e, first * s.kept)
        apart = offset(v, first * s.kept)
        if s.kept == 0:
            ratio_tile(c, x, first, n, s, some, apart)
        prediction_terms(c, x, first, n, s, z)
        add_tile(z, n, lanes)
        for i in range(n):
            terms[i] = z[i] if apart[i] - centre > 6.0 else 0.0
        add_tile(terms, n, offset(lanes, 32))
        for i in range(n):
            terms[i] = some[i] * far_rise(apart[i] - centre)
        add_tile(terms, n, offset(lanes, 64))
        for i in range(n):
            terms[i] = some[i] if apart[i] == -1e999 else 0.0
        add_tile(terms, n, offset(lanes, 96))
        first = first + n
    s.missed = fold(offset(lanes, 96))
    s.z_share = double(1.0) / fold(lanes)
    s.lift = lift_of(s, fold(offset(lanes, 32)), fold(offset(lanes, 64)) / s.total)
    return 0


def lift_of(s: Ratios, beyond: Double, rise: Double) -> Double:
    """log E[e^u] from the sum of the terms of the predictions that are far, and from what the others add."""
    # of what is near each other: no difference of two large numbers is rounded
    own = (s.z_base - s.x) * s.inverse + s.z_shift
    other = ((s.base - s.y) - s.low) * s.inverse + s.shift
    higher = ((own - other) - s.centre) - double_log(s.total)
    near = double_log1p(rise + beyond * double_exp(higher if higher < double(40.0) else double(40.0)))
    far = higher + double_log(beyond + double_exp(double(0.0) - higher) * (double(1.0) + rise))
    found = near if higher < double(40.0) else far
    return found if s.total > double(0.0) or s.total != s.total else double(0.0)


def sums_to_one(c: Rowwise, total: Double) -> Int:
    """Whether a sum is 1 but for what rounding did to its terms."""
    limit = double(1.9e-6) if c.itemsize == 4 else double(3.6e-15)
    return 1 if total >= double(1.0) - limit and total <= double(1.0) + limit else 0


@noinline
def settle_ratios(c: Rowwise, s: Ratios, hats: Int) -> Int:
    """What terms, divergences and ratios are scaled by. hats: of distributions up to a factor, which multiplies the
    divergence; otherwise of what was given."""
    log_mass = double_log(s.total) + offset_of(s)
    mass = double_exp(log_mass) if s.form != DISTRIBUTION else s.total
    whole = 1 if s.form == SCORES else sums_to_one(c, mass)
    s.raw = 0
    if c.score_kind == LOG_PROBABILITIES:
        s.raw = 1 - whole * sums_to_one(c, double_exp((log_mass + mean_apart(s)) + s.lift))
    s.share = double(1.0) / s.total if s.total != double(0.0) else double(0.0)
    s.mass = double(1.0) if whole == 1 else mass
    s.extra = double(0.0) if whole == 1 or mass == double(0.0) else mass * log_mass
    if s.raw == 1:
        s.z_share = double_exp(s.z_shift + s.z_base)
        s.lift = double(0.0) - mean_apart(s)
        s.mass = double(1.0)
        s.extra = double(0.0)
    elif hats == 0 and whole == 0:
        s.lift = s.lift + log_mass
    if s.raw == 1 or (hats == 0 and whole == 0):
        s.share = double_exp(offset_of(s))
    return 0


def is_close(s: Ratios) -> Int:
    """Whether a row may be so near to probabilities that their logarithms need more digits."""
    return 1 if s.form == DISTRIBUTION and s.curve < double(2e-5) else 0


@noinline
def given_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """What there is to know of a row whose numbers are taken as they are."""
    open_predictions(c, x, s, v)
    s.kept = 0
    s.raw = 1
    s.far = 1
    s.centre = double(0.0)
    s.lift = double(0.0) - mean_apart(s)
    s.share = double_exp(offset_of(s))
    s.z_share = double_exp(s.z_shift + s.z_base)
    return 0


@noinline
def measure_ratios(c: Rowwise, x: Reals, s: Ratios, hats: Int, e: Reals, v: Reals) -> Int:
    """All that is to be known of a row before its classes are looked at."""
    s.kept = is_kept(c)
    s.fine = 1 - hats
    s.z_base = double(0.0)
    s.z_shift = double(0.0)
    s.z_share = double(0.0)
    s.missed = double(0.0)
    open_ratios(c, x, s)
    if hats == 0 and c.score_kind == LOG_PROBABILITIES:
        return given_ratios(c, x, s, e, v)
    centre_ratios(c, x, s, e, v)
    if s.far == 0:
        near_ratios(c, x, s, e, v)
        if is_close(s) == 1:
            s.fine = 2
            open_ratios(c, x, s)
            centre_ratios(c, x, s, e, v)
            near_ratios(c, x, s, e, v)
        elif s.curve == double(1e999):
            # of a class there is nothing where there should be something
            centre_ratios(c, x, s, e, v)
            s.far = 1
    if s.far == 1:
        s.flat = 0
        far_ratios(c, x, s, e, v)
    settle_ratios(c, s, hats)
    return 0


def more_of(r: Real, power: Real, curve: Real) -> Real:
    """e^r - 1, from the power and from e^r - 1 - r."""
    return r + curve if abs(r) < 0.34 else power - 1.0


def near_curve(r: Real, power: Real) -> Real:
    """e^r - 1 - r, from the power."""
    return exp_curve(r) if abs(r) < 0.34 else (power - 1.0) - r


def within(r: Real) -> Real:
    """r, or 80 where it is more, of which the power is still finite; NaN stays NaN."""
    return 80.0 if r > 80.0 else r


@noinline
def ratio_columns(c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, e: Reals, v: Reals, at: Reals) -> Int:
    """Columns of 512 of n classes from `first`: the logarithm r of q / p, e^r - 1, e^r - 1 - r, p and q. Powers of more
    than 80 stay there. The distances are taken once more, from where r is 0, so that a small one has all its digits."""
    z = stack_reals(512)
    y = stack_reals(512)
    power = stack_reals(512)
    p = offset(at, 1536)
    q = offset(at, 2048)
    given = target_entries(c, s, first, n, y)
    row_distances(c, x, first, n, s, s.centre + s.lift, given, at)
    some = offset(e, first * s.kept)
    if s.kept == 0:
        terms_of(c, n, s, given, some)
    share = real(s.share)
    for i in range(n):
        p[i] = some[i] * share
    for i in range(n):
        power[i] = exp(within(at[i]))
    for i in range(n):
        at[1024 + i] = near_curve(within(at[i]), power[i])
        at[512 + i] = more_of(within(at[i]), power[i], at[1024 + i])
        q[i] = p[i] * power[i]
    if s.far == 1:
        prediction_terms(c, x, first, n, s, z)
        own = real(s.z_share)
        beyond = real(double(6.0) - s.lift) if s.raw == 0 else 6.0
        for i in range(n):
            q[i] = z[i] * own if at[i] > beyond else q[i]
    return 0
