"""The rowwise family: cross-entropy of a row of scores with a label or a distribution.

With logits z and weighted targets q: loss = sum q (lse - z) + zeta * w * lse^2, where lse = log sum e^z. Scores may
also be log-probabilities or probabilities, where lse = 0. Of logits with labels, the loss may be a law of the label's
cross-entropy, its probability and that of the other classes (rowwise_law.py). Header of the problem c:

    0 rows   1 rows of a block   2 address of the law's tile, or 0   3 classes   4 inner size
    5-7 strides of pred: outer, class, inner   8 mode   9 bytes of the data's dtype   10 factors of the losses of the
    classes (array object) or 0   11 a law of each class, in rowwise_classes.py (1-4), the law makes a logit of each
    entry (5), or 0   12 scores: logits (0), log-probabilities (1), probabilities (2)   13 target: labels (0),
    distribution (1), its logarithm (2), a number in [0, 1] for each class (3), 0 or 1 for each class (4)
    14 weighted   15 values wanted   16 a label is ignored   17 which   18 class weights (array object) or 0
    19 entropy of the target is added   20 bound   21-23 strides of the target   24-26 of the gradient
    27-29 of the curvature   30-37 the floats   38 onwards: operands pred, target, weight, values, gradient, curvature,
    what is added to the scores of each class (0: absent)

Floats: scale, smoothing, zeta, softcap (0: none), eps, least curvature, two parameters of the law.
A row is outer * inner size + inner; operands over rows have the shape (outer, inner).

The designs: every option, row by row (this file); short rows, long rows and pixels (the files of these names) for
logits with labels. Confident rows keep their digits: the entry that dominates the sum, the pivot, is
left out of it, and log1p of the rest is the loss.
"""

from __future__ import annotations

from ..scalar import round_shift
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
    double,
    double_log1p,
    doubles,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowwise_law import law_curvature, law_value
from .rowwise_parts import (
    add_losses,
    base_of,
    check_distribution,
    class_weight_of,
    clear_row,
    clear_rows,
    clear_slopes,
    exponentials,
    first_equal,
    load_row,
    load_row_slopes,
    load_scores,
    load_slopes,
    load_target,
    locate_row,
    read_rows,
    scores_of,
    target_of,
    tile_maximum,
    weigh,
)
from .sums import add_tile, add_up, begin_block, clear, end_of_block, fold


def find_pivot(c: Ints, f: Doubles, x: Reals, label: Int, s: Doubles, z: Reals) -> Int:
    """The class to leave out of the sum: the largest score. s[0] receives that score."""
    top = real(-1e999)
    found = 0
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        scores = scores_of(c, f, x, label, first, n, z)
        peak = tile_maximum(scores, n)
        if peak > top:
            top = peak
            found = first + first_equal(scores, n, top)
        first = first + n
    s[0] = double(top)
    return found


def measure_row(
    c: Ints, f: Doubles, x: Reals, at: Int, label: Int, s: Doubles, z: Reals, q: Reals, kept: Int, g: Reals
) -> Int:
    """Fill s for a row: 0 top, 1 base, 2 shift, 3 pivot's term, 4 the other terms, 5-7 as `weigh`; the pivot.

    kept: the terms stay in g, where the gradient will be.
    """
    dense = 1 if c[13] != 0 or f[1] > double(0.0) else 0
    lanes = stack_doubles(32)
    sums = stack_doubles(96)
    pivot = 0
    clear(lanes)
    for k in range(96):
        sums[k] = double(0.0)
    for k in range(16):
        s[k] = double(0.0)
    if c[12] == 0:
        pivot = find_pivot(c, f, x, label, s, z)
    top = real(s[0])
    base = base_of(top)
    shift = round_shift(top - base)
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        scores = scores_of(c, f, x, label, first, n, z)
        if dense == 1:
            weigh(target_of(c, f, at, label, first, n, q), scores, n, top, c[19], sums)
        if label >= first and label < first + n:
            s[8] = double(scores[label - first])
        if c[12] == 0:
            terms = offset(g, first) if kept == 1 else q
            exponentials(scores, n, base, shift, terms)
            if label >= first and label < first + n:
                s[9] = double(terms[label - first])
            inside = 1 if pivot >= first and pivot < first + n else 0
            if inside == 1:
                s[3] = double(terms[pivot - first])
                terms[pivot - first] = 0.0
            add_tile(terms, n, lanes)
            if inside == 1:
                terms[pivot - first] = real(s[3])
        first = first + n
    s[1] = double(base)
    s[2] = double(shift)
    s[4] = fold(lanes)
    s[5] = fold(sums)
    s[6] = fold(offset(sums, 32))
    s[7] = fold(offset(sums, 64))
    return pivot


def label_slope(label: Int, pivot: Int, q: Double, s: Doubles) -> Real:
    """Gradient at the label: p - 1 there is minus the sum of the other probabilities."""
    total = s[3] + s[4]
    others = s[4] if label == pivot else (s[4] - s[9]) + s[3]
    return real(((s[11] - s[12]) * s[9] - s[12] * others) / total - (q - s[12]))


