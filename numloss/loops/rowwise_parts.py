"""Parts of the rowwise family that its designs share; the header of a problem is in rowwise.py."""

from __future__ import annotations

from ..scalar import decay, exp, exp_below, log, tanh
from .headers import Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    apart,
    array_data,
    call_tile,
    double,
    integer,
    offset,
    operand_at,
    real,
    reals,
    run_maximum,
    stack_ints,
    stack_reals,
)
from .operands import convert, deliver, fetch, fetch_labels, first_outside, item_size
from .sums import add_tile, add_up, report


@apart
def tile_maximum(z: Reals, n: Int) -> Real:
    """The largest of n values, NaN left aside."""
    if n >= 16:
        return run_maximum(z, n)
    top = real(-1e999)
    for k in range(n):
        top = z[k] if z[k] > top else top
    return top


@apart
def first_equal(z: Reals, n: Int, value: Real) -> Int:
    """Position of the first of n values that equals one of them: by windows, then one after the other."""
    k = 0
    while k + 64 <= n and run_maximum(offset(z, k), 64) != value:
        k = k + 64
    while k + 1 < n and z[k] != value:
        k = k + 1
    return k


@apart
def load_scores(x: Reals, stride: Int, n: Int, kind: Int, cap: Real, eps: Real, z: Reals) -> Int:
    """Scores of n classes, `stride` elements apart: as they are, capped, or the logarithm of probabilities."""
    if stride == 1:
        for i in range(n):
            z[i] = x[i]
    else:
        for i in range(n):
            z[i] = x[i * stride]
    if kind == 2:
        for i in range(n):
            z[i] = log(eps if z[i] < eps else z[i])
    elif cap > 0.0:
        for i in range(n):
            z[i] = cap * tanh(z[i] / cap)
    return 0


def call_law(c: Ints, f: Doubles, pointers: Ints, n: Int) -> Int:
    """The law of a problem for n numbers of each of its inputs, with its parameters."""
    params = stack_reals(8)
    params[0] = real(f[6])
    params[1] = real(f[7])
    call_tile(c[2], pointers, params, n)
    return 0


@apart
def logits_by_law(c: Ints, f: Doubles, label: Int, first: Int, n: Int, z: Reals, slopes: Reals, bends: Reals) -> Int:
    """The law of n entries in z: logits in their place, and what the tile gives of slopes and bends."""
    pointers = stack_ints(8)
    entries = stack_reals(512)
    own = stack_reals(512)
    for i in range(n):
        entries[i] = z[i]
        own[i] = 0.0
    if label >= first and label < first + n:
        own[label - first] = 1.0
    pointers[0] = address(entries)
    pointers[1] = address(own)
    pointers[2] = address(z)
    pointers[3] = address(slopes)
    pointers[4] = address(bends)
    call_law(c, f, pointers, n)
    return 0


@apart
def load_row(c: Ints, f: Doubles, x: Reals, label: Int, first: Int, n: Int, z: Reals) -> Int:
    """Scores of n classes of a row from `first`: as `load_scores`, or logits by a law, and what is added to them."""
    load_scores(offset(x, first * c[6]), c[6], n, c[12], real(f[3]), real(f[4]), z)
    if c[11] == 5:
        slopes = stack_reals(512)
        bends = stack_reals(512)
        logits_by_law(c, f, label, first, n, z, slopes, bends)
    if c[56] != 0:
        added = offset(reals(array_data(c[56])), first)
        for i in range(n):
            z[i] = z[i] + added[i]
    return 0


def scores_of(c: Ints, f: Doubles, x: Reals, label: Int, first: Int, n: Int, z: Reals) -> Reals:
    """Pointer to the scores of n classes from `first`, in z unless they lie in memory as they are needed."""
    if c[6] == 1 and c[12] != 2 and f[3] <= double(0.0) and c[11] != 5 and c[56] == 0:
        return offset(x, first)
    load_row(c, f, x, label, first, n, z)
    return z


