"""Divergences of the rows of two distributions: that of Kullback and Leibler, and sums of a law of each class."""

from __future__ import annotations

from .codes import CURVATURE, GRADIENT, LOGITS
from .headers import Ratios, Result, Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    address,
    array_data,
    double,
    double_log1p,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import item_size
from .ratio_laws import measure_left, put_slopes, ratio_row
from .rowwise_apart import excess_apart, looks_apart, may_be_apart, measure_apart, slopes_apart
from .rowwise_checks import check_distribution
from .rowwise_parts import (
    add_losses,
    clear_slopes,
    curvature_at,
    gradient_at,
    locate_row,
    read_rows,
    scores_at,
)
from .rowwise_ratios import begin_ratios, find_top, finish_ratios, is_kept, ratio_columns
from .rowwise_slopes import score_curvature
from .sums import add_up, begin_block, block_stop, tile_length, values_sum


def forward_term(r: Real, curve: Real, p: Real, q: Real) -> Real:
    """The term of a class of KL(p || q)."""
    far = (q - p) - (p * r if p > 0.0 else 0.0)
    return far if r > 1.0 else p * curve if p > 0.0 else p


def excess_of(r: Real, more: Real, p: Real, q: Real) -> Real:
    """q - p."""
    return q - p if r > 1.0 else p * more


def nearest(s: Ratios) -> Double:
    """KL(p || q) of a row without far ratios."""
    found = s.curve + (double_log1p(s.rise) - s.rise)
    far = double_log1p(s.rise) - (s.rise - s.curve)
    found = found if s.curve < double(0.5) else far
    return double(0.0) if found < double(0.0) else found


