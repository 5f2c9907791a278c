"""Laws of each class of a row: the loss is the sum of a law of each score and its target, their mean, or the largest.

A law is (score, target, parameters) -> value, slope and curvature with respect to the score. Scores are logarithms of
probabilities, as they are given or from logits through their softmax; or with labels what each score is more than that
of the label, whose own place counts nothing. Header of the problem as in rowwise.py, with

    10 what the loss of each class is multiplied by (array object), with targets that are not labels
    11 the sum of the classes (1), their mean (2), the largest alone (3), those above a threshold (4), which the law
       takes as well, with the number of classes that have a probability; or the mean of what a class that is none of
       several labels is more than each of those (6)
"""

from __future__ import annotations

from ..scalar import exp, round_shift
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
    integer,
    offset,
    real,
    reals,
    run_sum,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowwise import bounded, find_pivot
from .rowwise_parts import (
    add_losses,
    base_of,
    call_law,
    check_distribution,
    class_weight_of,
    clear_row,
    clear_slopes,
    exponentials,
    first_equal,
    load_scores,
    load_target,
    locate_row,
    read_rows,
    scores_of,
    tile_maximum,
)
from .sums import add_tile, add_up, begin_block, clear, end_of_block, fold


@apart
def largest_other(c: Ints, f: Doubles, x: Reals, label: Int, z: Reals) -> Int:
    """The class with the largest score beside the label's, or the first that is NaN; -1 if there is none."""
    found = -1
    top = real(-1e999)
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        load_scores(offset(x, first * c[6]), c[6], n, c[12], real(f[3]), real(f[4]), z)
        if label >= first and label < first + n:
            z[label - first] = -1e999
        for i in range(n):
            if z[i] != z[i]:
                return first + i
        peak = tile_maximum(z, n)
        if peak > top:
            top = peak
            found = first + first_equal(z, n, peak)
        first = first + n
    return found


def sum_of_classes(values: Reals, n: Int) -> Double:
    """The sum of n <= 512 values: few of them one after the other, many in sixteen lanes."""
    if n >= 16:
        return double(run_sum(values, n))
    total = double(0.0)
    for i in range(n):
        total = total + double(values[i])
    return total


@apart
def measure_softmax(c: Ints, f: Doubles, x: Reals, s: Doubles, z: Reals, q: Reals) -> Int:
    """What is taken off logits in s[0] and s[1], what the largest probability leaves in s[2]; the class of that one."""
    pivot = find_pivot(c, f, x, -1, s, z)
    top = real(s[0])
    base = base_of(top)
    shift = round_shift(top - base)
    others = double(0.0)
    largest = double(1.0)
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        scores = scores_of(c, f, x, -1, first, n, z)
        exponentials(scores, n, base, shift, q)
        if pivot >= first and pivot < first + n:
            largest = double(q[pivot - first])
            q[pivot - first] = 0.0
        others = others + sum_of_classes(q, n)
        first = first + n
    s[1] = double_log1p(others / largest)
    s[2] = others / (largest + others)
    return pivot


@apart
def load_excesses(c: Ints, f: Doubles, x: Reals, label: Int, top: Real, first: Int, n: Int, z: Reals) -> Int:
    """By how much n scores from `first` are more than that of the label less 1, which has no part in it."""
    load_scores(offset(x, first * c[6]), c[6], n, c[12], real(f[3]), real(f[4]), z)
    for i in range(n):
        z[i] = (z[i] - top) + 1.0
    if label >= first and label < first + n:
        z[label - first] = 0.0
    return 0


@apart
def excess_over(c: Ints, f: Doubles, x: Reals, label: Int, top: Real, threshold: Real, s: Doubles, z: Reals) -> Int:
    """The largest excess in s[0], the sum of what lies above the threshold in s[1]; how many do."""
    lanes = stack_doubles(32)
    clear(lanes)
    count = 0
    peak = real(-1e999)
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        load_excesses(c, f, x, label, top, first, n, z)
        highest = tile_maximum(z, n)
        peak = highest if highest > peak else peak
        above = 0
        for i in range(n):
            above += integer(z[i] > threshold)
        count = count + above
        for i in range(n):
            z[i] = z[i] - threshold if not z[i] <= threshold else 0.0
        add_tile(z, n, lanes)
        first = first + n
    s[0] = double(peak)
    s[1] = fold(lanes)
    return count


@apart
def sparse_threshold(c: Ints, f: Doubles, x: Reals, label: Int, top: Real, s: Doubles, z: Reals) -> Int:
    """In s[3] where the excesses above it add up to itself, or to 1 if it is more, and in s[7] how many classes have a
    probability; by Newton steps, none of them too long."""
    found = stack_doubles(2)
    excess_over(c, f, x, label, top, 0.0, found, z)
    threshold = real(found[0]) - 1.0
    if not threshold > 0.0:
        threshold = 0.0
    moved = 1
    while moved == 1:
        count = excess_over(c, f, x, label, top, threshold, found, z)
        missing = found[1] - (double(threshold) if threshold < 1.0 else double(1.0))
        if threshold < 1.0:
            count = count + 1
        s[7] = double(count)
        following = real(double(threshold) + missing / double(count)) if count > 0 else threshold
        moved = integer(following > threshold)
        # NaN ends it, and stays
        threshold = threshold if following <= threshold else following
    s[3] = double(threshold)
    return 0


