"""Rows of many classes: three passes over a row that stays in cache."""

from __future__ import annotations

from ..scalar import round_shift
from .labelled import begin_block, begin_rows, finish_rows, settle
from .language import (
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    apart,
    array_data,
    double,
    doubles,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowparts import base_of, clear_row, exponentials
from .sums import add_tile, clear, fold


@apart
def row_maximum(x: Reals, n: Int) -> Real:
    """The largest of n >= 64 values; the last window overlaps the one before, which a maximum does not mind."""
    lanes = stack_reals(64)
    for k in range(64):
        lanes[k] = x[k]
    j = 64
    while j + 64 <= n:
        for k in range(64):
            lanes[k] = x[j + k] if x[j + k] > lanes[k] else lanes[k]
        j = j + 64
    for k in range(64):
        lanes[k] = x[n - 64 + k] if x[n - 64 + k] > lanes[k] else lanes[k]
    top = real(-1e999)
    for k in range(64):
        top = lanes[k] if lanes[k] > top else top
    return top


@apart
def long_row(x: Reals, classes: Int, label: Int, keep: Int, g: Reals, s: Doubles) -> Int:
    """Statistics of one row, and its terms in g if they are to be kept."""
    e = stack_reals(512)
    lanes = stack_doubles(32)
    top = row_maximum(x, classes)
    base = base_of(top)
    shift = round_shift(top - base)
    clear(lanes)
    first = 0
    while first < classes:
        n = classes - first
        if n > 512:
            n = 512
        if label >= first and label < first + n:
            s[2048] = double(x[label])
        exponentials(offset(x, first), n, base, shift, e)
        if keep == 1:
            for i in range(n):
                g[first + i] = e[i]
        if label >= first and label < first + n:
            s[1024] = double(e[label - first])
            e[label - first] = 0.0
        add_tile(e, n, lanes)
        first = first + n
    s[0] = double(top)
    s[512] = double(base) + double(shift)
    s[1536] = fold(lanes)
    return 0


def long_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Rows of many classes: three passes over a row that stays in cache."""
    f = offset(doubles(address(c)), 30)
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = stack_doubles(2560)
    coefficient = stack_reals(512)
    own = stack_reals(512)
    begin_block(partial)
    stop = (block + 1) * c[1]
    if stop > c[0]:
        stop = c[0]
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        begin_rows(c, start, n, labels, weights, total, partial)
        for i in range(n):
            x = offset(reals(array_data(c[38])), (start + i) * c[3])
            g = offset(reals(array_data(c[50] if c[8] > 0 else c[38])), (start + i) * c[3])
            if total[i] > double(0.0):
                long_row(x, c[3], labels[i], c[8], g, s)
                settle(1, f, s, offset(total, i), offset(values, i), coefficient, own)
                if c[8] > 0:
                    factor = coefficient[0]
                    for j in range(c[3]):
                        g[j] = g[j] * factor
                    g[labels[i]] = own[0]
            elif c[8] > 0:
                clear_row(c[3], 1, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
