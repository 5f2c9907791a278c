"""Second derivatives of rows by laws of each class, see rowwise_classes.py.

Those of a law of scores are on the diagonal. Of what scores are more than the label's they are b (v - v_label) along a
vector v, and minus their sum at the label. With a threshold they are v less its mean over the classes above it.
"""

from __future__ import annotations

from .codes import MEAN, PAIRS, SPARSE_POWERS, SPARSE_SQUARES
from .headers import ClassRow, Hessians
from .language import Double, Int, Real, Reals, array_data, double, noinline, offset, real, stack_reals
from .operands import convert, item_size
from .rowwise_classes import beside_label, law_tile, measure_classes, own_curvature
from .rowwise_parts import clear_row, locate_row, scores_at
from .rowwise_sparse import is_sparse, power_of_roots, root_above, root_of_pivot
from .sums import tile_length, values_sum


@noinline
def load_vector(c: Hessians, row: Int, first: Int, n: Int, v: Reals) -> Int:
    """Entries of the vector for n classes of a row from `first`."""
    rows = c.rows
    steps = c.vector_steps.classes
    place = (locate_row(rows, row, c.vector_steps) + first * steps) * item_size(c.vector.kind, rows.itemsize)
    convert(array_data(c.vector.array) + place, c.vector.kind, steps, n, v)
    return 0


def share_of(c: Hessians) -> Double:
    """What the sum over the classes is multiplied by."""
    return double(1.0) / double(c.rows.classes) if c.rows.law_kind == MEAN else double(1.0)


@noinline
def members_of(c: Hessians, chosen: Int, first: Int, n: Int, s: ClassRow, z: Reals, bends: Reals) -> Int:
    """1, or the root of its probability, for those of n classes from `first` that lie above the threshold, else 0, in
    place of curvatures."""
    if c.rows.law_kind == SPARSE_SQUARES:
        for i in range(n):
            bends[i] = 0.0 if z[i] <= 0.0 else z[i]
    elif c.rows.law_kind == SPARSE_POWERS:
        power = real(power_of_roots(c.rows))
        for i in range(n):
            bends[i] = root_above(z[i], power)
    else:
        for i in range(n):
            bends[i] = 1.0 if bends[i] != 0.0 else 0.0
    if chosen >= first and chosen < first + n:
        bends[chosen - first] = real(root_of_pivot(c.rows, s.threshold))
    return 0


def entry_of(c: Hessians, row: Int, place: Int) -> Real:
    """The vector at one class."""
    v = stack_reals(1)
    load_vector(c, row, place, 1, v)
    return v[0]


@noinline
def class_bends(
    c: Hessians, row: Int, label: Int, chosen: Int, first: Int, n: Int, s: ClassRow, z: Reals, q: Reals, found: Reals
) -> Int:
    """Values of the law of n classes in `found`; 1024 further their curvatures, or what counts above the threshold."""
    rows = c.rows
    at = locate_row(rows, row, rows.target_steps)
    law_tile(rows, scores_at(rows, row), at, label, chosen, first, n, s, z, q, found)
    if is_sparse(rows) == 1:
        members_of(c, chosen, first, n, s, z, offset(found, 1024))
    return 0


@noinline
def class_product(
    c: Hessians, row: Int, label: Int, factor: Double, z: Reals, q: Reals, g: Reals
) -> Double:
    """Loss of a row; its second derivatives times the vector and a factor in g."""
    s = ClassRow()
    found = stack_reals(1536)
    v = stack_reals(512)
    rows = c.rows
    steps = rows.gradient_steps.classes
    bends = offset(found, 1024)
    if rows.law_kind == PAIRS:
        clear_row(rows.classes, steps, g)
        return double(0.0)
    chosen = measure_classes(rows, scores_at(rows, row), label, s, z, q)
    moved = beside_label(rows)
    aside = chosen if is_sparse(rows) == 1 else label
    base = entry_of(c, row, aside) if moved == 1 else real(0.0)
    scale = real(factor * share_of(c))
    value = double(0.0)
    total = double(0.0)
    first = 0
    while first < rows.classes:
        n = tile_length(first, rows.classes)
        class_bends(c, row, label, chosen, first, n, s, z, q, found)
        load_vector(c, row, first, n, v)
        value = value + values_sum(found, n)
        for i in range(n):
            v[i] = bends[i] * (v[i] - base) if bends[i] != 0.0 else 0.0
        for i in range(n):
            g[(first + i) * steps] = v[i] * scale
        total = total + values_sum(v, n)
        first = first + n
    if is_sparse(rows) == 1:
        mean = real(total / s.support)
        first = 0
        while first < rows.classes:
            n = tile_length(first, rows.classes)
            class_bends(c, row, label, chosen, first, n, s, z, q, found)
            load_vector(c, row, first, n, v)
            for i in range(n):
                g[(first + i) * steps] = ((v[i] - base) - mean) * bends[i] * scale if bends[i] != 0.0 else 0.0
            first = first + n
    elif moved == 1:
        g[label * steps] = -real(total) * scale
    return share_of(c) * value + s.cost


@noinline
def class_matrix(c: Hessians, row: Int, label: Int, factor: Double, z: Reals, q: Reals, m: Reals) -> Double:
    """Loss of a row of no more than 512 classes; all its second derivatives, times a factor, in m."""
    s = ClassRow()
    found = stack_reals(1536)
    rows = c.rows
    n = rows.classes
    bends = offset(found, 1024)
    clear_row(n * n, 1, m)
    if rows.law_kind == PAIRS:
        return double(0.0)
    chosen = measure_classes(rows, scores_at(rows, row), label, s, z, q)
    class_bends(c, row, label, chosen, 0, n, s, z, q, found)
    scale = real(factor * share_of(c))
    if is_sparse(rows) == 1:
        share = real(double(1.0) / s.support)
        for i in range(n):
            for j in range(n):
                both = bends[i] * bends[j]
                m[i * n + j] = -share * both * scale if both != 0.0 else 0.0
            m[i * n + i] = bends[i] * (1.0 - share * bends[i]) * scale
        m[chosen * n + chosen] = own_curvature(rows, s, 0.0) * scale
    else:
        for i in range(n):
            m[i * n + i] = bends[i] * scale
        if beside_label(rows) == 1:
            for j in range(n):
                m[label * n + j] = -bends[j] * scale
                m[j * n + label] = -bends[j] * scale
            m[label * n + label] = real(values_sum(bends, n)) * scale
    return share_of(c) * values_sum(found, n) + s.cost
