"""Rows of a few classes: several at a time, as one stretch of memory wherever the work is the same for all."""

from __future__ import annotations

from ..scalar import exp_below, round_shift
from .labelled import begin_block, begin_rows, finish_rows, settle
from .language import (
    Doubles,
    Int,
    Ints,
    Reals,
    add8,
    add8_masked,
    address,
    apart,
    array_data,
    double,
    doubles,
    maximum8,
    offset,
    real,
    reals,
    spread8,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowparts import base_of, clear_row


@apart
def flat_tops(x: Reals, rows: Int, classes: Int, s: Doubles) -> Int:
    """Largest score of each row of a few classes."""
    lanes = stack_reals(8)
    for r in range(rows):
        at = r * classes
        top = x[at]
        if classes < 8:
            for j in range(classes):
                top = x[at + j] if x[at + j] > top else top
        else:
            spread8(lanes, -1e999)
            j = 0
            while j + 8 <= classes:
                maximum8(lanes, offset(x, at + j))
                j = j + 8
            maximum8(lanes, offset(x, at + classes - 8))
            for k in range(4):
                lanes[k] = lanes[k + 4] if lanes[k + 4] > lanes[k] else lanes[k]
            for k in range(2):
                lanes[k] = lanes[k + 2] if lanes[k + 2] > lanes[k] else lanes[k]
            top = lanes[1] if lanes[1] > lanes[0] else lanes[0]
        s[r] = double(top)
    return 0


@apart
def spread_rows(column: Reals, rows: Int, classes: Int, out: Reals) -> Int:
    """Write one number a row to all its entries. Each row is written a little too far; the next one mends that."""
    for r in range(rows):
        at = r * classes
        value = column[r]
        j = 0
        while j < classes:
            spread8(offset(out, at + j), value)
            j = j + 8
    return 0


@apart
def flat_terms(x: Reals, shifts: Reals, n: Int, e: Reals) -> Int:
    """e^(x - shift) for n entries."""
    for i in range(n):
        e[i] = exp_below(x[i], shifts[i])
    return 0


@apart
def flat_sums(e: Reals, rows: Int, classes: Int, labels: Ints, s: Doubles) -> Int:
    """Term of the label of each row, and the sum of the others, in eight lanes; the last window is masked."""
    lanes = stack_reals(8)
    mask = stack_reals(8)
    left = classes % 8
    for k in range(8):
        mask[k] = 1.0 if k >= 8 - left else 0.0
    for r in range(rows):
        at = r * classes
        s[1024 + r] = double(e[at + labels[r]])
        e[at + labels[r]] = 0.0
        spread8(lanes, 0.0)
        j = 0
        while j + 8 <= classes:
            add8(lanes, offset(e, at + j))
            j = j + 8
        if classes < 8:
            for k in range(classes):
                lanes[k] = e[at + k]
        elif left > 0:
            add8_masked(lanes, offset(e, at + classes - 8), mask)
        for k in range(4):
            lanes[k] = lanes[k] + lanes[k + 4]
        s[1536 + r] = double((lanes[0] + lanes[2]) + (lanes[1] + lanes[3]))
    return 0


@apart
def flat_rows(x: Reals, rows: Int, classes: Int, labels: Ints, s: Doubles, e: Reals, spread: Reals) -> Int:
    """Statistics and terms of some short rows."""
    shift = stack_reals(512)
    base = stack_reals(512)
    flat_tops(x, rows, classes, s)
    large = 0
    for r in range(rows):
        top = real(s[r])
        base[r] = base_of(top)
        shift[r] = round_shift(top - base[r])
        s[512 + r] = double(base[r]) + double(shift[r])
        s[2048 + r] = double(x[r * classes + labels[r]])
        if base[r] != 0.0:
            large = 1
    spread_rows(shift, rows, classes, spread)
    if large == 0:
        flat_terms(x, spread, rows * classes, e)
    else:
        for r in range(rows):
            for j in range(classes):
                e[r * classes + j] = x[r * classes + j] - base[r]
        flat_terms(e, spread, rows * classes, e)
    flat_sums(e, rows, classes, labels, s)
    return 0


@apart
def flat_slopes(
    rows: Int,
    classes: Int,
    labels: Ints,
    total: Doubles,
    coefficient: Reals,
    own: Reals,
    e: Reals,
    spread: Reals,
    g: Reals,
) -> Int:
    """Gradient of some short rows from their terms."""
    spread_rows(coefficient, rows, classes, spread)
    for i in range(rows * classes):
        g[i] = e[i] * spread[i]
    for r in range(rows):
        g[r * classes + labels[r]] = own[r]
        if total[r] <= double(0.0):
            clear_row(classes, 1, offset(g, r * classes))
    return 0


def flat_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Rows of a few classes: several at a time, as one stretch of memory wherever the work is the same for all."""
    f = offset(doubles(address(c)), 30)
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = stack_doubles(2560)
    coefficient = stack_reals(512)
    own = stack_reals(512)
    e = stack_reals(2064)
    spread = stack_reals(2064)
    begin_block(partial)
    most = 2048 // c[3]
    if most > 512:
        most = 512
    stop = (block + 1) * c[1]
    if stop > c[0]:
        stop = c[0]
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > most:
            n = most
        begin_rows(c, start, n, labels, weights, total, partial)
        x = offset(reals(array_data(c[38])), start * c[3])
        flat_rows(x, n, c[3], labels, s, e, spread)
        settle(n, f, s, total, values, coefficient, own)
        if c[8] > 0:
            g = offset(reals(array_data(c[50])), start * c[3])
            flat_slopes(n, c[3], labels, total, coefficient, own, e, spread, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
