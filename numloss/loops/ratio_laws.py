"""Rows of two distributions by a law of each class, which is given the ratio of its probabilities.

A law is (r, e^r - 1, e^r - 1 - r, p, q, parameters) -> value, slope and curvature with respect to log q, where r is the
logarithm of q / p, see rowwise_ratios.py. Its terms add up to the divergence if both sum to 1; powers stay finite, so
that where r is more than 1 a law takes q. What a softmax makes of slopes is a difference, of which at the class with
the largest q next to nothing may be left: there it is made of what the other classes have.
"""

from __future__ import annotations

from .codes import CURVATURE, GRADIENT, LOGITS
from .headers import Ratios, Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    address,
    double,
    noinline,
    offset,
    real,
    stack_ints,
    stack_reals,
)
from .rowwise_parts import (
    call_law,
    first_equal,
    tile_maximum,
)
from .rowwise_ratios import measure_ratios, ratio_columns
from .rowwise_slopes import bounded
from .sums import tile_length, values_sum


def begin_peak(s: Ratios) -> Int:
    """No class has been left out of sums."""
    s.pivot = 0
    s.peak = double(0.0)
    s.left = double(0.0)
    s.slopes = double(0.0)
    s.bends = double(0.0)
    s.own_slope = double(0.0)
    s.own_bend = double(0.0)
    return 0


def leave_peak(s: Ratios, place: Int, q: Double, slope: Double, bend: Double) -> Int:
    """Of a class and the one that was left out so far leave out that with the larger q, and add up the other one."""
    ahead = q > s.peak
    s.left = s.left + (s.peak if ahead else q)
    s.slopes = s.slopes + (s.own_slope if ahead else slope)
    s.bends = s.bends + (s.own_bend if ahead else bend)
    if ahead:
        s.pivot = place
        s.peak = q
        s.own_slope = slope
        s.own_bend = bend
    return 0


def peak_place(q: Reals, n: Int) -> Int:
    """The class with the largest of n probabilities, or -1 where none is a number."""
    peak = tile_maximum(q, n)
    place = first_equal(q, n, peak)
    return place if q[place] == peak else -1