@apart
def measure_classes(c: Ints, f: Doubles, x: Reals, label: Int, s: Doubles, z: Reals, q: Reals) -> Int:
    """What is taken off the scores, in s[0] and s[1]; with a softmax s[2] is what the largest probability leaves, and
    s[3] and s[7] are as in `sparse_threshold` where there is one.

    The class of that probability, or the one that counts where one alone does.
    """
    if c[13] == 0:
        entry = stack_reals(1)
        load_scores(offset(x, label * c[6]), 1, 1, c[12], real(f[3]), real(f[4]), entry)
        s[0] = double(entry[0])
        if c[11] == 4:
            sparse_threshold(c, f, x, label, entry[0], s, z)
        return largest_other(c, f, x, label, z) if c[11] == 3 else -1
    if c[12] != 0:
        return -1
    return measure_softmax(c, f, x, s, z, q)


@apart
def law_tile(
    c: Ints,
    f: Doubles,
    x: Reals,
    at: Int,
    label: Int,
    chosen: Int,
    first: Int,
    n: Int,
    s: Doubles,
    z: Reals,
    q: Reals,
    found: Reals,
) -> Int:
    """The law of n classes from `first`: their scores in z, and columns of 512 values, slopes and curvatures."""
    pointers = stack_ints(8)
    load_scores(offset(x, first * c[6]), c[6], n, c[12], real(f[3]), real(f[4]), z)
    top = real(s[0])
    rest = real(s[1])
    if c[13] == 0 or c[12] == 0 or c[11] == 6:
        for i in range(n):
            z[i] = (z[i] - top) - rest
    inside = 1 if label >= first and label < first + n else 0
    if c[13] != 0:
        load_target(c, f, at, label, first, n, q)
    else:
        for i in range(n):
            q[i] = 0.0
        if inside == 1:
            q[label - first] = 1.0
            z[label - first] = 0.0
    pointers[0] = address(z)
    pointers[1] = address(q)
    taken = 2
    if c[11] == 4:
        thresholds = stack_reals(512)
        counts = stack_reals(512)
        for i in range(n):
            thresholds[i] = real(s[3])
            counts[i] = real(s[7])
        pointers[2] = address(thresholds)
        pointers[3] = address(counts)
        taken = 4
    for k in range(3):
        pointers[taken + k] = address(offset(found, 512 * k))
    call_law(c, f, pointers, n)
    if c[10] != 0:
        factors = offset(reals(array_data(c[10])), first)
        for k in range(c[8] + 1):
            column = offset(found, 512 * k)
            for i in range(n):
                column[i] = column[i] * factors[i]
    for k in range(c[8] + 1):
        column = offset(found, 512 * k)
        if inside == 1 and c[13] == 0:
            column[label - first] = 0.0
        if c[11] == 3:
            for i in range(n):
                column[i] = column[i] if first + i == chosen else 0.0
    if c[8] == 2 and c[20] == 1:
        column = offset(found, 1024)
        for i in range(n):
            column[i] = 2.0 * column[i] if column[i] > 0.0 else 0.0
    return 0


def own_curvature(c: Ints, s: Doubles, bends: Real) -> Real:
    """The curvature at a label: the sum of the others', or with a threshold that of any class with a probability."""
    if c[11] != 4:
        return bends
    share = real(double(1.0) - double(1.0) / s[7]) if s[3] < double(1.0) else real(double(0.0))
    return 2.0 * share if c[20] == 1 else share


@apart
def class_slopes(
    c: Ints,
    f: Doubles,
    label: Int,
    chosen: Int,
    first: Int,
    n: Int,
    s: Doubles,
    z: Reals,
    found: Reals,
    g: Reals,
    h: Reals,
) -> Int:
    """Gradient and curvature of n classes from `first`. s beyond `measure_classes`: 4, 5 sums of the slopes and of the
    curvatures, 6 factor.

    Through a softmax the curvature is that of each score, J^T diag(curvatures) J with J = I - 1 p^T, less the sum of
    the slopes times diag(p) - p p^T; the bound adds up their rows.
    """
    factor = real(s[6])
    slope = real(s[4])
    bends = real(s[5])
    slopes = offset(found, 512)
    curvatures = offset(found, 1024)
    if c[13] == 0 and label >= first and label < first + n:
        slopes[label - first] = -slope
        curvatures[label - first] = own_curvature(c, s, bends)
    if c[13] != 0 and c[12] == 0:
        for i in range(n):
            p = exp(z[i])
            left = real(s[2]) if first + i == chosen else 1.0 - p
            turned = slope * p * left
            if c[8] == 2 and c[20] == 1:
                curvatures[i] = curvatures[i] + bends * p + (-2.0 * turned if turned < 0.0 else 0.0)
            elif c[8] == 2:
                curvatures[i] = curvatures[i] * (1.0 - 2.0 * p) + bends * p * p - turned
            slopes[i] = slopes[i] - slope * p
    for i in range(n):
        g[(first + i) * c[25]] = slopes[i] * factor
    if c[8] == 2:
        for i in range(n):
            h[(first + i) * c[28]] = bounded(c[20], curvatures[i], real(f[5])) * factor
    return 0


