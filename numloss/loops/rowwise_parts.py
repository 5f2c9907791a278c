"""Parts of the rowwise family that its designs share; its header is Rowwise of headers/."""

from __future__ import annotations

from ..scalar import decay, exp_below, log, tanh
from .codes import (
    CURVATURE,
    DATA,
    DISTRIBUTION,
    GRADIENT,
    LABELS,
    LOGIT,
    NUMBER,
    PLACED,
    PROBABILITIES,
    TARGET_OPERAND,
    UNWEIGHTED,
    WEIGHT_OPERAND,
    WEIGHTED,
)
from .headers import Result, Row, Rowwise, Soon, Steps
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    call_tile,
    double,
    integer,
    noinline,
    offset,
    real,
    reals,
    run_maximum,
    stack_ints,
    stack_reals,
    will_need,
)
from .operands import convert, deliver, fetch, fetch_labels, first_outside, item_size
from .rowwise_places import load_shares
from .sums import add_tile, add_up, report, tile_length


@noinline
def tile_maximum(z: Reals, n: Int) -> Real:
    """The largest of n values, NaN left aside."""
    if n >= 16:
        return run_maximum(z, n)
    top = real(-1e999)
    for k in range(n):
        top = z[k] if z[k] > top else top
    return top


@noinline
def first_equal(z: Reals, n: Int, value: Real) -> Int:
    """Position of the first of n values that equals one of them: by windows, then one after the other."""
    k = 0
    while k + 64 <= n and run_maximum(offset(z, k), 64) != value:
        k = k + 64
    while k + 16 <= n and run_maximum(offset(z, k), 16) != value:
        k = k + 16
    while k + 1 < n and z[k] != value:
        k = k + 1
    return k


@noinline
def load_scores(x: Reals, stride: Int, n: Int, kind: Int, cap: Real, eps: Real, z: Reals) -> Int:
    """Scores of n classes, `stride` elements apart: as they are, capped, or the logarithm of probabilities."""
    if stride == 1:
        for i in range(n):
            z[i] = x[i]
    else:
        for i in range(n):
            z[i] = x[i * stride]
    if kind == PROBABILITIES:
        for i in range(n):
            z[i] = log(eps if z[i] < eps else z[i])
    elif cap > 0.0:
        for i in range(n):
            z[i] = cap * tanh(z[i] / cap)
    return 0


def own_scores(c: Rowwise, x: Reals, first: Int, n: Int, z: Reals) -> Int:
    """`load_scores` for n classes of a row from `first`."""
    steps = c.pred_steps.classes
    return load_scores(offset(x, first * steps), steps, n, c.score_kind, real(c.softcap), real(c.eps), z)


def call_law(c: Rowwise, pointers: Ints, n: Int) -> Int:
    """The law of a problem for n numbers of each of its inputs, with its parameters."""
    params = stack_reals(8)
    params[0] = real(c.params[0])
    params[1] = real(c.params[1])
    params[2] = real(c.params[2])
    call_tile(c.tile, pointers, params, n)
    return 0


@noinline
def logits_by_law(c: Rowwise, label: Int, first: Int, n: Int, z: Reals, slopes: Reals, bends: Reals) -> Int:
    """The law of n entries in z: logits in their place, and what the tile gives of slopes and bends.

    Of the label it is told 1, or the number that its class has; of all others 0.
    """
    pointers = stack_ints(8)
    entries = stack_reals(512)
    own = stack_reals(512)
    for i in range(n):
        entries[i] = z[i]
        own[i] = 0.0
    if label >= first and label < first + n:
        own[label - first] = reals(array_data(c.offsets))[label] if c.offsets != 0 else 1.0
    pointers[0] = address(entries)
    pointers[1] = address(own)
    pointers[2] = address(z)
    pointers[3] = address(slopes)
    pointers[4] = address(bends)
    call_law(c, pointers, n)
    return 0


@noinline
def load_row(c: Rowwise, x: Reals, label: Int, first: Int, n: Int, z: Reals) -> Int:
    """Scores of n classes of a row from `first`: as `load_scores`, or logits by a law, and what is added to them."""
    own_scores(c, x, first, n, z)
    if c.law_kind == LOGIT:
        slopes = stack_reals(512)
        bends = stack_reals(512)
        logits_by_law(c, label, first, n, z, slopes, bends)
    elif c.offsets != 0:
        added = offset(reals(array_data(c.offsets)), first)
        for i in range(n):
            z[i] = z[i] + added[i]
    return 0


def scores_of(c: Rowwise, x: Reals, label: Int, first: Int, n: Int, z: Reals) -> Reals:
    """Pointer to the scores of n classes from `first`, in z unless they lie in memory as they are needed."""
    plain = c.pred_steps.classes == 1 and c.score_kind != PROBABILITIES and c.softcap <= double(0.0)
    if plain and c.law_kind != LOGIT and c.offsets == 0:
        return offset(x, first)
    load_row(c, x, label, first, n, z)
    return z