@noinline
def measure_left(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """The class with the largest q, and what that leaves."""
    at = stack_reals(2560)
    q = offset(at, 2048)
    begin_peak(s)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        ratio_columns(c, x, first, n, s, e, v, at)
        place = peak_place(q, n)
        if place >= 0:
            leave_peak(s, first + place, double(q[place]), double(0.0), double(0.0))
            q[place] = 0.0
        s.left = s.left + values_sum(q, n)
        first = first + n
    return 0


@noinline
def put_slopes(c: Rowwise, first: Int, n: Int, scale: Real, slopes: Reals, bends: Reals, g: Reals, h: Reals) -> Int:
    """Slopes of n classes from `first`, and curvatures, times a factor, to where they are wanted."""
    steps = c.gradient_steps.classes
    if steps == 1:
        for i in range(n):
            g[first + i] = slopes[i]
    else:
        for i in range(n):
            g[(first + i) * steps] = slopes[i]
    if c.mode == CURVATURE:
        steps = c.curvature_steps.classes
        for i in range(n):
            h[(first + i) * steps] = bounded(c, bends[i]) * scale
    return 0


@noinline
def law_columns(
    c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, e: Reals, v: Reals, at: Reals, found: Reals
) -> Int:
    """The law of n classes from `first`: columns of 512 values, slopes and curvatures; q stays in `at`."""
    pointers = stack_ints(8)
    ratio_columns(c, x, first, n, s, e, v, at)
    for k in range(5):
        pointers[k] = address(offset(at, 512 * k))
    for k in range(3):
        pointers[5 + k] = address(offset(found, 512 * k))
    call_law(c, pointers, n)
    if c.mode == CURVATURE and c.bound == 1:
        column = offset(found, 1024)
        for i in range(n):
            column[i] = 2.0 * column[i] if column[i] > 0.0 else 0.0
    return 0


def softmax_curvature(
    c: Rowwise, q: Real, left: Real, slopes: Double, bend: Real, bends: Double, others: Double
) -> Real:
    """Curvature with respect to a logit whose probability leaves `left`, from that of its score, from the sums of all,
    and from that of the `others`.

    That of each score is J^T diag(curvatures) J with J = I - 1 q^T, less the sum of the slopes times diag(q) - q q^T;
    the bound adds up their rows.
    """
    turned = real(slopes) * q * left
    if c.bound == 1:
        return bend + real(bends) * q + (-2.0 * turned if turned < 0.0 else 0.0)
    return bend * left * left + real(others) * q * q - turned


@noinline
def ratio_slopes(c: Rowwise, first: Int, n: Int, s: Ratios, factor: Real, q: Reals, found: Reals) -> Int:
    """Slopes, times a factor, and curvatures with respect to n scores from `first`, in place of those of log q."""
    slopes = offset(found, 512)
    bends = offset(found, 1024)
    whole = s.slopes + s.own_slope
    slope = real(whole)
    total = s.bends + s.own_bend
    inverse = real(s.inverse)
    # of the class with the largest q what the others have, of which nothing cancels
    own = s.pivot - first if s.pivot >= first and s.pivot < first + n else -1
    if c.score_kind == LOGITS:
        pivot_slope = real(s.own_slope) * real(s.left) - real(s.slopes) * q[own] if own >= 0 else 0.0
        if c.mode == CURVATURE:
            for i in range(n):
                left = real(s.left) if i == own else 1.0 - q[i]
                others = s.bends if i == own else total - double(bends[i])
                bends[i] = softmax_curvature(c, q[i], left, whole, bends[i], total, others) * inverse * inverse
        for i in range(n):
            slopes[i] = slopes[i] - slope * q[i]
        if own >= 0:
            slopes[own] = pivot_slope
        for i in range(n):
            slopes[i] = slopes[i] * inverse
    for i in range(n):
        slopes[i] = slopes[i] * factor
    return 0


@noinline
def add_beside(c: Rowwise, first: Int, n: Int, s: Ratios, q: Reals, found: Reals) -> Double:
    """The sum of n values of a law; its slopes and curvatures are added up, and q, one class left out."""
    kept = stack_reals(4)
    place = peak_place(q, n) if c.mode >= GRADIENT else -1
    if place >= 0:
        kept[0] = q[place]
        for k in range(2):
            kept[1 + k] = found[512 + 512 * k + place]
            found[512 + 512 * k + place] = 0.0
        q[place] = 0.0
        leave_peak(s, first + place, double(kept[0]), double(kept[1]), double(kept[2]))
    if c.mode >= GRADIENT:
        s.slopes = s.slopes + values_sum(offset(found, 512), n)
        s.left = s.left + values_sum(q, n)
    if c.mode == CURVATURE:
        s.bends = s.bends + values_sum(offset(found, 1024), n)
    if place >= 0:
        q[place] = kept[0]
        for k in range(2):
            found[512 + 512 * k + place] = kept[1 + k]
    return values_sum(found, n)


@noinline
def ratio_row(c: Rowwise, x: Reals, s: Ratios, factor: Double, e: Reals, v: Reals, g: Reals, h: Reals) -> Double:
    """The sum of the law of each class of a row; its gradient and curvature, times a factor, in g and h."""
    at = stack_reals(2560)
    found = stack_reals(1536)
    value = double(0.0)
    q = offset(at, 2048)
    s.flat = 0
    measure_ratios(c, x, s, e, v)
    begin_peak(s)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        law_columns(c, x, first, n, s, e, v, at, found)
        value = value + add_beside(c, first, n, s, q, found)
        first = first + n
    first = 0
    while first < c.classes and c.mode >= GRADIENT:
        n = tile_length(first, c.classes)
        if c.classes > 512:
            law_columns(c, x, first, n, s, e, v, at, found)
        ratio_slopes(c, first, n, s, real(factor), q, found)
        put_slopes(c, first, n, real(factor), offset(found, 512), offset(found, 1024), g, h)
        first = first + n
    return value
