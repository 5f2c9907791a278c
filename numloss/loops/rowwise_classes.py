"""Laws of each class of a row: the loss is the sum of a law of each score and its target, their mean, or the largest.

A law is (score, target, parameters) -> value, slope and curvature with respect to the score. Scores are as they are
given; or with labels what each score is more than that of the label, whose own place counts nothing. A law of levels
takes each score as it is, and whether the label is above its level, 1, at it, 0, or below, -1. With a threshold
they are what each score is above it, the law takes how many are as well, and the place of the largest counts by
itself. The losses of the classes have factors where targets are not labels.
"""

from __future__ import annotations

from .codes import CURVATURE, GRADIENT, LABELS, LARGEST, LEVELS, MEAN, PAIRS, SPARSE, SPARSE_POWERS
from .headers import ClassRow, Result, Rowwise
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    address,
    array_data,
    double,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowwise_checks import check_distribution
from .rowwise_parts import (
    add_losses,
    call_law,
    class_weight_of,
    clear_row,
    clear_slopes,
    curvature_at,
    first_equal,
    gradient_at,
    load_target,
    locate_row,
    own_scores,
    read_rows,
    scores_at,
    tile_maximum,
)
from .rowwise_slopes import bounded
from .rowwise_sparse import is_sparse, lost, measure_sparse, place_above, root_of_pivot, steepness
from .sums import add_up, begin_block, block_stop, clear, fold, tile_length, values_sum


def loss_weight_of(c: Rowwise, label: Int) -> Double:
    """What a law of each class is multiplied by: the class weight of a label, which of levels counts them alone."""
    return double(1.0) if c.law_kind == LEVELS else class_weight_of(c, label)


def beside_label(c: Rowwise) -> Int:
    """Whether scores count by how much they are more than that of a label."""
    return 1 if c.target_kind == LABELS and c.law_kind != LEVELS else 0


@noinline
def largest_other(c: Rowwise, x: Reals, label: Int, z: Reals) -> Int:
    """The class with the largest score beside the label's, or the first that is NaN; -1 if there is none."""
    found = -1
    top = real(-1e999)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        own_scores(c, x, first, n, z)
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


@noinline
def measure_classes(c: Rowwise, x: Reals, label: Int, s: ClassRow, z: Reals, q: Reals) -> Int:
    """What is taken off the scores, and what else there is to know before the law.

    The class of the largest score with a threshold, or the one that counts where one alone does.
    """
    s.taken = double(0.0)
    s.rest = double(0.0)
    s.less = double(0.0)
    s.cost = double(0.0)
    if beside_label(c) == 1:
        entry = stack_reals(1)
        own_scores(c, x, label, 1, entry)
        s.taken = double(entry[0])
        if is_sparse(c) == 1:
            return measure_sparse(c, x, label, s.taken, s, z)
        return largest_other(c, x, label, z) if c.law_kind == LARGEST else -1
    return -1


@noinline
def load_places(c: Rowwise, s: ClassRow, n: Int, z: Reals) -> Int:
    """Places above a threshold of n scores."""
    top = real(s.taken)
    near = -real(s.rest)
    rest = -real(s.less)
    steep = steepness(c)
    for i in range(n):
        z[i] = place_above(z[i] - top, steep, near, rest)
    return 0


