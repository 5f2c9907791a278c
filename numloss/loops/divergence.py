"""Divergences of the rows of two distributions: those of Kullback and Leibler, and sums of a law of each class.

A law is (r, e^r - 1, e^r - 1 - r, p, q, parameters) -> value, slope and curvature with respect to log q, where r is the
logarithm of q / p, see rowwise_ratios.py. Its terms add up to the divergence if both sum to 1; powers stay finite, so
that where r is more than 1 a law takes q.
"""

from __future__ import annotations

from ..scalar import expm1, minimum
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
from .rowwise_checks import check_distribution
from .rowwise_parts import (
    add_losses,
    call_law,
    clear_slopes,
    curvature_at,
    first_equal,
    gradient_at,
    locate_row,
    read_rows,
    scores_at,
    tile_maximum,
)
from .rowwise_ratios import is_kept, measure_ratios, prediction_terms, ratio_columns
from .rowwise_slopes import bounded, score_curvature
from .sums import add_tile, add_up, add_values, begin_block, block_stop, clear, fold, tile_length


def forward_term(r: Real, curve: Real, p: Real, q: Real) -> Real:
    """The term of a class of KL(p || q)."""
    far = (q - p) - (p * r if p > 0.0 else 0.0)
    return far if r > 1.0 else p * curve if p > 0.0 else p


def excess_of(r: Real, more: Real, p: Real, q: Real) -> Real:
    """q - p."""
    return q - p if r > 1.0 else p * more


def is_apart(s: Ratios) -> Int:
    """Whether the divergence of a row with far ratios is so large that it is the difference of two exact numbers."""
    whole = s.far == 1 and s.raw == 0 and s.kept == 1 and s.missed == double(0.0)
    return 1 if whole and s.lift - s.rise >= double(0.5) else 0


@noinline
def excess_apart(c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, e: Reals, v: Reals, out: Reals) -> Int:
    """q - p of n classes from `first` of a row that `is_apart`, from its terms and distances as they are."""
    z = stack_reals(512)
    prediction_terms(c, x, first, n, s, z)
    some = offset(e, first)
    apart = offset(v, first)
    centre = real(s.centre)
    lift = real(s.lift)
    share = real(s.share)
    own = real(s.z_share)
    for i in range(n):
        p = some[i] * share
        u = apart[i] - centre
        near = p * expm1(minimum(u, 6.0) - lift)
        out[i] = z[i] * own - p if u > 6.0 else near
    return 0


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
    lanes = stack_doubles(32)
    clear(lanes)
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
        add_tile(at, n, lanes)
        first = first + n
    return fold(lanes)


@noinline
def excess(c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, e: Reals, v: Reals, out: Reals) -> Int:
    """q - p of n classes from `first`."""
    if s.flat == 2:
        excess_apart(c, x, first, n, s, e, v, out)
    elif s.flat == 1:
        some = offset(e, first * s.kept)
        powers = offset(v, first * s.kept)
        share = real(s.share / (double(1.0) + s.rise))
        rise = real(s.rise)
        for i in range(n):
            out[i] = some[i] * (powers[i] - rise) * share
    else:
        at = stack_reals(2560)
        ratio_columns(c, x, first, n, s, e, v, at)
        for i in range(n):
            out[i] = excess_of(at[i], at[512 + i], at[1536 + i], at[2048 + i])
    return 0


