"""Rows of many classes: three passes over a row that stays in cache."""

from __future__ import annotations

from ..scalar import round_shift
from .codes import DATA, F2, GRADIENT, NO_MEMORY
from .halves import narrow, widen
from .headers import Measures, Result, Rowwise
from .language import (
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    double,
    give_back,
    largest_bfloat16,
    largest_float16,
    noinline,
    offset,
    reals,
    run_maximum,
    stack_doubles,
    stack_ints,
    stack_reals,
    take_memory,
    to_bfloat16,
    uint16s,
    will_need,
)
from .operands import element, item_size
from .rowwise_labels import begin_rows, finish_rows, settle
from .rowwise_parts import base_of, clear_row, exponentials, gradient_at
from .sums import add_tile, begin_block, block_stop, clear, fold, report, tile_length


def top_score(data: Int, kind: Int, n: Int) -> Real:
    """The largest of n scores."""
    if kind == DATA:
        return run_maximum(reals(data), n)
    if kind == F2:
        return largest_float16(uint16s(data), n)
    return largest_bfloat16(uint16s(data), n)


@noinline
def long_row(
    data: Int,
    kind: Int,
    itemsize: Int,
    classes: Int,
    label: Int,
    keep: Int,
    g: Reals,
    place: Int,
    s: Measures,
    i: Int,
) -> Int:
    """Statistics of row i, whose scores are stored at `data`, and its terms in g if they are to be kept.

    Its gradient will be written to `place` in 16 bits, if that is not 0.
    """
    z = stack_reals(512)
    e = stack_reals(512)
    lanes = stack_doubles(32)
    size = item_size(kind, itemsize)
    top = top_score(data, kind, classes)
    base = base_of(top)
    shift = round_shift(top - base)
    clear(lanes)
    s.label_score[i] = double(element(data, kind, label))
    first = 0
    while first < classes:
        n = tile_length(first, classes)
        # where g is x a loop from one to the other has no vectors
        terms = offset(g, first) if keep == 1 and address(g) != data else e
        scores = offset(reals(data), first)
        # the next row comes from memory while this one is computed
        will_need(reals(data + (classes + first) * size), n * size // itemsize)
        if place != 0:
            will_need(reals(place + 2 * first), 2 * n // itemsize)
        if kind != DATA:
            widen(data + first * size, kind, 1, n, z)
            scores = z
        exponentials(scores, n, base, shift, terms)
        if label >= first and label < first + n:
            s.label_term[i] = double(terms[label - first])
            terms[label - first] = 0.0
        add_tile(terms, n, lanes)
        if keep == 1 and address(g) == data:
            kept = offset(g, first)
            for j in range(n):
                kept[j] = e[j]
        first = first + n
    s.top[i] = double(top)
    s.taken[i] = double(base) + double(shift)
    s.others[i] = fold(lanes)
    return 0


@noinline
def narrow_row(e: Reals, classes: Int, factor: Real, kind: Int, data: Int) -> Int:
    """The gradient of a row from its terms, in 16 bits."""
    z = stack_reals(512)
    first = 0
    while first < classes:
        n = tile_length(first, classes)
        for j in range(n):
            z[j] = e[first + j] * factor
        narrow(data + 2 * first, kind, 1, n, z)
        first = first + n
    return 0


@noinline
def store_rows(
    rows: Int,
    classes: Int,
    labels: Ints,
    total: Doubles,
    coefficient: Reals,
    own: Reals,
    e: Reals,
    kind: Int,
    data: Int,
) -> Int:
    """`scale_rows` from terms in memory of their own to a gradient in 16 bits."""
    for i in range(rows):
        at = data + 2 * i * classes
        if total[i] != double(0.0):
            narrow_row(offset(e, i * classes), classes, coefficient[i], kind, at)
            narrow(at + 2 * labels[i], kind, 1, 1, offset(own, i))
        else:
            whole = uint16s(at)
            for j in range(classes):
                whole[j] = to_bfloat16(0.0)
    return 0


@noinline
def scale_rows(
    rows: Int, classes: Int, labels: Ints, total: Doubles, coefficient: Reals, own: Reals, g: Reals
) -> Int:
    """Gradient of some rows from their terms, in place."""
    for i in range(rows):
        row = offset(g, i * classes)
        if total[i] != double(0.0):
            factor = coefficient[i]
            for j in range(classes):
                row[j] = row[j] * factor
            row[labels[i]] = own[i]
        else:
            clear_row(classes, 1, row)
    return 0


def long_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """Rows of many classes: three passes over a row, or some rows, that stay in cache. Where scores or gradient have 16
    bits, the terms have memory of their own."""
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = Measures()
    coefficient = stack_reals(512)
    own = stack_reals(512)
    begin_block(partial)
    classes = c.classes
    keep = 1 if c.mode >= GRADIENT else 0
    size = item_size(c.pred.kind, c.itemsize)
    narrowed = 1 if keep == 1 and c.gradient.kind != DATA else 0
    some = 16384 // classes
    if some < 1:
        some = 1
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    taken = take_memory(some * classes * c.itemsize) if narrowed == 1 else 0
    if narrowed == 1 and taken == 0:
        report(partial, start, NO_MEMORY)
        return 0
    while start < stop:
        n = stop - start
        if n > some:
            n = some
        begin_rows(c, start, n, labels, weights, total, partial)
        data = array_data(c.pred.array) + start * classes * size
        g = reals(taken) if narrowed == 1 else gradient_at(c, start)
        place = array_data(c.gradient.array) + 2 * start * classes if narrowed == 1 else 0
        for i in range(n):
            if total[i] != double(0.0):
                row = data + i * classes * size
                near = place + 2 * i * classes if narrowed == 1 else 0
                terms = offset(g, i * classes)
                long_row(row, c.pred.kind, c.itemsize, classes, labels[i], keep, terms, near, s, i)
            else:
                s.top[i] = double(1.0)
                s.taken[i] = double(1.0)
                s.label_term[i] = double(1.0)
                s.others[i] = double(1.0)
                s.label_score[i] = double(1.0)
        # no curvatures here
        settle(c, n, s, weights, total, values, coefficient, own, own)
        if narrowed == 1:
            store_rows(n, classes, labels, total, coefficient, own, g, c.gradient.kind, place)
        elif keep == 1:
            scale_rows(n, classes, labels, total, coefficient, own, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    if narrowed == 1:
        give_back(taken)
    return 0
