"""All alignments of the steps of a sequence with its labels, on a lattice of steps and states (transducer).

A cell is a step and how many labels are out before it; a blank leads from it to the next step, a label to the next
state. Its numbers lie in the row of their sum, so that what leads to all cells of a row follows from the row before,
and is computed at once. They are logarithms in float64. What lies outside of the lattice cannot be.
"""

from __future__ import annotations

from ..scalar import round_shift
from .codes import REFUSED
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    double,
    double_exp,
    double_log1p,
    double_log1p_unit,
    doubles,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_reals,
)
from .rowwise_parts import base_of, clear_row, exponentials, first_equal, tile_maximum
from .sequence_steps import row_terms
from .sums import report, tile_length

# The places of sizes, arrays and parameters in the declaration.
STEPS = 0
STATES = 1
TOKENS = 2
LABELS = 3
PRED = 0
TARGET = 1
INPUT_LENGTHS = 2
TARGET_LENGTHS = 3
BLANK = 0
FROM_LOGITS = 1


def never() -> Double:
    """The logarithm of what cannot be, which sums of some more of them leave finite."""
    return double(-1125899906842624.0)


def possible(x: Double) -> Double:
    """The logarithm of a probability, or of what cannot be where that is below -2^30; NaN stays, and is what inf is."""
    if x < double(-1073741824.0):
        return never()
    return x + (x - x)


def lattice_width(states: Int) -> Int:
    """Numbers of a row: a place before the first state, and whole lines from the first on."""
    return (states + 7) // 8 * 8 + 8


def lattice_row(e: Examples, part: Int, d: Int) -> Doubles:
    """The first state of a row: how cells are reached (0), the blanks (1) and the labels (2) that lead on from them."""
    width = lattice_width(e.sizes[STATES])
    rows = e.sizes[STEPS] + e.sizes[STATES]
    return offset(doubles(e.doubles), (part * rows + d) * width + 8)


def lattice_ahead(e: Examples, d: Int) -> Doubles:
    """One of two rows of what follows, of which the one of d is wanted."""
    return lattice_row(e, 3, d % 2)


def cell_part(e: Examples, part: Int) -> Doubles:
    """Numbers of the states of one step: ratios of sums; or of all cells: the largest scores (1) and the sums (2)."""
    states = e.sizes[STATES]
    begin = offset(lattice_row(e, 3, 2), -8)
    if part == 0:
        return begin
    return offset(begin, lattice_width(states) + (part - 1) * e.sizes[STEPS] * states)


def first_cell(d: Int, steps: Int) -> Int:
    """The first state of a row that is worked on, in whole lines."""
    return (d - steps) // 8 * 8 if d > steps else 0


def last_cell(d: Int, labels: Int) -> Int:
    """The first state of a row that is not worked on."""
    return ((d if d < labels else labels) + 8) // 8 * 8


def blank_of(e: Examples, tokens: Int) -> Int:
    """The class of the blank, counted from the first; the place of the number of classes among sizes is given."""
    blank = integer(e.params[BLANK])
    return blank + e.sizes[tokens] if blank < 0 else blank


@noinline
def begin_lattice(e: Examples, steps: Int, labels: Int) -> Int:
    """Nothing is reached, nothing leads on, but what begins."""
    width = lattice_width(e.sizes[STATES])
    count = (steps + labels + 1) * width
    for part in range(3):
        row = offset(lattice_row(e, part, 0), -8)
        for i in range(count):
            row[i] = never()
    row = offset(lattice_row(e, 3, 0), -8)
    for i in range(2 * width):
        row[i] = never()
    lattice_row(e, 0, 0)[0] = double(0.0)
    return 0


@noinline
def read_lattice_cell(z: Reals, tokens: Int, line: Reals, top: Doubles, total: Doubles) -> Double:
    """The largest score of a cell, the sum of powers, and what that is more than its largest, as a share of that."""
    aside = stack_reals(1)
    aside[0] = 0.0
    highest = tile_maximum(z, tokens)
    others = row_terms(z, tokens, highest, first_equal(z, tokens, highest), line, aside)
    peak = double(aside[0])
    top[0] = double(highest)
    total[0] = others + peak
    return others / peak