@noinline
def law_tile(
    c: Rowwise,
    x: Reals,
    at: Int,
    label: Int,
    chosen: Int,
    first: Int,
    n: Int,
    s: ClassRow,
    z: Reals,
    q: Reals,
    found: Reals,
) -> Int:
    """The law of n classes from `first`: their scores in z, and columns of 512 values, slopes and curvatures."""
    pointers = stack_ints(8)
    own_scores(c, x, first, n, z)
    top = real(s.taken)
    rest = real(s.rest)
    if c.law_kind == SPARSE_POWERS:
        load_places(c, s, n, z)
    elif beside_label(c) == 1 or c.law_kind == PAIRS:
        steep = steepness(c)
        for i in range(n):
            z[i] = (z[i] - top) * steep - rest
    aside = chosen if is_sparse(c) == 1 else label
    inside = 1 if aside >= first and aside < first + n and beside_label(c) == 1 else 0
    if c.target_kind != LABELS:
        load_target(c, at, label, first, n, q)
    elif c.law_kind == LEVELS:
        for i in range(n):
            level = first + i
            q[i] = 1.0 if level < label else (0.0 if level == label else -1.0)
    else:
        for i in range(n):
            q[i] = 0.0
        if inside == 1:
            q[aside - first] = 1.0
            z[aside - first] = 0.0
    pointers[0] = address(z)
    pointers[1] = address(q)
    taken = 2
    if is_sparse(c) == 1:
        counts = stack_reals(512)
        less = real(s.less)
        support = real(s.support)
        for i in range(n):
            counts[i] = support
        if c.law_kind != SPARSE_POWERS:
            for i in range(n):
                z[i] = z[i] - less
        pointers[2] = address(counts)
        taken = 3
    for k in range(3):
        pointers[taken + k] = address(offset(found, 512 * k))
    call_law(c, pointers, n)
    if c.factors != 0:
        factors = offset(reals(array_data(c.factors)), first)
        for k in range(c.mode + 1):
            column = offset(found, 512 * k)
            for i in range(n):
                column[i] = column[i] * factors[i] if factors[i] > 0.0 else 0.0
    for k in range(c.mode + 1):
        column = offset(found, 512 * k)
        if inside == 1:
            column[aside - first] = 0.0
        if c.law_kind == LARGEST:
            for i in range(n):
                column[i] = column[i] if first + i == chosen else 0.0
    if c.mode == CURVATURE and c.bound == 1:
        column = offset(found, 1024)
        for i in range(n):
            column[i] = 2.0 * column[i] if column[i] > 0.0 else 0.0
    return 0


def own_curvature(c: Rowwise, s: ClassRow, bends: Real) -> Real:
    """The curvature at the class that is set aside: the sum of the others', or that of any class above a threshold."""
    if is_sparse(c) == 0:
        return bends
    own = root_of_pivot(c, s.threshold)
    share = real(double(1.0) - double(1.0) / s.support if c.law_kind == SPARSE else own * (s.beside / s.support))
    return 2.0 * share if c.bound == 1 else share


@noinline
def sparse_slopes(c: Rowwise, label: Int, pivot: Int, first: Int, n: Int, s: ClassRow, slopes: Reals, h: Reals) -> Int:
    """Slopes of the pivot and the label among n classes with probabilities, which come from `first`; the pivot's
    curvature."""
    if pivot >= first and pivot < first + n:
        slopes[pivot - first] = -real(s.slopes) if pivot == label else real(double(1.0) - lost(c, s.threshold))
        h[pivot - first] = own_curvature(c, s, 0.0)
    if label != pivot and label >= first and label < first + n:
        slopes[label - first] = slopes[label - first] - 1.0
    return 0


@noinline
def class_slopes(
    c: Rowwise, label: Int, chosen: Int, first: Int, n: Int, s: ClassRow, z: Reals, found: Reals, g: Reals, h: Reals
) -> Int:
    """Gradient and curvature of n classes from `first`."""
    factor = real(s.factor)
    slope = real(s.slopes)
    bends = real(s.bends)
    slopes = offset(found, 512)
    curvatures = offset(found, 1024)
    if is_sparse(c) == 1:
        sparse_slopes(c, label, chosen, first, n, s, slopes, curvatures)
    elif beside_label(c) == 1 and label >= first and label < first + n:
        slopes[label - first] = -slope
        curvatures[label - first] = own_curvature(c, s, bends)
    steps = c.gradient_steps.classes
    for i in range(n):
        g[(first + i) * steps] = slopes[i] * factor
    if c.mode == CURVATURE:
        steps = c.curvature_steps.classes
        for i in range(n):
            h[(first + i) * steps] = bounded(c, curvatures[i]) * factor
    return 0