@noinline
def load_slopes(x: Reals, stride: Int, n: Int, cap: Real, slopes: Reals, bends: Reals) -> Int:
    """First and second derivative of capped scores with respect to the predictions."""
    if cap > 0.0:
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


@noinline
def load_row_slopes(c: Rowwise, x: Reals, label: Int, first: Int, n: Int, slopes: Reals, bends: Reals) -> Int:
    """First and second derivative of the scores that `load_row` gives, but for logarithms."""
    if c.law_kind == LOGIT:
        z = stack_reals(512)
        own_scores(c, x, first, n, z)
        logits_by_law(c, label, first, n, z, slopes, bends)
    else:
        steps = c.pred_steps.classes
        load_slopes(offset(x, first * steps), steps, n, real(c.softcap), slopes, bends)
    return 0


def find_pivot(c: Rowwise, x: Reals, label: Int, s: Row, z: Reals) -> Int:
    """The class to leave out of the sum, and the largest score, which it has."""
    top = real(-1e999)
    pivot = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        scores = scores_of(c, x, label, first, n, z)
        peak = tile_maximum(scores, n)
        if peak > top:
            top = peak
            pivot = first + first_equal(scores, n, top)
        first = first + n
    s.pivot = pivot
    s.top = double(top)
    return 0


@noinline
def load_target(c: Rowwise, at: Int, label: Int, first: Int, n: Int, q: Reals) -> Int:
    """Weighted targets of n classes from `first`: smoothed, times the class weights."""
    smoothing = real(c.smoothing)
    each = real(c.smoothing / double(c.classes))
    if c.target_kind == LABELS:
        for i in range(n):
            q[i] = each
        if label >= first and label < first + n:
            q[label - first] = (1.0 - smoothing) + each
    elif c.target_kind >= PLACED:
        load_shares(c, at, first, n, q)
    else:
        steps = c.target_steps.classes
        place = (at + first * steps) * item_size(c.target.kind, c.itemsize)
        convert(array_data(c.target.array) + place, c.target.kind, steps, n, q)
        if smoothing > 0.0:
            for i in range(n):
                q[i] = (1.0 - smoothing) * q[i] + each
    if c.class_weight != 0:
        weights = offset(reals(array_data(c.class_weight)), first)
        for i in range(n):
            q[i] = q[i] * weights[i] if weights[i] > 0.0 else 0.0
    return 0


def target_of(c: Rowwise, at: Int, label: Int, first: Int, n: Int, q: Reals) -> Reals:
    """Pointer to what `load_target` gives, in q unless it lies in memory as it is needed."""
    plain = c.target_kind == DISTRIBUTION and c.target_steps.classes == 1 and c.target.kind == DATA
    if plain and c.class_weight == 0 and c.smoothing <= double(0.0):
        return offset(reals(array_data(c.target.array)), at + first)
    load_target(c, at, label, first, n, q)
    return q


def base_of(top: Real) -> Real:
    """What is taken off large scores first; the difference is exact where it matters."""
    return top if abs(top) > 8192.0 else top * 0.0


@noinline
def exponentials(z: Reals, n: Int, base: Real, shift: Real, e: Reals) -> Int:
    """e^(z - base - shift) for n scores."""
    if base == 0.0:
        for i in range(n):
            e[i] = exp_below(z[i], shift)
    else:
        for i in range(n):
            e[i] = exp_below(z[i] - base, shift)
    return 0


@noinline
def weigh(q: Reals, z: Reals, n: Int, top: Real, lanes: Doubles) -> Int:
    """Add to two sets of lanes the targets, and their products with top - z; 0 times inf is 0."""
    terms = stack_reals(512)
    add_tile(q, n, lanes)
    for i in range(n):
        terms[i] = q[i] * (top - z[i]) if q[i] > 0.0 else 0.0
    add_tile(terms, n, offset(lanes, 32))
    return 0


def plan_soon(c: Rowwise, row: Int, written_row: Int, piece: Int, near: Int, written_near: Int, soon: Soon) -> Int:
    """Rows that lie so many elements apart in predictions and gradient, with pieces so many apart, and as many elements
    of each as are near; where the first piece lies differs from tile to tile."""
    size = item_size(c.pred.kind, c.itemsize)
    soon.read = 0
    soon.read_row = row * size
    soon.read_piece = piece * size
    soon.read_count = (near * size + c.itemsize - 1) // c.itemsize
    size = item_size(c.gradient.kind, c.itemsize)
    soon.written = 0
    soon.written_row = written_row * size
    soon.written_piece = piece * size
    soon.written_count = (written_near * size + c.itemsize - 1) // c.itemsize if c.mode >= GRADIENT else 0
    return 0


def bring(soon: Soon, row: Int, piece: Int) -> Int:
    """Memory brings one piece of what is read soon, and one of what is written."""
    will_need(reals(soon.read + row * soon.read_row + piece * soon.read_piece), soon.read_count)
    will_need(reals(soon.written + row * soon.written_row + piece * soon.written_piece), soon.written_count)
    return 0