def by_law(c: Ints) -> Int:
    """Whether the loss is a law of the label's cross-entropy: another law is of each class."""
    if c[2] != 0 and c[11] == 0:
        return 1
    return 0


@apart
def row_slopes(c: Ints, f: Doubles, x: Reals, at: Int, label: Int, pivot: Int, s: Doubles, g: Reals, h: Reals) -> Int:
    """Gradient and curvature of a row. s beyond `measure_row`: 10 factor, 11 coefficient of p, 12 label's target,
    13 z-loss times weight, 14 lse, 15 the law's curvature."""
    z = stack_reals(512)
    p = stack_reals(512)
    q = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    total = s[3] + s[4]
    inverse = real(double(1.0) / total) if c[12] == 0 else real(double(0.0))
    left = real(s[4] / total) if c[12] == 0 else real(double(0.0))
    coefficient = real(s[11])
    twice = real(double(2.0) * s[13])
    factor = real(s[10])
    dense = 1 if c[13] != 0 or f[1] > double(0.0) else 0
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        load_row(c, f, x, label, first, n, z)
        load_row_slopes(c, f, x, label, first, n, slopes, bends)
        exponentials(z, n, real(s[1]), real(s[2]), p)
        for i in range(n):
            p[i] = p[i] * inverse if c[12] == 0 else 0.0
            q[i] = 0.0
        if dense == 1:
            load_target(c, f, at, label, first, n, q)
        elif label >= first and label < first + n:
            q[label - first] = real(s[12])
        for i in range(n):
            z[i] = coefficient * p[i] - q[i]
        if c[13] == 0 and c[12] == 0 and label >= first and label < first + n:
            i = label - first
            z[i] = label_slope(label, pivot, double(q[i]), s)
        if c[8] == 2:
            if by_law(c) == 1:
                law_curvature(c, n, label - first, pivot - first, s, p)
            else:
                curvature_tile(c, n, pivot - first, left, coefficient, twice, p, slopes)
            for i in range(n):
                bent = z[i] * bends[i]
                if c[20] == 1 and bent < 0.0:
                    bent = 0.0
                bend = p[i] + bent
                h[(first + i) * c[28]] = bounded(c[20], bend, real(f[5])) * factor
        for i in range(n):
            g[(first + i) * c[25]] = z[i] * slopes[i] * factor
        first = first + n
    return 0


@apart
def plain_slopes(c: Ints, f: Doubles, at: Int, label: Int, pivot: Int, s: Doubles, g: Reals) -> Int:
    """Gradient of a row of logits whose terms were kept in g; s as in `row_slopes`."""
    q = stack_reals(512)
    factor = real(s[10])
    coefficient = real(s[11] / (s[3] + s[4])) * factor
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        target = target_of(c, f, at, label, first, n, q)
        for i in range(n):
            g[first + i] = coefficient * g[first + i] - target[i] * factor
        if label >= first and label < first + n:
            g[label] = label_slope(label, pivot, double(target[label - first]), s) * factor
        first = first + n
    return 0


def bounded(bound: Int, value: Real, least: Real) -> Real:
    """At least `least`, if a bound was asked for."""
    if bound == 1 and value < least:
        return least
    return value


@apart
def curvature_tile(
    c: Ints, n: Int, pivot: Int, rest: Real, coefficient: Real, twice: Real, p: Reals, slopes: Reals
) -> Int:
    """Diagonal curvature with respect to the scores, times their slopes squared, in place of p."""
    for i in range(n):
        left = rest if i == pivot else 1.0 - p[i]
        curvature = coefficient * p[i] * left + twice * p[i] * p[i]
        if c[20] == 1:
            curvature = 2.0 * coefficient * p[i] * left + twice * p[i] * p[i]
        if c[12] == 2:
            # -q log p: all curvature is in the bend of the score
            curvature = 0.0
        p[i] = curvature * slopes[i] * slopes[i]
    return 0


def row_value(c: Ints, f: Doubles, label: Int, s: Doubles) -> Double:
    """Loss of a measured row before the sample's weight; fills s[11] to s[14] for the gradient."""
    own = class_weight_of(c, label)
    dense = 1 if c[13] != 0 or f[1] > double(0.0) else 0
    s[12] = (double(1.0) - f[1]) * own if c[13] == 0 else double(0.0)
    if dense == 0:
        s[5] = s[12]
        s[6] = s[12] * (s[0] - s[8])
    rest = double(0.0)
    s[11] = double(0.0)
    s[13] = double(0.0)
    if c[12] == 0:
        rest = double_log1p(s[4] / s[3])
        lse = s[0] + rest
        s[13] = f[2] * (own if c[13] == 0 else s[5])
        s[14] = lse
        s[11] = s[5] + double(2.0) * s[13] * lse
        return s[5] * rest + s[6] + s[7] + s[13] * lse * lse
    return s[6] + s[7]