@apart
def load_slopes(x: Reals, stride: Int, n: Int, kind: Int, cap: Real, eps: Real, slopes: Reals, bends: Reals) -> Int:
    """First and second derivative of the scores that `load_scores` gives with respect to the predictions."""
    if kind == 2:
        for i in range(n):
            p = x[i * stride]
            slopes[i] = 0.0 if p < eps else 1.0 / p
            bends[i] = -slopes[i] * slopes[i]
    elif cap > 0.0:
        for i in range(n):
            u = x[i * stride] / cap
            e = decay(2.0 * u)
            slopes[i] = 4.0 * e / ((1.0 + e) * (1.0 + e))
            bends[i] = -2.0 * tanh(u) * slopes[i] / cap
    else:
        for i in range(n):
            slopes[i] = 1.0
            bends[i] = 0.0
    return 0


@apart
def load_row_slopes(
    c: Ints, f: Doubles, x: Reals, label: Int, first: Int, n: Int, slopes: Reals, bends: Reals
) -> Int:
    """First and second derivative of the scores that `load_row` gives."""
    if c[11] == 5:
        z = stack_reals(512)
        load_scores(offset(x, first * c[6]), c[6], n, c[12], real(f[3]), real(f[4]), z)
        logits_by_law(c, f, label, first, n, z, slopes, bends)
    else:
        load_slopes(offset(x, first * c[6]), c[6], n, c[12], real(f[3]), real(f[4]), slopes, bends)
    return 0


@apart
def load_target(c: Ints, f: Doubles, at: Int, label: Int, first: Int, n: Int, q: Reals) -> Int:
    """Weighted targets of n classes from `first`: smoothed, times the class weights."""
    smoothing = real(f[1])
    each = real(f[1] / double(c[3]))
    if c[13] == 0:
        for i in range(n):
            q[i] = each
        if label >= first and label < first + n:
            q[label - first] = (1.0 - smoothing) + each
    else:
        size = item_size(c[42] % 16, c[9])
        convert(array_data(c[41]) + (at + first * c[22]) * size, c[42] % 16, c[22], n, q)
        if c[13] == 2:
            for i in range(n):
                q[i] = exp(q[i])
        if smoothing > 0.0:
            for i in range(n):
                q[i] = (1.0 - smoothing) * q[i] + each
    if c[18] != 0:
        weights = offset(reals(array_data(c[18])), first)
        for i in range(n):
            q[i] = q[i] * weights[i]
    return 0


def target_of(c: Ints, f: Doubles, at: Int, label: Int, first: Int, n: Int, q: Reals) -> Reals:
    """Pointer to what `load_target` gives, in q unless it lies in memory as it is needed."""
    if c[13] == 1 and c[22] == 1 and c[42] % 16 == 0 and c[18] == 0 and f[1] <= double(0.0):
        return offset(reals(array_data(c[41])), at + first)
    load_target(c, f, at, label, first, n, q)
    return q


def base_of(top: Real) -> Real:
    """What is taken off large scores first; the difference is exact where it matters."""
    limit = 8192.0
    return top if top > limit or top < -limit else top * 0.0


@apart
def exponentials(z: Reals, n: Int, base: Real, shift: Real, e: Reals) -> Int:
    """e^(z - base - shift) for n scores."""
    if base == 0.0:
        for i in range(n):
            e[i] = exp_below(z[i], shift)
    else:
        for i in range(n):
            e[i] = exp_below(z[i] - base, shift)
    return 0


@apart
def weigh(q: Reals, z: Reals, n: Int, top: Real, entropy: Int, lanes: Doubles) -> Int:
    """Add to three sets of lanes the targets, their products with top - z, and their entropy; 0 times inf is 0."""
    terms = stack_reals(512)
    add_tile(q, n, lanes)
    for i in range(n):
        terms[i] = q[i] * (top - z[i]) if q[i] > 0.0 else 0.0
    add_tile(terms, n, offset(lanes, 32))
    if entropy == 1:
        for i in range(n):
            terms[i] = q[i] * log(q[i]) if q[i] > 0.0 else 0.0
        add_tile(terms, n, offset(lanes, 64))
    return 0