@noinline
def read_cells(e: Examples, z: Reals, t: Int, steps: Int, labels: Int, target: Ints) -> Int:
    """The logarithms of what leads on from the cells of a step."""
    tokens = e.sizes[TOKENS]
    blank = blank_of(e, TOKENS)
    rest = cell_part(e, 0)
    at = t * e.sizes[STATES]
    tops = offset(cell_part(e, 1), at)
    for u in range(labels + 1):
        tops[u] = double(0.0)
        rest[u] = double(0.0)
        if e.params[FROM_LOGITS] != double(0.0):
            totals = offset(cell_part(e, 2), at + u)
            rest[u] = read_lattice_cell(offset(z, u * tokens), tokens, reals(e.reals), offset(tops, u), totals)
    for u in range(labels + 1):
        rest[u] = double_log1p(rest[u])
    for u in range(labels + 1):
        own = offset(z, u * tokens)
        if t + 1 < steps or u == labels:
            lattice_row(e, 1, t + u)[u] = possible(double(own[blank]) - tops[u] - rest[u])
        if u < labels:
            lattice_row(e, 2, t + u)[u] = possible(double(own[target[u]]) - tops[u] - rest[u])
    return 0


def joined_logarithms(x: Double, y: Double) -> Double:
    """The logarithm of a sum of powers."""
    top = x if x > y else y
    return top + double_log1p_unit(double_exp(x - y if x < y else y - x))


@apart
def reach_cells(reached: Doubles, blanks: Doubles, before: Doubles, labels: Doubles, n: Int, following: Doubles) -> Int:
    """How n cells of the next row are reached: by a blank, or from the state before by its label."""
    for i in range(n):
        following[i] = joined_logarithms(reached[i] + blanks[i], before[i] + labels[i])
    return 0


@apart
def weigh_cells(
    reached: Doubles, ahead: Doubles, beyond: Doubles, total: Double, n: Int, blanks: Doubles, labels: Doubles,
    out: Doubles,
) -> Int:
    """What follows n cells, and in the place of blanks and labels how probable it is that they are on the way."""
    for i in range(n):
        x = ahead[i] + blanks[i]
        y = beyond[i] + labels[i]
        blanks[i] = double_exp((reached[i] + x) - total)
        labels[i] = double_exp((reached[i] + y) - total)
        out[i] = joined_logarithms(x, y)
    return 0


@noinline
def through_lattice(e: Examples, steps: Int, labels: Int) -> Double:
    """The logarithm of the sum over all alignments."""
    for d in range(1, steps + labels + 1):
        first = first_cell(d, steps)
        n = last_cell(d, labels) - first
        reached = offset(lattice_row(e, 0, d - 1), first)
        blanks = offset(lattice_row(e, 1, d - 1), first)
        before = offset(lattice_row(e, 2, d - 1), first)
        reach_cells(reached, blanks, offset(reached, -1), offset(before, -1), n, offset(lattice_row(e, 0, d), first))
    return lattice_row(e, 0, steps + labels)[labels]


@noinline
def back_through_lattice(e: Examples, steps: Int, labels: Int, total: Double) -> Int:
    """How probable every blank and every label of the lattice is."""
    end = steps + labels
    lattice_ahead(e, end)[labels] = double(0.0)
    for i in range(end):
        d = end - 1 - i
        first = first_cell(d, steps)
        n = last_cell(d, labels) - first
        ahead = offset(lattice_ahead(e, d + 1), first)
        blanks = offset(lattice_row(e, 1, d), first)
        onwards = offset(lattice_row(e, 2, d), first)
        reached = offset(lattice_row(e, 0, d), first)
        weigh_cells(reached, ahead, offset(ahead, 1), total, n, blanks, onwards, offset(lattice_ahead(e, d), first))
    return 0


