"""Rows of many classes: three passes over a row that stays in cache."""

from __future__ import annotations

from ..scalar import round_shift
from .headers import Result
from .language import (
    Doubles,
    Int,
    Ints,
    Reals,
    address,
    apart,
    array_data,
    double,
    doubles,
    offset,
    reals,
    run_maximum,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowwise_labels import begin_rows, finish_rows, settle
from .rowwise_parts import base_of, clear_row, exponentials
from .sums import add_tile, begin_block, clear, end_of_block, fold


@apart
def long_row(x: Reals, classes: Int, label: Int, keep: Int, g: Reals, s: Doubles) -> Int:
    """Statistics of one row, and its terms in g if they are to be kept."""
    e = stack_reals(512)
    lanes = stack_doubles(32)
    top = run_maximum(x, classes)
    base = base_of(top)
    shift = round_shift(top - base)
    clear(lanes)
    s[2048] = double(x[label])
    first = 0
    while first < classes:
        n = classes - first
        if n > 512:
            n = 512
        # by way of e: where g is x a loop from one to the other has no vectors
        exponentials(offset(x, first), n, base, shift, e)
        if label >= first and label < first + n:
            s[1024] = double(e[label - first])
            e[label - first] = 0.0
        add_tile(e, n, lanes)
        if keep == 1:
            terms = offset(g, first)
            for i in range(n):
                terms[i] = e[i]
        first = first + n
    s[0] = double(top)
    s[512] = double(base) + double(shift)
    s[1536] = fold(lanes)
    return 0


@apart
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


def long_block(c: Ints, partial: Result, block: Int) -> Int:
    """Rows of many classes: three passes over a row, or some rows, that stay in cache."""
    f = offset(doubles(address(c)), 30)
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = stack_doubles(2560)
    coefficient = stack_reals(512)
    own = stack_reals(512)
    begin_block(partial)
    some = 16384 // c[3]
    if some < 1:
        some = 1
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > some:
            n = some
        begin_rows(c, start, n, labels, weights, total, partial)
        x = offset(reals(array_data(c[38])), start * c[3])
        g = offset(reals(array_data(c[50] if c[8] > 0 else c[38])), start * c[3])
        for i in range(n):
            if total[i] > double(0.0):
                long_row(offset(x, i * c[3]), c[3], labels[i], c[8], offset(g, i * c[3]), offset(s, i))
            else:
                for k in range(5):
                    s[512 * k + i] = double(1.0)
        settle(c, f, n, labels, s, total, values, coefficient, own)
        if c[8] > 0:
            scale_rows(n, c[3], labels, total, coefficient, own, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