def locate_row(row: Int, inner: Int, outer_stride: Int, inner_stride: Int) -> Int:
    """Offset in elements of a row in an array with these strides."""
    if inner == 1:  # a division takes as long as a short row
        return row * outer_stride
    return (row // inner) * outer_stride + (row % inner) * inner_stride


@apart
def read_rows(c: Ints, start: Int, n: Int, labels: Ints, weights: Reals, partial: Result) -> Int:
    """Labels, clamped, and weights of n <= 512 rows; complaints go to partial[2]. Ignored rows get weight 0.

    An ignored or bad label is replaced by class 0, so that it may be used as an index.
    """
    if c[14] == 1:
        w = fetch(operand_at(c, 44), c[9], 0.0, start, n, weights)
        bad = first_outside(w, n, 1, 0.0, 1e999)
        if bad >= 0:
            report(partial, start + bad, 15)
        for i in range(n):
            weights[i] = w[i]
    else:
        for i in range(n):
            weights[i] = 1.0
    if c[13] != 0:
        for i in range(n):
            labels[i] = -1
        return 0
    fetch_labels(operand_at(c, 41), start, n, labels)
    odd = 0
    for i in range(n):
        odd += integer(labels[i] < 0 or labels[i] >= c[3])
    if odd > 0 or (c[16] == 1 and c[17] >= 0 and c[17] < c[3]):
        for i in range(n):
            label = labels[i]
            ignored = c[16] == 1 and label == c[17]
            if ignored or label < 0 or label >= c[3]:
                if not ignored:
                    report(partial, start + i, 1)
                labels[i] = 0
                weights[i] = 0.0
    return 0


def class_weight_of(c: Ints, label: Int) -> Double:
    """The class weight of a label, 1 without class weights or labels."""
    if c[18] == 0 or c[13] != 0:
        return double(1.0)
    weights = reals(array_data(c[18]))
    return double(weights[label])


@apart
def check_distribution(c: Ints, f: Doubles, row: Int, at: Int, q: Reals, partial: Result) -> Int:
    """Complain about a target that is none of its kind, at row * classes + class."""
    size = item_size(c[42] % 16, c[9])
    first = 0
    while first < c[3] and partial.bad_at < 0:
        n = c[3] - first
        if n > 512:
            n = 512
        data = array_data(c[41]) + (at + first * c[22]) * size
        p = reals(data)
        if c[22] != 1 or c[42] % 16 != 0:
            convert(data, c[42] % 16, c[22], n, q)
            p = q
        low = -1e999 if c[13] == 2 else 0.0
        high = 1.0 if c[13] > 2 else 1e999
        bad = first_outside(p, n, 2 if c[13] == 4 else 1, low, high)
        if bad >= 0:
            report(partial, row * c[3] + first + bad, 1)
        first = first + n
    return 0


@apart
def clear_row(classes: Int, stride: Int, g: Reals) -> Int:
    """An exact zero everywhere, whatever the scores are."""
    if stride == 1:
        for j in range(classes):
            g[j] = 0.0
    else:
        for j in range(classes):
            g[j * stride] = 0.0
    return 0


@apart
def clear_rows(rows: Int, step: Int, classes: Int, stride: Int, g: Reals) -> Int:
    """Exact zeros in rows that lie `step` apart; one stretch is cleared without being read first."""
    if stride == 1 and step == classes:
        clear_row(rows * classes, 1, g)
    else:
        for i in range(rows):
            clear_row(classes, stride, offset(g, i * step))
    return 0


def clear_slopes(c: Ints, g: Reals, h: Reals) -> Int:
    """Exact zeros in the gradient and the curvature of a row, as far as there are any."""
    if c[8] > 0:
        clear_row(c[3], c[25], g)
    if c[8] > 1:
        clear_row(c[3], c[28], h)
    return 0


@apart
def add_losses(c: Ints, start: Int, n: Int, losses: Doubles, partial: Result) -> Int:
    """Deliver the losses of n <= 512 rows if they are wanted, and add them up, which overwrites them."""
    values = stack_reals(512)
    if c[15] == 1:
        for i in range(n):
            values[i] = real(losses[i])
        deliver(operand_at(c, 47), start, n, values, 0)
    partial.value = partial.value + add_up(losses, n)
    return 0