@noinline
def share_cell(z: Reals, tokens: Int, top: Double, scale: Real, g: Reals) -> Int:
    """The powers of the scores of a cell, times a number."""
    terms = stack_reals(512)
    base = base_of(real(top))
    shift = round_shift(real(top) - base)
    first = 0
    while first < tokens:
        n = tile_length(first, tokens)
        exponentials(offset(z, first), n, base, shift, terms)
        own = offset(g, first)
        for j in range(n):
            own[j] = terms[j] * scale
        first = first + n
    return 0


@noinline
def write_shares(
    e: Examples, z: Reals, top: Double, total: Double, blank: Double, onwards: Double, label: Int, g: Reals
) -> Int:
    """The slopes of a cell of which blank and label are so probable; none is read that is too improbable for any."""
    tokens = e.sizes[TOKENS]
    share = blank + onwards
    if e.params[FROM_LOGITS] != double(0.0) and real(share) != 0.0:
        share_cell(z, tokens, top, real(share / total), g)
    else:
        clear_row(tokens, 1, g)
    k = blank_of(e, TOKENS)
    g[k] = real(double(g[k]) - blank)
    if label >= 0:
        g[label] = real(double(g[label]) - onwards)
    return 0


@noinline
def fill_cells(g: Reals, n: Int, value: Real) -> Int:
    """The same slope everywhere."""
    for i in range(n):
        g[i] = value
    return 0


def usual_loss(e: Examples, total: Double) -> Int:
    """Whether there is a gradient that is neither zeros nor NaN."""
    return integer(total == total and total > double(-562949953421312.0) and e.factor != double(0.0))


@noinline
def write_cells(e: Examples, pred: Reals, steps: Int, labels: Int, target: Ints, total: Double, g: Reals) -> Int:
    """The gradient of an example."""
    tokens = e.sizes[TOKENS]
    line = e.sizes[STATES] * tokens
    used = (labels + 1) * tokens
    usual = usual_loss(e, total)
    if usual == 1:
        back_through_lattice(e, steps, labels, total)
    for t in range(e.sizes[STEPS]):
        row = offset(g, t * line)
        if t >= steps or (usual == 0 and (total == total or e.factor == double(0.0))):
            clear_row(line, 1, row)
        elif usual == 0:
            fill_cells(row, used, real(total))
        else:
            for u in range(labels + 1):
                at = t * line + u * tokens
                label = target[u] if u < labels else -1
                blank = lattice_row(e, 1, t + u)[u] * e.factor
                onwards = lattice_row(e, 2, t + u)[u] * e.factor
                cell = t * e.sizes[STATES] + u
                top = cell_part(e, 1)[cell]
                write_shares(e, offset(pred, at), top, cell_part(e, 2)[cell], blank, onwards, label, offset(g, at))
        if t < steps:
            clear_row(line - used, 1, offset(row, used))
    return 0


def transducer_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses and gradients of n examples."""
    for i in range(n):
        steps = ints(e.inputs[INPUT_LENGTHS])[i]
        labels = ints(e.inputs[TARGET_LENGTHS])[i]
        size = e.sizes[STEPS] * e.sizes[STATES] * e.sizes[TOKENS]
        pred = offset(reals(e.inputs[PRED]), i * size)
        target = offset(ints(e.inputs[TARGET]), i * e.sizes[LABELS])
        for u in range(labels):
            if target[u] == blank_of(e, TOKENS):
                report(partial, i, REFUSED)
                return 0
        begin_lattice(e, steps, labels)
        for t in range(steps):
            read_cells(e, offset(pred, t * e.sizes[STATES] * e.sizes[TOKENS]), t, steps, labels, target)
        total = through_lattice(e, steps, labels)
        doubles(e.losses)[i] = double(1e999) if total < double(-562949953421312.0) else -total
        if e.mode > 0:
            write_cells(e, pred, steps, labels, target, total, offset(reals(e.slopes[0]), i * size))
    return 0
