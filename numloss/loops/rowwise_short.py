"""Rows of a few classes: several at a time, as one stretch of memory wherever the work is the same for all."""

from __future__ import annotations

from ..scalar import exp_below
from .codes import CURVATURE, DATA, GRADIENT
from .halves import narrow, widen
from .headers import Measures, Result, Rowwise, Soon
from .language import (
    Doubles,
    Int,
    Ints,
    Reals,
    apart,
    array_data,
    double,
    noinline,
    offset,
    reals,
    run_maximum,
    run_sum,
    spread16,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import item_size
from .rowwise_bends import flat_bends, flat_own_bends
from .rowwise_labels import begin_rows, finish_rows, settle, take_off
from .rowwise_parts import bring, clear_row, curvature_at, gradient_at, plan_soon
from .sums import begin_block, block_stop, tile_length


@noinline
def spread_rows(column: Reals, rows: Int, classes: Int, out: Reals) -> Int:
    """Write one number a row to all its entries. Each row is written a little too far; the next one mends that."""
    for r in range(rows):
        at = r * classes
        value = column[r]
        j = 0
        while j < classes:
            spread16(offset(out, at + j), value)
            j = j + 16
    return 0


@noinline
@apart
def flat_terms(x: Reals, shifts: Reals, n: Int, e: Reals) -> Int:
    """e^(x - shift) for n entries."""
    for i in range(n):
        e[i] = exp_below(x[i], shifts[i])
    return 0


@noinline
def few_terms(x: Reals, rows: Int, classes: Int, shift: Reals, spread: Reals, e: Reals, soon: Soon) -> Int:
    """Terms of rows of fewer than 16 classes, 16 rows as one stretch."""
    spread_rows(shift, rows, classes, spread)
    r = 0
    while r < rows:
        n = 16 if rows - r > 16 else rows - r
        bring(soon, r, 0)
        at = r * classes
        flat_terms(offset(x, at), offset(spread, at), n * classes, offset(e, at))
        r = r + 16
    return 0


def windows_from(first: Int, classes: Int) -> Int:
    """How many windows of sixteen are worked on next: as many as there are whole ones, then one at the end."""
    return classes // 16 if first == 0 else 1


def after_windows(done: Int, classes: Int) -> Int:
    """Where the windows after these begin: what is left is in one that overlaps them."""
    return classes - 16 if done < classes else classes


@noinline
@apart
def many_terms(x: Reals, rows: Int, classes: Int, shift: Reals, e: Reals, soon: Soon) -> Int:
    """Terms of rows of 16 classes and more."""
    for r in range(rows):
        bring(soon, r, 0)
        low = shift[r]
        first = 0
        while first < classes:
            n = 16 * windows_from(first, classes)
            scores = offset(x, r * classes + first)
            terms = offset(e, r * classes + first)
            for k in range(n):
                terms[k] = exp_below(scores[k], low)
            first = after_windows(first + n, classes)
    return 0


@noinline
def flat_tops(x: Reals, rows: Int, classes: Int, labels: Ints, top: Reals, score: Reals) -> Int:
    """The largest score of some short rows, and that of the label."""
    for r in range(rows):
        top[r] = run_maximum(offset(x, r * classes), classes)
    for r in range(rows):
        score[r] = x[r * classes + labels[r]]
    return 0


@noinline
def flat_sums(e: Reals, rows: Int, classes: Int, labels: Ints, s: Measures) -> Int:
    """Term of the label of some short rows, which leaves its place, and the sum of the others."""
    for r in range(rows):
        at = r * classes + labels[r]
        s.label_term[r] = double(e[at])
        e[at] = 0.0
    # apart: a wide load waits for a narrow store into it
    for r in range(rows):
        s.others[r] = double(run_sum(offset(e, r * classes), classes))
    return 0


@noinline
def flat_rows(
    x: Reals, rows: Int, classes: Int, labels: Ints, s: Measures, e: Reals, spread: Reals, soon: Soon
) -> Int:
    """Statistics and terms of some short rows."""
    top = stack_reals(512)
    score = stack_reals(512)
    shift = stack_reals(512)
    base = stack_reals(512)
    lower = stack_reals(2048)
    flat_tops(x, rows, classes, labels, top, score)
    scores = x
    if take_off(rows, top, score, base, shift, s) == 1:
        for r in range(rows):
            for j in range(classes):
                lower[r * classes + j] = x[r * classes + j] - base[r]
        scores = lower
    if classes < 16:
        few_terms(scores, rows, classes, shift, spread, e, soon)
    else:
        many_terms(scores, rows, classes, shift, e, soon)
    flat_sums(e, rows, classes, labels, s)
    return 0


@noinline
@apart
def flat_products(n: Int, e: Reals, factors: Reals, g: Reals) -> Int:
    """Entries times their factors."""
    for i in range(n):
        g[i] = e[i] * factors[i]
    return 0


@noinline
@apart
def window_products(rows: Int, classes: Int, e: Reals, factors: Reals, g: Reals) -> Int:
    """Rows of 16 entries and more times their factors."""
    for r in range(rows):
        factor = factors[r]
        first = 0
        while first < classes:
            n = 16 * windows_from(first, classes)
            terms = offset(e, r * classes + first)
            slopes = offset(g, r * classes + first)
            for k in range(n):
                slopes[k] = terms[k] * factor
            first = after_windows(first + n, classes)
    return 0


@noinline
def flat_slopes(
    rows: Int,
    classes: Int,
    labels: Ints,
    total: Doubles,
    coefficient: Reals,
    own: Reals,
    spread: Reals,
    e: Reals,
    g: Reals,
) -> Int:
    """Gradient of some short rows from their terms."""
    if classes < 16:
        spread_rows(coefficient, rows, classes, spread)
        flat_products(rows * classes, e, spread, g)
    else:
        window_products(rows, classes, e, coefficient, g)
    for r in range(rows):
        g[r * classes + labels[r]] = own[r]
        if total[r] == double(0.0):
            clear_row(classes, 1, offset(g, r * classes))
    return 0


def flat_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """Rows of some classes: several at a time, as one stretch of memory wherever the work is the same for all."""
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = Measures()
    coefficient = stack_reals(512)
    own = stack_reals(512)
    bent = stack_reals(3584)
    e = stack_reals(2064)
    spread = stack_reals(2064)
    wide = stack_reals(2064)
    size = item_size(c.pred.kind, c.itemsize)
    begin_block(partial)
    classes = c.classes
    soon = Soon()
    near = 16 * classes if classes < 16 else classes
    plan_soon(c, classes, classes, 0, near, near, soon)
    written = array_data(c.gradient.array) if c.mode >= GRADIENT else 0
    some = 2048 // classes
    if some > 16:
        some = some - some % 16
    if some > 512:
        some = 512
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = tile_length(start, stop)
        begin_rows(c, start, n, labels, weights, total, partial)
        first = 0
        while first < n:
            rows = n - first
            if rows > some:
                rows = some
            row_labels = offset(labels, first)
            counts = offset(total, first)
            # the next rows, and the place of the gradient
            data = array_data(c.pred.array) + (start + first) * classes * size
            soon.read = data + rows * classes * size
            soon.written = written + (start + first) * soon.written_row
            x = reals(data)
            if c.pred.kind != DATA:
                widen(data, c.pred.kind, 1, rows * classes, wide)
                x = wide
            # terms are in memory of their own: where g is x a loop from one to the other has no vectors
            flat_rows(x, rows, classes, row_labels, s, e, spread, soon)
            settle(c, rows, s, offset(weights, first), counts, offset(values, first), coefficient, own, bent)
            if c.mode >= GRADIENT:
                g = gradient_at(c, start + first) if c.gradient.kind == DATA else wide
                flat_slopes(rows, classes, row_labels, counts, coefficient, own, spread, e, g)
                if c.gradient.kind != DATA:
                    place = array_data(c.gradient.array) + 2 * (start + first) * classes
                    narrow(place, c.gradient.kind, 1, rows * classes, g)
            if c.mode == CURVATURE:
                h = curvature_at(c, start + first) if c.curvature.kind == DATA else wide
                flat_bends(c, rows, classes, s, e, bent, h)
                flat_own_bends(c, rows, classes, row_labels, counts, bent, h)
                if c.curvature.kind != DATA:
                    place = array_data(c.curvature.array) + 2 * (start + first) * classes
                    narrow(place, c.curvature.kind, 1, rows * classes, h)
            first = first + rows
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