@apart
def label_rows(
    c: Ints, f: Doubles, start: Int, n: Int, labels: Ints, weights: Reals, losses: Doubles, counts: Doubles
) -> Int:
    """Losses and gradients of rows of (log-)probabilities with labels: one entry of a row is all there is."""
    entries = stack_reals(512)
    z = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    x = reals(array_data(c[38]))
    for i in range(n):
        entries[i] = x[locate_row(start + i, c[4], c[5], c[7]) + labels[i] * c[6]]
    load_scores(entries, 1, n, c[12], real(f[3]), real(f[4]), z)
    for i in range(n):
        counts[i] = double(weights[i]) * class_weight_of(c, labels[i])
        losses[i] = double(0.0) - counts[i] * double(z[i]) if weights[i] > 0.0 else double(0.0)
    if c[8] > 0:
        load_slopes(entries, 1, n, c[12], real(f[3]), real(f[4]), slopes, bends)
        g = reals(array_data(c[50]))
        if c[4] == 1:
            clear_rows(n, c[24], c[3], c[25], offset(g, start * c[24]))
        else:
            for i in range(n):
                clear_row(c[3], c[25], offset(g, locate_row(start + i, c[4], c[24], c[26])))
        for i in range(n):
            if weights[i] > 0.0:
                at = locate_row(start + i, c[4], c[24], c[26]) + labels[i] * c[25]
                g[at] = -real(counts[i] * f[0]) * slopes[i]
    return 0


def rows_block(c: Ints, partial: Result, block: Int) -> Int:
    """Every option, one row after the other."""
    f = offset(doubles(address(c)), 30)
    z = stack_reals(512)
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    s = stack_doubles(16)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    begin_block(partial)
    stop = end_of_block(c, block)
    # logits without a cap, in memory row by row: the terms can wait in the gradient for what they are multiplied by
    kept = 1 if c[12] == 0 and f[3] <= double(0.0) and c[8] == 1 and c[6] == 1 and c[25] == 1 else 0
    if c[11] != 0:
        kept = 0
    lonely = 0
    if c[13] == 0 and f[1] <= double(0.0):
        kept = 0
        lonely = 1 if c[12] != 0 and c[8] < 2 else 0
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        read_rows(c, start, n, labels, weights, partial)
        if lonely == 1:
            label_rows(c, f, start, n, labels, weights, losses, counts)
        else:
            for i in range(n):
                row = start + i
                losses[i] = double(0.0)
                counts[i] = double(0.0)
                at = locate_row(row, c[4], c[21], c[23])
                if c[13] != 0:
                    check_distribution(c, f, row, at, q, partial)
                x = offset(reals(array_data(c[38])), locate_row(row, c[4], c[5], c[7]))
                g = offset(reals(array_data(c[50] if c[8] > 0 else c[38])), locate_row(row, c[4], c[24], c[26]))
                h = offset(reals(array_data(c[53] if c[8] > 1 else c[38])), locate_row(row, c[4], c[27], c[29]))
                if weights[i] == 0.0:
                    clear_slopes(c, g, h)
                else:
                    w = double(weights[i])
                    pivot = measure_row(c, f, x, at, labels[i], s, z, q, kept, g)
                    given = law_value(c, f, labels[i], pivot, s) if by_law(c) == 1 else row_value(c, f, labels[i], s)
                    value = w * given
                    counted = class_weight_of(c, labels[i])
                    if c[13] != 0 and c[18] != 0:
                        counted = s[5]
                    losses[i] = value
                    counts[i] = w * counted
                    s[10] = w * f[0]
                    if kept == 1:
                        plain_slopes(c, f, at, labels[i], pivot, s, g)
                    elif c[8] > 0:
                        row_slopes(c, f, x, at, labels[i], pivot, s, g, h)
        add_losses(c, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0


@apart
def counted_rows(c: Ints, f: Doubles, start: Int, n: Int, labels: Ints, weights: Reals, q: Reals) -> Double:
    """What n rows count with: the sample's weight times that of the label's class, or of the distribution."""
    total = stack_doubles(512)
    for i in range(n):
        counted = class_weight_of(c, labels[i])
        if c[13] != 0 and c[18] != 0:
            counted = double(0.0)
            first = 0
            while first < c[3]:
                m = c[3] - first
                if m > 512:
                    m = 512
                load_target(c, f, locate_row(start + i, c[4], c[21], c[23]), -1, first, m, q)
                for j in range(m):
                    counted = counted + double(q[j])
                first = first + m
        total[i] = double(weights[i]) * counted
    return add_up(total, n)


def row_weights_block(c: Ints, partial: Result, block: Int) -> Int:
    """Sum the weights that a block of rows counts with, and check labels and weights, without the scores."""
    f = offset(doubles(address(c)), 30)
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    begin_block(partial)
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        read_rows(c, start, n, labels, weights, partial)
        if c[14] == 0 and c[18] == 0:
            plain = real(0.0)
            for i in range(n):
                plain = plain + weights[i]
            partial.weight = partial.weight + double(plain)
        else:
            partial.weight = partial.weight + counted_rows(c, f, start, n, labels, weights, q)
        start = start + n
    return 0