@noinline
def class_row(
    c: Rowwise, x: Reals, at: Int, label: Int, factor: Double, g: Reals, h: Reals, z: Reals, q: Reals
) -> Double:
    """Loss of a row; its gradient and curvature, times `factor`, in g and h."""
    s = ClassRow()
    found = stack_reals(1536)
    sums = stack_doubles(3)
    for k in range(3):
        sums[k] = double(0.0)
    chosen = measure_classes(c, x, label, s, z, q)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        law_tile(c, x, at, label, chosen, first, n, s, z, q, found)
        for k in range(c.mode + 1):
            sums[k] = sums[k] + values_sum(offset(found, 512 * k), n)
        first = first + n
    share = double(1.0) / double(c.classes) if c.law_kind == MEAN else double(1.0)
    s.slopes = sums[1]
    s.bends = sums[2]
    s.factor = factor * share
    first = 0
    while first < c.classes and c.mode >= GRADIENT:
        n = tile_length(first, c.classes)
        if c.classes > 512:
            law_tile(c, x, at, label, chosen, first, n, s, z, q, found)
        class_slopes(c, label, chosen, first, n, s, z, found, g, h)
        first = first + n
    return share * sums[0] + s.cost


@noinline
def push_others(c: Rowwise, x: Reals, at: Int, label: Int, sums: Doubles, g: Reals, z: Reals, q: Reals) -> Int:
    """Add to the sums the law of all classes beside one of the labels, and its slopes to g."""
    found = stack_reals(1536)
    s = ClassRow()
    s.taken = double(x[label * c.pred_steps.classes])
    s.rest = double(0.0)
    steps = c.gradient_steps.classes
    cost = double(0.0)
    pull = double(0.0)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        law_tile(c, x, at, -1, -1, first, n, s, z, q, found)
        cost = cost + values_sum(found, n)
        if c.mode >= GRADIENT:
            slopes = offset(found, 512)
            pull = pull + values_sum(slopes, n)
            for i in range(n):
                g[(first + i) * steps] = g[(first + i) * steps] + slopes[i]
        first = first + n
    if c.mode >= GRADIENT:
        g[label * steps] = g[label * steps] - real(pull)
    # many labels: each adds to one of several sums, so that roundings do not add up
    sums[label % 32] = sums[label % 32] + cost
    return 0


@noinline
def pairs_row(c: Rowwise, x: Reals, at: Int, factor: Double, g: Reals, h: Reals, z: Reals, q: Reals) -> Double:
    """Loss of a row of several labels; its gradient, times `factor`, in g, and the least curvature in h. The scores are
    read until the end, so that g cannot lie in their place."""
    entry = stack_reals(1)
    sums = stack_doubles(32)
    clear(sums)
    steps = c.gradient_steps.classes
    if c.mode >= GRADIENT:
        clear_row(c.classes, steps, g)
    for label in range(c.classes):
        load_target(c, at, -1, label, 1, entry)
        if entry[0] == 1.0:
            push_others(c, x, at, label, sums, g, z, q)
    share = double(1.0) / double(c.classes)
    if c.mode >= GRADIENT:
        for j in range(c.classes):
            g[j * steps] = g[j * steps] * real(factor * share)
    if c.mode == CURVATURE:
        for j in range(c.classes):
            h[j * c.curvature_steps.classes] = bounded(c, 0.0) * real(factor * share)
    return share * fold(sums)


def classes_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """One row after the other."""
    z = stack_reals(512)
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    begin_block(partial)
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = tile_length(start, stop)
        read_rows(c, start, n, labels, weights, partial)
        for i in range(n):
            row = start + i
            at = locate_row(c, row, c.target_steps)
            if c.target_kind != LABELS:
                check_distribution(c, row, at, q, partial)
            x = scores_at(c, row)
            g = gradient_at(c, row)
            h = curvature_at(c, row)
            counts[i] = double(weights[i]) * class_weight_of(c, labels[i])
            losses[i] = double(0.0)
            if weights[i] != 0.0:
                paid = double(weights[i]) * loss_weight_of(c, labels[i])
                factor = paid * c.scale
                if c.law_kind == PAIRS:
                    losses[i] = paid * pairs_row(c, x, at, factor, g, h, z, q)
                else:
                    losses[i] = paid * class_row(c, x, at, labels[i], factor, g, h, z, q)
            else:
                clear_slopes(c, g, h)
        add_losses(c, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