@apart
def class_row(
    c: Ints, f: Doubles, x: Reals, at: Int, label: Int, factor: Double, g: Reals, h: Reals, z: Reals, q: Reals
) -> Double:
    """Loss of a row; its gradient and curvature, times `factor`, in g and h."""
    s = stack_doubles(8)
    found = stack_reals(1536)
    sums = stack_doubles(4)
    for k in range(8):
        s[k] = double(0.0)
    for k in range(4):
        sums[k] = double(0.0)
    chosen = measure_classes(c, f, x, label, s, z, q)
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        law_tile(c, f, x, at, label, chosen, first, n, s, z, q, found)
        for k in range(c[8] + 1):
            sums[k] = sums[k] + sum_of_classes(offset(found, 512 * k), n)
        first = first + n
    share = double(1.0) / double(c[3]) if c[11] == 2 else double(1.0)
    s[4] = sums[1]
    s[5] = sums[2]
    s[6] = factor * share
    first = 0
    while first < c[3] and c[8] > 0:
        n = c[3] - first
        if n > 512:
            n = 512
        if c[3] > 512:
            law_tile(c, f, x, at, label, chosen, first, n, s, z, q, found)
        class_slopes(c, f, label, chosen, first, n, s, z, found, g, h)
        first = first + n
    return share * sums[0]


@apart
def push_others(c: Ints, f: Doubles, x: Reals, at: Int, label: Int, sums: Doubles, g: Reals, z: Reals, q: Reals) -> Int:
    """Add to the sums the law of all classes beside one of the labels, and its slopes to g."""
    found = stack_reals(1536)
    s = stack_doubles(8)
    for k in range(8):
        s[k] = double(0.0)
    s[0] = double(x[label * c[6]])
    cost = double(0.0)
    pull = double(0.0)
    first = 0
    while first < c[3]:
        n = c[3] - first
        if n > 512:
            n = 512
        law_tile(c, f, x, at, -1, -1, first, n, s, z, q, found)
        cost = cost + sum_of_classes(found, n)
        if c[8] > 0:
            slopes = offset(found, 512)
            pull = pull + sum_of_classes(slopes, n)
            for i in range(n):
                g[(first + i) * c[25]] = g[(first + i) * c[25]] + slopes[i]
        first = first + n
    if c[8] > 0:
        g[label * c[25]] = g[label * c[25]] - real(pull)
    # many labels: each adds to one of several sums, so that roundings do not add up
    sums[label % 32] = sums[label % 32] + cost
    return 0


@apart
def pairs_row(c: Ints, f: Doubles, x: Reals, at: Int, factor: Double, g: Reals, h: Reals, z: Reals, q: Reals) -> Double:
    """Loss of a row of several labels; its gradient, times `factor`, in g, and the least curvature in h. The scores are
    read until the end, so that g cannot lie in their place."""
    entry = stack_reals(1)
    sums = stack_doubles(32)
    clear(sums)
    if c[8] > 0:
        clear_row(c[3], c[25], g)
    for label in range(c[3]):
        load_target(c, f, at, -1, label, 1, entry)
        if entry[0] == 1.0:
            push_others(c, f, x, at, label, sums, g, z, q)
    share = double(1.0) / double(c[3])
    if c[8] > 0:
        for j in range(c[3]):
            g[j * c[25]] = g[j * c[25]] * real(factor * share)
    if c[8] == 2:
        for j in range(c[3]):
            h[j * c[28]] = bounded(c[20], 0.0, real(f[5])) * real(factor * share)
    return share * fold(sums)


def classes_block(c: Ints, partial: Result, block: Int) -> Int:
    """One row after the other."""
    f = offset(doubles(address(c)), 30)
    z = stack_reals(512)
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    begin_block(partial)
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        read_rows(c, start, n, labels, weights, partial)
        for i in range(n):
            row = start + i
            at = locate_row(row, c[4], c[21], c[23])
            if c[13] != 0:
                check_distribution(c, f, row, at, q, partial)
            x = offset(reals(array_data(c[38])), locate_row(row, c[4], c[5], c[7]))
            g = offset(reals(array_data(c[50] if c[8] > 0 else c[38])), locate_row(row, c[4], c[24], c[26]))
            h = offset(reals(array_data(c[53] if c[8] > 1 else c[38])), locate_row(row, c[4], c[27], c[29]))
            counts[i] = double(weights[i]) * class_weight_of(c, labels[i])
            losses[i] = double(0.0)
            if weights[i] > 0.0:
                factor = counts[i] * f[0]
                if c[11] == 6:
                    losses[i] = counts[i] * pairs_row(c, f, x, at, factor, g, h, z, q)
                else:
                    losses[i] = counts[i] * class_row(c, f, x, at, labels[i], factor, g, h, z, q)
            else:
                clear_slopes(c, g, h)
        add_losses(c, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
