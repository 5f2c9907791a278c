"""Rows of two distributions that are far apart: their divergence is a difference of two means that keeps its digits.

KL(p || q) = log E[e^(x - y)] - E[x - y] over p, where the first is known from what all predictions add up to. Both are
right to some 1e-7 of the distances that they average, so that a divergence of 0.5 has its digits, and one pass over a
row is enough. A slope q - p has its own where the largest of them is no less than a fourth of the largest q. Whether a
row may be such a one is guessed from a few of its classes; whether it is one is seen once it is measured.
"""

from __future__ import annotations

from ..scalar import exponent_of, fma, log_normal
from .codes import CURVATURE, DISTRIBUTION, GRADIENT, LOGITS
from .headers import Ratios, Row, Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    double,
    double_log,
    double_ratio_of,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_reals,
)
from .rowwise_distances import (
    call_for,
    is_kept,
    open_predictions,
    prediction_terms,
    target_entries,
    terms_of,
)
from .rowwise_parts import find_pivot, scores_of
from .rowwise_ratios import settle_ratios
from .sums import add_tile, clear, few_sum, fold, tile_length


def may_be_apart(c: Rowwise, s: Ratios) -> Int:
    """Whether a row is of logits, with probabilities of usual size: the same whatever is asked beside its value."""
    usual = s.form != DISTRIBUTION or (s.top > double(1e-30) and s.top < double(1e30))
    return 1 if usual and c.score_kind == LOGITS else 0


def middle_of(s: Ratios) -> Double:
    """The logarithm that those of what a row is compared with are counted from: a power of two of probabilities."""
    return double(exponent_of(real(s.top))) if s.form == DISTRIBUTION else s.top


@noinline
def logarithms_apart(s: Ratios, given: Reals, n: Int, y: Reals) -> Int:
    """The logarithms of n numbers that a row is compared with, less that of one of the size of the largest."""
    if s.form == DISTRIBUTION:
        scale = real(double_ratio_of(double(0.0) - middle_of(s)))
        for i in range(n):
            y[i] = log_normal(given[i] * scale)
    else:
        most = real(s.top)
        for i in range(n):
            y[i] = given[i] - most
    return 0


@noinline
def terms_beside(c: Rowwise, n: Int, s: Ratios, given: Reals, e: Reals) -> Reals:
    """Pointer to the terms of n numbers of what a row is compared with, in e unless they are these numbers."""
    if s.form == DISTRIBUTION:
        return given
    terms_of(c, n, s, given, e)
    return e


@noinline
def weighed_distances(terms: Reals, scores: Reals, here: Real, n: Int, y: Reals) -> Int:
    """The distances of n predictions, counted from `here`, from logarithms in y, times terms, in place of these."""
    for i in range(n):
        y[i] = terms[i] * ((scores[i] - here) - y[i]) if terms[i] > 0.0 else 0.0
    return 0


@noinline
def looks_apart(c: Rowwise, x: Reals, s: Ratios) -> Int:
    """Whether distances of some classes about the most probable one vary as they do where a divergence is 0.5; the mean
    of the predictions there is what all of them are counted from."""
    y = stack_reals(32)
    e = stack_reals(32)
    z = stack_reals(32)
    v = stack_reals(32)
    n = c.classes if c.classes < 32 else 32
    first = s.pivot - 16
    first = c.classes - n if first > c.classes - n else first
    first = 0 if first < 0 else first
    given = target_entries(c, s, first, n, y)
    terms = terms_beside(c, n, s, given, e)
    scores = scores_of(c, x, -1, first, n, z)
    total = few_sum(terms, n)
    for i in range(n):
        v[i] = terms[i] * scores[i] if terms[i] > 0.0 else 0.0
    here = few_sum(v, n) / total
    s.x = double(here)
    logarithms_apart(s, given, n, v)
    for i in range(n):
        apart = (scores[i] - here) - v[i] if terms[i] > 0.0 else 0.0
        z[i] = terms[i] * apart
        v[i] = z[i] * apart
    mean = few_sum(z, n) / total
    varied = double(few_sum(v, n) / total - mean * mean) * (s.inverse * s.inverse)
    return 1 if varied >= double(0.75) and varied < double(1e30) else 0