@noinline
def measure_left(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Int:
    """The class with the largest q, and what that leaves."""
    at = stack_reals(2560)
    lanes = stack_doubles(32)
    clear(lanes)
    q = offset(at, 2048)
    top = real(-1.0)
    s.pivot = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        ratio_columns(c, x, first, n, s, e, v, at)
        peak = tile_maximum(q, n)
        if peak > top:
            top = peak
            s.pivot = first + first_equal(q, n, peak)
        first = first + n
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        ratio_columns(c, x, first, n, s, e, v, at)
        if s.pivot >= first and s.pivot < first + n:
            q[s.pivot - first] = 0.0
        add_tile(q, n, lanes)
        first = first + n
    s.left = fold(lanes)
    return 0


@noinline
def divergence_of(c: Rowwise, x: Reals, s: Ratios, e: Reals, v: Reals) -> Double:
    """KL(p || q) of a row; what is needed of it afterwards."""
    s.flat = is_kept(c) if c.mode == GRADIENT and c.score_kind == LOGITS else 0
    measure_ratios(c, x, s, 1, e, v)
    if s.total == double(0.0):
        return double(0.0)
    if c.mode == CURVATURE and c.score_kind == LOGITS:
        measure_left(c, x, s, e, v)
    if is_apart(s) == 1:
        s.flat = 2
        return s.mass * (s.lift - s.rise) + s.extra
    near = 1 if s.far == 0 and s.raw == 0 else 0
    return s.mass * (nearest(s) if near == 1 else farthest(c, x, s, e, v)) + s.extra


@noinline
def divergence_slopes(
    c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, e: Reals, v: Reals, slopes: Reals, bends: Reals
) -> Int:
    """Gradient, and curvature, of KL(p || q) of n classes of a measured row."""
    logits = c.score_kind == LOGITS
    if logits:
        excess(c, x, first, n, s, e, v, slopes)
    if c.mode == CURVATURE or not logits:
        at = stack_reals(2560)
        ratio_columns(c, x, first, n, s, e, v, at)
        mass = real(s.mass * s.inverse * s.inverse)
        for i in range(n):
            q = at[2048 + i]
            left = real(s.left) if first + i == s.pivot else 1.0 - q
            bends[i] = score_curvature(c, q, left, mass, 0.0) if logits else 0.0
        if not logits:
            for i in range(n):
                slopes[i] = -at[1536 + i]
    scale = real(s.mass * s.inverse)
    for i in range(n):
        slopes[i] = slopes[i] * scale
    return 0


@noinline
def put_slopes(c: Rowwise, first: Int, n: Int, scale: Real, slopes: Reals, bends: Reals, g: Reals, h: Reals) -> Int:
    """Slopes and curvatures of n classes from `first`, times a factor, to where they are wanted."""
    steps = c.gradient_steps.classes
    if steps == 1:
        for i in range(n):
            g[first + i] = slopes[i] * scale
    else:
        for i in range(n):
            g[(first + i) * steps] = slopes[i] * scale
    if c.mode == CURVATURE:
        steps = c.curvature_steps.classes
        for i in range(n):
            h[(first + i) * steps] = bounded(c, bends[i]) * scale
    return 0


@noinline
def divergence_row(c: Rowwise, x: Reals, s: Ratios, factor: Double, e: Reals, v: Reals, g: Reals, h: Reals) -> Double:
    """KL(p || q) of a row; its gradient and curvature, times a factor, in g and h."""
    slopes = stack_reals(512)
    bends = stack_reals(512)
    value = divergence_of(c, x, s, e, v)
    if c.mode >= GRADIENT:
        first = 0
        while first < c.classes:
            n = tile_length(first, c.classes)
            divergence_slopes(c, x, first, n, s, e, v, slopes, bends)
            put_slopes(c, first, n, real(factor), slopes, bends, g, h)
            first = first + n
    return value


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


def softmax_curvature(c: Rowwise, q: Real, left: Real, slopes: Double, bend: Real, bends: Double) -> Real:
    """Curvature with respect to a logit whose probability leaves `left`, from that of its score and from the sums.

    That of each score is J^T diag(curvatures) J with J = I - 1 q^T, less the sum of the slopes times diag(q) - q q^T;
    the bound adds up their rows.
    """
    turned = real(slopes) * q * left
    if c.bound == 1:
        return bend + real(bends) * q + (-2.0 * turned if turned < 0.0 else 0.0)
    return bend * left * left + real(bends - double(bend)) * q * q - turned


@noinline
def ratio_slopes(c: Rowwise, first: Int, n: Int, s: Ratios, q: Reals, found: Reals) -> Int:
    """Slopes and curvatures with respect to n scores from `first`, in place of those with respect to log q."""
    slopes = offset(found, 512)
    bends = offset(found, 1024)
    slope = real(s.slopes)
    inverse = real(s.inverse)
    if c.score_kind == LOGITS:
        if c.mode == CURVATURE:
            for i in range(n):
                left = real(s.left) if first + i == s.pivot else 1.0 - q[i]
                bends[i] = softmax_curvature(c, q[i], left, s.slopes, bends[i], s.bends) * inverse * inverse
        for i in range(n):
            slopes[i] = (slopes[i] - slope * q[i]) * inverse
    return 0


@noinline
def ratio_row(c: Rowwise, x: Reals, s: Ratios, factor: Double, e: Reals, v: Reals, g: Reals, h: Reals) -> Double:
    """The sum of the law of each class of a row; its gradient and curvature, times a factor, in g and h."""
    at = stack_reals(2560)
    found = stack_reals(1536)
    lanes = stack_doubles(96)
    for k in range(3):
        clear(offset(lanes, 32 * k))
    s.flat = 0
    measure_ratios(c, x, s, 0, e, v)
    if c.mode == CURVATURE:
        measure_left(c, x, s, e, v)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        law_columns(c, x, first, n, s, e, v, at, found)
        for k in range(c.mode + 1):
            if k == CURVATURE:
                # of which that of one class is taken off again
                add_values(offset(found, 512 * k), n, offset(lanes, 32 * k))
            else:
                add_tile(offset(found, 512 * k), n, offset(lanes, 32 * k))
        first = first + n
    s.slopes = fold(offset(lanes, 32))
    s.bends = fold(offset(lanes, 64))
    first = 0
    while first < c.classes and c.mode >= GRADIENT:
        n = tile_length(first, c.classes)
        if c.classes > 512:
            law_columns(c, x, first, n, s, e, v, at, found)
        ratio_slopes(c, first, n, s, offset(at, 2048), found)
        put_slopes(c, first, n, real(factor), offset(found, 512), offset(found, 1024), g, h)
        first = first + n
    return fold(lanes)


def compare_with(c: Rowwise, s: Ratios, data: Int, kind: Int, stride: Int, form: Int) -> Int:
    """What a row is compared with: an address, a dtype, the elements between classes, and what it is."""
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
            compare_with(c, s, data, c.target.kind, c.target_steps.classes, c.target_kind)
            x = scores_at(c, row)
            g = gradient_at(c, row)
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
