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
    exp,
    exp_curve,
    expm1,
    expm1_curve,
    minimum,
)
from .codes import DISTRIBUTION, LOG_PROBABILITIES, SCORES
from .headers import Ratios, Rowwise
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    double,
    double_exp,
    double_log,
    double_log1p,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_reals,
)
from .rowwise_distances import (
    call_for,
    find_top,
    is_kept,
    offset_of,
    open_predictions,
    open_ratios,
    prediction_terms,
    ratio_tile,
    row_distances,
    target_entries,
    terms_of,
)
from .rowwise_parts import tile_maximum
from .sums import add_tile, clear, fold, tile_length, values_sum


def add_terms(s: Ratios, terms: Reals, n: Int, total: Double, lanes: Doubles) -> Double:
    """A sum with n terms more, in float64; where no law depends on it whole tiles go to the lanes, which is quicker."""
    if n < 512 or s.fine > 0:
        return total + values_sum(terms, n)
    add_tile(terms, n, lanes)
    return total


def all_terms(c: Rowwise, total: Double, lanes: Doubles) -> Double:
    """The sum with what the lanes have."""
    return total + fold(lanes) if c.classes >= 512 else total


@noinline
def centre_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """The sum of the terms, and the mean of the distances; whether one of these is far from it."""
    terms = stack_reals(512)
    lanes = stack_doubles(64)
    clear(lanes)
    clear(offset(lanes, 32))
    total = double(0.0)
    apart_sum = double(0.0)
    highest = real(-1e999)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        some = offset(e, first * s.kept)
        apart = offset(v, first * s.kept)
        call_for(c, x, s, first, n, 1)
        call_for(c, x, s, first, n, 2)
        call_for(c, x, s, first, n, 3)
        ratio_tile(c, x, first, n, s, some, apart)
        peak = tile_maximum(apart, n)
        highest = peak if peak > highest else highest
        total = add_terms(s, some, n, total, lanes)
        for i in range(n):
            terms[i] = 0.0 if abs(apart[i]) == 1e999 else some[i] * apart[i]
        apart_sum = add_terms(s, terms, n, apart_sum, offset(lanes, 32))
        first = first + n
    total = all_terms(c, total, lanes)
    s.total = total
    mean = all_terms(c, apart_sum, offset(lanes, 32)) / total if total != double(0.0) else double(0.0)
    s.centre = double(real(mean))
    s.rise = mean - s.centre
    s.far = 1 if highest - real(s.centre) > 6.0 else 0
    return 0


@noinline
def near_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """The means of e^u - 1 - u and of e^u - 1; where the row is `flat`, e^u - 1 takes the place of the distances."""
    w = stack_reals(512)
    terms = stack_reals(512)
    lanes = stack_doubles(32)
    clear(lanes)
    curve_sum = double(0.0)
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
            more, curve = expm1_curve(apart[i] - centre)
            powers[i] = more
            terms[i] = some[i] * curve if some[i] != 0.0 else 0.0
        curve_sum = add_terms(s, terms, n, curve_sum, lanes)
        first = first + n
    s.curve = all_terms(c, curve_sum, lanes) / s.total
    s.rise = s.rise + s.curve
    s.lift = double_log1p(s.rise)
    return 0


def far_rise(u: Real) -> Real:
    """What a class adds to the mean of e^u - 1 beside what its prediction does, where that counts by itself."""
    return -1.0 if u > 6.0 else expm1(minimum(u, 6.0))


def mean_apart(s: Ratios) -> Double:
    """The mean of x - y."""
    return ((s.x - s.y) - s.low) * s.inverse + s.centre


@noinline
def far_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """`lift`, and what the terms of the predictions are multiplied by. Distances are counted from that of the most
    probable class, where little is left of a slope if both agree on it."""
    z = stack_reals(512)
    terms = stack_reals(512)
    own = double(0.0)
    beyond = double(0.0)
    rise = double(0.0)
    open_predictions(c, x, s, z)
    s.centre = double(0.0)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        some = offset(e, first * s.kept)
        apart = offset(v, first * s.kept)
        if s.kept == 0:
            ratio_tile(c, x, first, n, s, some, apart)
        prediction_terms(c, x, first, n, s, z)
        own = own + values_sum(z, n)
        for i in range(n):
            terms[i] = z[i] if apart[i] > 6.0 else 0.0
        beyond = beyond + values_sum(terms, n)
        for i in range(n):
            terms[i] = some[i] * far_rise(apart[i])
        rise = rise + values_sum(terms, n)
        first = first + n
    s.z_share = double(1.0) / own
    s.lift = lift_of(s, beyond, rise / s.total)
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
def begin_ratios(c: Rowwise, x: Reals, s: Ratios, hats: Int, e: Reals, v: Reals) -> Int:
    """The terms and distances of a row whose top is known; whether some of them are far."""
    s.kept = is_kept(c)
    s.fine = 1 - hats
    s.z_base = double(0.0)
    s.z_shift = double(0.0)
    s.z_share = double(0.0)
    open_ratios(c, x, s)
    centre_ratios(c, x, s, e, v)
    return s.far


@noinline
def finish_ratios(c: Rowwise, x: Reals, s: Ratios, hats: Int, e: Reals, v: Reals) -> Int:
    """What else is to be known of a row before its classes are looked at."""
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


@noinline
def measure_ratios(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """All that is to be known of a row, as it was given, before its classes are looked at."""
    find_top(c, s)
    if c.score_kind == LOG_PROBABILITIES:
        s.fine = 1
        open_ratios(c, x, s)
        return given_ratios(c, x, s, e, v)
    begin_ratios(c, x, s, 0, e, v)
    return finish_ratios(c, x, s, 0, e, v)


def more_of(r: Real, power: Real, curve: Real) -> Real:
    """e^r - 1, from the power and from e^r - 1 - r."""
    return r + curve if abs(r) < 0.34 else power - 1.0


def near_curve(r: Real, power: Real) -> Real:
    """e^r - 1 - r, from the power."""
    return exp_curve(r) if abs(r) < 0.34 else (power - 1.0) - r


def within(r: Real) -> Real:
    """r, or 80 where it is more, of which the power is still finite; NaN stays NaN."""
    return 80.0 if r > 80.0 else r


def nearest_power(s: Ratios) -> Double:
    """From which logarithm of a ratio on q is the prediction's own power, where that is known."""
    furthest = double(6.0) - s.lift if s.raw == 0 else double(6.0)
    return furthest if furthest < double(1.0) else double(1.0)


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
    row_distances(c, x, first, n, s, 1, given, at)
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
        beyond = real(nearest_power(s))
        for i in range(n):
            q[i] = z[i] * own if at[i] > beyond else q[i]
    return 0