@noinline
def apart_means(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Double:
    """The difference of the two means, and the terms of the predictions in v, as far as rows are kept."""
    y = stack_reals(512)
    z = stack_reals(512)
    w = stack_reals(512)
    lanes = stack_doubles(96)
    for k in range(3):
        clear(offset(lanes, 32 * k))
    here = real(s.x)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        own = offset(v, first * s.kept)
        call_for(c, x, s, first, n, 1)
        given = target_entries(c, s, first, n, w)
        logarithms_apart(s, given, n, y)
        terms = terms_beside(c, n, s, given, offset(e, first * s.kept))
        add_tile(terms, n, lanes)
        scores = scores_of(c, x, -1, first, n, z)
        weighed_distances(terms, scores, here, n, y)
        call_for(c, x, s, first, n, 2)
        add_tile(y, n, offset(lanes, 32))
        prediction_terms(c, x, first, n, s, own)
        call_for(c, x, s, first, n, 3)
        add_tile(own, n, offset(lanes, 64))
        first = first + n
    s.total = fold(lanes)
    mean = fold(offset(lanes, 32)) / s.total * s.inverse
    own_total = fold(offset(lanes, 64))
    s.z_share = double(1.0) / own_total
    # what large scores have in common is taken off before it is rounded
    above = (s.top - s.base) * s.inverse - s.shift
    taken = double(0.6931471805599453) * middle_of(s) if s.form == DISTRIBUTION else above
    higher = double_log(own_total) + ((s.z_base - s.x) * s.inverse + s.z_shift) - double_log(s.total)
    return (higher - mean) + taken


@noinline
def excess_apart(
    c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, scale: Double, e: Reals, v: Reals, out: Reals
) -> Int:
    """q - p of n classes from `first` of a row that is far apart, times a factor."""
    y = stack_reals(512)
    z = stack_reals(512)
    own = offset(v, first)
    terms = offset(e, first)
    if s.kept == 0:
        prediction_terms(c, x, first, n, s, z)
        own = z
    if s.kept == 0 or s.form == DISTRIBUTION:
        terms = terms_beside(c, n, s, target_entries(c, s, first, n, y), offset(e, first * s.kept))
    share = real(s.share * scale)
    own_share = real(s.z_share * scale)
    for i in range(n):
        out[i] = fma(own[i], own_share, -(terms[i] * share))
    return 0


def slope_apart(c: Rowwise, x: Reals, place: Int, s: Ratios, e: Reals, v: Reals) -> Real:
    """How far q and p of a class are from each other."""
    out = stack_reals(1)
    excess_apart(c, x, place, 1, s, double(1.0), e, v, out)
    return abs(out[0])


@noinline
def highest_of(c: Rowwise, x: Reals) -> Int:
    """The class with the largest prediction."""
    row = Row()
    z = stack_reals(512)
    find_pivot(c, x, -1, row, z)
    return row.pivot


@noinline
def measure_apart(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Double:
    """KL(p || q) of a row of which it keeps its digits in this way; or -1."""
    s.kept = is_kept(c)
    s.far = 1
    open_predictions(c, x, s, v)
    found = apart_means(c, x, s, e, v)
    if not (found >= double(0.5) and found < double(1e30)):
        return double(-1.0)
    settle_ratios(c, s, 1)
    return found


@noinline
def slopes_apart(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """Whether the slopes of a row that was measured so keep their digits, too; curvatures have another way."""
    if c.mode == CURVATURE:
        return 0
    if c.mode == GRADIENT:
        least = 0.25 * real(s.z_share)
        if slope_apart(c, x, s.pivot, s, e, v) < least and slope_apart(c, x, highest_of(c, x), s, e, v) < least:
            return 0
    return 1