def locate_row(c: Rowwise, row: Int, steps: Steps) -> Int:
    """Offset in elements of a row in an array with these steps."""
    if c.inner == 1:  # a division takes as long as a short row
        return row * steps.outer
    return (row // c.inner) * steps.outer + (row % c.inner) * steps.inner


def scores_at(c: Rowwise, row: Int) -> Reals:
    """Pointer to the predictions of a row."""
    return offset(reals(array_data(c.pred.array)), locate_row(c, row, c.pred_steps))


def gradient_at(c: Rowwise, row: Int) -> Reals:
    """Pointer to the gradient of a row, if one is wanted."""
    array = c.gradient.array if c.mode >= GRADIENT else c.pred.array
    return offset(reals(array_data(array)), locate_row(c, row, c.gradient_steps))


def curvature_at(c: Rowwise, row: Int) -> Reals:
    """Pointer to the curvature of a row, if one is wanted."""
    array = c.curvature.array if c.mode == CURVATURE else c.pred.array
    return offset(reals(array_data(array)), locate_row(c, row, c.curvature_steps))


@noinline
def read_rows(c: Rowwise, start: Int, n: Int, labels: Ints, weights: Reals, partial: Result) -> Int:
    """Labels, clamped, and weights of n <= 512 rows; bad ones are reported. Rows that count nothing get weight 0.

    An ignored or bad label is replaced by class 0, so that it may be used as an index.
    """
    if c.weighted != UNWEIGHTED:
        w = fetch(c.weight, c.itemsize, 0.0, start, n, weights)
        bad = first_outside(w, n, NUMBER, 0.0, 1e999) if c.weighted == WEIGHTED else -1
        if bad >= 0:
            report(partial, start + bad, WEIGHT_OPERAND)
        for i in range(n):
            weights[i] = w[i]
    else:
        for i in range(n):
            weights[i] = 1.0
    if c.target_kind != LABELS:
        for i in range(n):
            labels[i] = -1
        return 0
    fetch_labels(c.target, start, n, labels)
    classes = c.labels
    odd = 0
    for i in range(n):
        odd += integer(labels[i] < 0) + integer(labels[i] >= classes)
    if odd > 0 or (c.ignores == 1 and c.ignored >= 0 and c.ignored < classes):
        for i in range(n):
            label = labels[i]
            ignored = c.ignores == 1 and label == c.ignored
            if ignored or label < 0 or label >= classes:
                if not ignored:
                    report(partial, start + i, TARGET_OPERAND)
                labels[i] = 0
                weights[i] = 0.0
    if c.class_weight != 0 and c.smoothing <= double(0.0):
        # what a class of weight 0 costs may be infinite; a smoothed label of it has the other classes beside it
        for i in range(n):
            if class_weight_of(c, labels[i]) == double(0.0):
                weights[i] = 0.0
    return 0


def class_weight_of(c: Rowwise, label: Int) -> Double:
    """The class weight of a label, 1 without class weights or labels."""
    if c.class_weight == 0 or c.target_kind != LABELS:
        return double(1.0)
    weights = reals(array_data(c.class_weight))
    return double(weights[label])


def factor_of(c: Rowwise, label: Int) -> Double:
    """What the loss of a label is multiplied by, which its row does not count with."""
    if c.factors == 0 or c.target_kind != LABELS:
        return double(1.0)
    factors = reals(array_data(c.factors))
    return double(factors[label])


@noinline
def clear_row(classes: Int, stride: Int, g: Reals) -> Int:
    """An exact zero everywhere, whatever the scores are."""
    if stride == 1:
        for j in range(classes):
            g[j] = 0.0
    else:
        for j in range(classes):
            g[j * stride] = 0.0
    return 0


@noinline
def clear_rows(rows: Int, step: Int, classes: Int, stride: Int, g: Reals) -> Int:
    """Exact zeros in rows that lie `step` apart; one stretch is cleared without being read first."""
    if stride == 1 and step == classes:
        clear_row(rows * classes, 1, g)
    else:
        for i in range(rows):
            clear_row(classes, stride, offset(g, i * step))
    return 0


def clear_slopes(c: Rowwise, g: Reals, h: Reals) -> Int:
    """Exact zeros in the gradient and the curvature of a row, as far as there are any."""
    if c.mode >= GRADIENT:
        clear_row(c.classes, c.gradient_steps.classes, g)
    if c.mode == CURVATURE:
        clear_row(c.classes, c.curvature_steps.classes, h)
    return 0


@noinline
def add_losses(c: Rowwise, start: Int, n: Int, losses: Doubles, partial: Result) -> Int:
    """Deliver the losses of n <= 512 rows if they are wanted, and add them up, which overwrites them."""
    values = stack_reals(512)
    if c.unreduced == 1:
        for i in range(n):
            values[i] = real(losses[i])
        deliver(c.values, start, n, values, 0)
    partial.value = partial.value + add_up(losses, n)
    return 0