@noinline
def farthest(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Double:
    """KL(p || q) of any row, term by term; or the sum of what was given, where that is to be taken as it is."""
    at = stack_reals(2560)
    total = double(0.0)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        ratio_columns(c, x, first, n, s, e, v, at)
        p = offset(at, 1536)
        if s.raw == 1:
            for i in range(n):
                at[i] = -(p[i] * at[i]) if p[i] > 0.0 else p[i]
        else:
            for i in range(n):
                at[i] = forward_term(at[i], at[1024 + i], p[i], p[512 + i])
        total = total + values_sum(at, n)
        first = first + n
    return total


@noinline
def excess(
    c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, scale: Double, e: Reals, v: Reals, out: Reals
) -> Int:
    """q - p of n classes from `first`, times a factor."""
    if s.flat == 2:
        excess_apart(c, x, first, n, s, scale, e, v, out)
    elif s.flat == 1:
        some = offset(e, first * s.kept)
        powers = offset(v, first * s.kept)
        share = real(scale * (s.share / (double(1.0) + s.rise)))
        rise = real(s.rise)
        for i in range(n):
            out[i] = some[i] * (powers[i] - rise) * share
    else:
        at = stack_reals(2560)
        ratio_columns(c, x, first, n, s, e, v, at)
        for i in range(n):
            out[i] = excess_of(at[i], at[512 + i], at[1536 + i], at[2048 + i]) * real(scale)
    return 0


@noinline
def divergence_of(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Double:
    """KL(p || q) of a row; what is needed of it afterwards."""
    s.flat = is_kept(c) if c.mode == GRADIENT and c.score_kind == LOGITS else 0
    find_top(c, s)
    apart = double(-1.0)
    tried = looks_apart(c, x, s) if may_be_apart(c, s) == 1 else 1
    if may_be_apart(c, s) == 1 and tried == 1:
        apart = measure_apart(c, x, s, e, v)
    begun = 0
    if apart < double(0.0):
        begun = 1
        if begin_ratios(c, x, s, 1, e, v) == 1 and tried == 0:
            s.x = double(real(s.x + s.centre / s.inverse))
            apart = measure_apart(c, x, s, e, v)
            begun = 0
    value = s.mass * apart + s.extra
    if apart >= double(0.0) and slopes_apart(c, x, s, e, v) == 1:
        s.flat = 2
        return value
    if begun == 0:
        begin_ratios(c, x, s, 1, e, v)
    finish_ratios(c, x, s, 1, e, v)
    if apart < double(0.0) and s.total == double(0.0):
        return double(0.0)
    if c.mode == CURVATURE and c.score_kind == LOGITS:
        measure_left(c, x, s, e, v)
    if apart >= double(0.0):  # the value does not depend on what is asked beside it
        return value
    near = 1 if s.far == 0 and s.raw == 0 else 0
    return s.mass * (nearest(s) if near == 1 else farthest(c, x, s, e, v)) + s.extra


@noinline
def divergence_slopes(
    c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, factor: Double, e: Reals, v: Reals, slopes: Reals, bends: Reals
) -> Int:
    """Gradient, times a factor, and curvature of KL(p || q) of n classes of a measured row."""
    logits = c.score_kind == LOGITS
    scale = factor * (s.mass * s.inverse)
    if logits:
        excess(c, x, first, n, s, scale, e, v, slopes)
    if c.mode == CURVATURE or not logits:
        at = stack_reals(2560)
        ratio_columns(c, x, first, n, s, e, v, at)
        mass = real(s.mass * s.inverse * s.inverse)
        for i in range(n):
            q = at[2048 + i]
            left = real(s.left) if first + i == s.pivot else 1.0 - q
            bends[i] = score_curvature(c, q, left, mass, 0.0) if logits else 0.0
        if not logits:
            own = real(scale)
            for i in range(n):
                slopes[i] = -at[1536 + i] * own
    return 0


@noinline
def divergence_row(c: Rowwise, x: Reals, s: Ratios, factor: Double, e: Reals, v: Reals, g: Reals, h: Reals) -> Double:
    """KL(p || q) of a row; its gradient and curvature, times a factor, in g and h."""
    slopes = stack_reals(512)
    bends = stack_reals(512)
    value = divergence_of(c, x, s, e, v)
    straight = c.mode == GRADIENT and s.place != 0
    first = 0
    while first < c.classes and c.mode >= GRADIENT:
        n = tile_length(first, c.classes)
        divergence_slopes(c, x, first, n, s, factor, e, v, offset(g, first) if straight else slopes, bends)
        if not straight:
            put_slopes(c, first, n, real(factor), slopes, bends, g, h)
        first = first + n
    return value


def compare_with(c: Rowwise, s: Ratios, g: Reals, data: Int, kind: Int, stride: Int, form: Int) -> Int:
    """What a row with a gradient is compared with: an address, a dtype, the elements between classes, what it is."""
    s.place = address(g) if c.mode >= GRADIENT and c.gradient_steps.classes == 1 else 0
    s.data = data
    s.kind = kind
    s.stride = stride
    s.form = form
    s.inverse = double(1.0) / c.temperature
    return 0


def divergence_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """One row after the other."""
    e = stack_reals(32768)
    v = stack_reals(32768)
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    s = Ratios()
    begin_block(partial)
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = tile_length(start, stop)
        read_rows(c, start, n, labels, weights, partial)
        for i in range(n):
            row = start + i
            at = locate_row(c, row, c.target_steps)
            check_distribution(c, row, at, q, partial)
            data = array_data(c.target.array) + at * item_size(c.target.kind, c.itemsize)
            x = scores_at(c, row)
            g = gradient_at(c, row)
            compare_with(c, s, g, data, c.target.kind, c.target_steps.classes, c.target_kind)
            h = curvature_at(c, row)
            counts[i] = double(weights[i])
            losses[i] = double(0.0)
            factor = counts[i] * c.scale
            if weights[i] == 0.0:
                clear_slopes(c, g, h)
            elif partial.bad_at < 0:
                # nothing is written once something is wrong: the value that the error names is still there
                if c.tile == 0:
                    losses[i] = counts[i] * divergence_row(c, x, s, factor, e, v, g, h)
                else:
                    losses[i] = counts[i] * ratio_row(c, x, s, factor, e, v, g, h)
        add_losses(c, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
