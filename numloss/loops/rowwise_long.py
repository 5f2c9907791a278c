"""Rows of many classes: three passes over a row that stays in cache."""

from __future__ import annotations

from ..scalar import round_shift
from .codes import GRADIENT
from .headers import Measures, Result, Rowwise
from .language import (
    Doubles,
    Int,
    Ints,
    Reals,
    address,
    double,
    noinline,
    offset,
    run_maximum,
    stack_doubles,
    stack_ints,
    stack_reals,
    will_need,
)
from .rowwise_labels import begin_rows, finish_rows, settle
from .rowwise_parts import base_of, clear_row, exponentials, gradient_at, scores_at
from .sums import add_tile, begin_block, block_stop, clear, fold, tile_length


@noinline
def long_row(x: Reals, classes: Int, label: Int, keep: Int, g: Reals, s: Measures, i: Int) -> Int:
    """Statistics of row i, and its terms in g if they are to be kept."""
    e = stack_reals(512)
    lanes = stack_doubles(32)
    top = run_maximum(x, classes)
    base = base_of(top)
    shift = round_shift(top - base)
    clear(lanes)
    s.label_score[i] = double(x[label])
    first = 0
    while first < classes:
        n = tile_length(first, classes)
        # where g is x a loop from one to the other has no vectors
        terms = offset(g, first) if keep == 1 and address(g) != address(x) else e
        # the next row comes from memory while this one is computed
        will_need(offset(x, classes + first), n)
        exponentials(offset(x, first), n, base, shift, terms)
        if label >= first and label < first + n:
            s.label_term[i] = double(terms[label - first])
            terms[label - first] = 0.0
        add_tile(terms, n, lanes)
        if keep == 1 and address(g) == address(x):
            kept = offset(g, first)
            for j in range(n):
                kept[j] = e[j]
        first = first + n
    s.top[i] = double(top)
    s.taken[i] = double(base) + double(shift)
    s.others[i] = fold(lanes)
    return 0


@noinline
def scale_rows(
    rows: Int, classes: Int, labels: Ints, total: Doubles, coefficient: Reals, own: Reals, g: Reals
) -> Int:
    """Gradient of some rows from their terms, in place."""
    for i in range(rows):
        row = offset(g, i * classes)
        if total[i] > double(0.0):
            factor = coefficient[i]
            for j in range(classes):
                row[j] = row[j] * factor
            row[labels[i]] = own[i]
        else:
            clear_row(classes, 1, row)
    return 0


def long_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """Rows of many classes: three passes over a row, or some rows, that stay in cache."""
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
    some = 16384 // classes
    if some < 1:
        some = 1
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > some:
            n = some
        begin_rows(c, start, n, labels, weights, total, partial)
        x = scores_at(c, start)
        g = gradient_at(c, start)
        for i in range(n):
            if total[i] > double(0.0):
                long_row(offset(x, i * classes), classes, labels[i], keep, offset(g, i * classes), s, i)
            else:
                s.top[i] = double(1.0)
                s.taken[i] = double(1.0)
                s.label_term[i] = double(1.0)
                s.others[i] = double(1.0)
                s.label_score[i] = double(1.0)
        settle(c, n, s, total, values, coefficient, own)
        if keep == 1:
            scale_rows(n, classes, labels, total, coefficient, own, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
