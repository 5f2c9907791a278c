"""Alignments of a sequence whose logits are sums, of what its steps say and of what its labels say (simple transducer).

The powers of a sum are products, so that the sum over the classes of a cell is a product of two rows, and so are its
parts of both gradients. Where the rows have next to nothing in common, their sum is looked at itself.
"""

from __future__ import annotations

from .codes import REFUSED
from .crps_ensemble import score
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    apart,
    double,
    double_log,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_reals,
)
from .rowwise_parts import clear_row, first_equal, tile_maximum
from .sequence_steps import row_terms
from .sums import report, sixteens
from .transducer import blank_of, fill_cells, never, possible, read_lattice_cell, share_cell
from .transducer_band import back_through_band, through_band

# The places of sizes, arrays and parameters in the declaration.
FRAMES = 0
CLASSES = 1
STATES = 2
LABELS = 3
AM = 0
LM = 1
TARGET = 2
INPUT_LENGTHS = 3
TARGET_LENGTHS = 4
LM_SCALE = 1


def steps_powers(e: Examples, t: Int) -> Reals:
    """Scratch for the powers of the logits of a step; those of the states follow, and two rows."""
    return offset(reals(e.reals), t * sixteens(e.sizes[CLASSES]))


def states_powers(e: Examples, u: Int) -> Reals:
    """Scratch for the powers of the logits of a state."""
    return steps_powers(e, e.sizes[FRAMES] + u)


def cells_part(e: Examples, part: Int) -> Doubles:
    """Numbers of all cells: how they are reached (0), blanks (1), labels (2), sums (3); rows and tops."""
    return offset(doubles(e.doubles), part * e.sizes[FRAMES] * e.sizes[STATES])


def tops_part(e: Examples, part: Int) -> Doubles:
    """Numbers of steps and states: the largest logits (0), their powers (1), what the others are beside those (2)."""
    return offset(cells_part(e, 4), 2 * e.sizes[STATES] + part * (e.sizes[FRAMES] + e.sizes[STATES]))


@noinline
def take_logits(e: Examples, z: Reals, k: Int) -> Int:
    """The powers of the logits of a step or of a state."""
    n = e.sizes[CLASSES]
    aside = stack_reals(1)
    aside[0] = 0.0
    out = steps_powers(e, k)
    highest = tile_maximum(z, n)
    place = first_equal(z, n, highest)
    others = row_terms(z, n, highest, place, out, aside)
    out[place] = aside[0]
    tops_part(e, 0)[k] = double(highest)
    tops_part(e, 1)[k] = double(aside[0])
    tops_part(e, 2)[k] = others / double(aside[0])
    return 0


@apart
def add_rows(x: Reals, y: Reals, n: Int, out: Reals) -> Int:
    """The sum of two rows."""
    for i in range(n):
        out[i] = x[i] + y[i]
    return 0


@apart
def add_row(x: Reals, n: Int, factor: Double, out: Doubles) -> Int:
    """Add a row, times a number."""
    for i in range(n):
        out[i] = out[i] + factor * double(x[i])
    return 0


@apart
def add_joint_products(x: Reals, y: Reals, n: Int, factor: Double, out: Doubles) -> Int:
    """Add the products of two rows, times a number."""
    for i in range(n):
        out[i] = out[i] + factor * (double(x[i]) * double(y[i]))
    return 0


@noinline
def summed_cell(e: Examples, am: Reals, lm: Reals, ahead: Reals, total: Doubles) -> Double:
    """The largest sum of two rows of logits, which are left `ahead`; the sum of powers, its logarithm to `total[1]`."""
    n = e.sizes[CLASSES]
    top = stack_doubles(1)
    add_rows(am, lm, n, ahead)
    rest = read_lattice_cell(ahead, n, offset(ahead, sixteens(n)), top, total)
    total[1] = double_log1p(rest)
    return top[0]


@noinline
def sum_of_cell(e: Examples, am: Reals, lm: Reals, t: Int, u: Int) -> Double:
    """The logarithm of the sum over the classes of a cell, less the largest logits of step and state."""
    n = e.sizes[CLASSES]
    total = stack_doubles(2)
    k = e.sizes[FRAMES] + u
    tops = tops_part(e, 0)
    peaks = tops_part(e, 1)
    rest = tops_part(e, 2)
    both = score(steps_powers(e, t), states_powers(e, u), n)
    share = both / (peaks[t] * peaks[k])
    cells_part(e, 3)[t * e.sizes[STATES] + u] = both
    # NaN if one of them is
    bad = (rest[t] - rest[t]) + (rest[k] - rest[k])
    if share > double(1e-25) or bad != bad:
        return (double_log1p(share - double(1.0)) if share > double(0.5) else double_log(share)) + bad
    cells_part(e, 3)[t * e.sizes[STATES] + u] = double(-1.0)
    top = summed_cell(e, am, lm, states_powers(e, e.sizes[STATES]), total)
    return ((top - tops[t]) - tops[k]) + total[1]


@noinline
def lead_on(e: Examples, am: Reals, lm: Reals, t: Int, u: Int, label: Int, less: Double) -> Double:
    """The logarithm of a class at a cell, of which some is that of the labels alone."""
    tops = tops_part(e, 0)
    k = e.sizes[FRAMES] + u
    share = e.params[LM_SCALE]
    of_labels = double(lm[label]) - tops[k]
    both = ((double(am[label]) - tops[t]) + of_labels) - less
    if share == double(0.0):
        return possible(both)
    return possible((double(1.0) - share) * both + share * (of_labels - double_log1p(tops_part(e, 2)[k])))


@noinline
def read_simple(e: Examples, am: Reals, lm: Reals, steps: Int, labels: Int, target: Ints) -> Int:
    """The logarithms of what leads on from all cells."""
    n = e.sizes[CLASSES]
    states = e.sizes[STATES]
    for t in range(steps):
        take_logits(e, offset(am, t * n), t)
        ints(e.ints)[t] = 0
    for u in range(labels + 1):
        take_logits(e, offset(lm, u * n), e.sizes[FRAMES] + u)
    for t in range(steps):
        for u in range(states):
            at = t * states + u
            cells_part(e, 1)[at] = never()
            cells_part(e, 2)[at] = never()
            if u <= labels:
                x = offset(am, t * n)
                y = offset(lm, u * n)
                less = sum_of_cell(e, x, y, t, u)
                if t + 1 < steps or u == labels:
                    cells_part(e, 1)[at] = lead_on(e, x, y, t, u, blank_of(e, CLASSES), less)
                if u < labels:
                    cells_part(e, 2)[at] = lead_on(e, x, y, t, u, target[u], less)
    return 0


@noinline
def add_cell(e: Examples, am: Reals, lm: Reals, t: Int, u: Int, share: Double, out: Doubles) -> Int:
    """Add the softmax of a cell, times a share."""
    n = e.sizes[CLASSES]
    total = stack_doubles(2)
    both = cells_part(e, 3)[t * e.sizes[STATES] + u]
    if share == double(0.0):
        return 0
    if both >= double(0.0):
        add_joint_products(steps_powers(e, t), states_powers(e, u), n, share / both, out)
        return 0
    ahead = states_powers(e, e.sizes[STATES])
    top = summed_cell(e, am, lm, ahead, total)
    powers = offset(ahead, sixteens(n))
    share_cell(ahead, n, top, real(share / total[0]), powers)
    add_row(powers, n, double(1.0), out)
    return 0


@noinline
def write_sums(sums: Doubles, n: Int, factor: Double, g: Reals) -> Int:
    """Sums times a number, rounded once."""
    for i in range(n):
        g[i] = real(sums[i] * factor)
    return 0


@noinline
def no_class_sums(sums: Doubles, n: Int) -> Int:
    """Nothing summed."""
    for i in range(n):
        sums[i] = double(0.0)
    return 0


@noinline
def write_step(e: Examples, am: Reals, lm: Reals, t: Int, labels: Int, target: Ints, g: Reals) -> Int:
    """The gradient by the logits of a step."""
    n = e.sizes[CLASSES]
    sums = tops_part(e, 3)
    no_class_sums(sums, n)
    for u in range(labels + 1):
        at = t * e.sizes[STATES] + u
        blank = cells_part(e, 1)[at]
        onwards = cells_part(e, 2)[at]
        add_cell(e, am, offset(lm, u * n), t, u, blank + onwards, sums)
    for u in range(labels + 1):
        at = t * e.sizes[STATES] + u
        k = blank_of(e, CLASSES)
        sums[k] = sums[k] - cells_part(e, 1)[at]
        if u < labels:
            k = target[u]
            sums[k] = sums[k] - cells_part(e, 2)[at]
    return write_sums(sums, n, double(1.0) - e.params[LM_SCALE], g)


@noinline
def write_state(e: Examples, am: Reals, lm: Reals, u: Int, steps: Int, labels: Int, target: Ints, g: Reals) -> Int:
    """The gradient by the logits of a state."""
    n = e.sizes[CLASSES]
    sums = tops_part(e, 3)
    no_class_sums(sums, n)
    scale = e.params[LM_SCALE]
    blanks = double(0.0)
    onwards = double(0.0)
    for t in range(steps):
        at = t * e.sizes[STATES] + u
        blanks = blanks + cells_part(e, 1)[at]
        onwards = onwards + cells_part(e, 2)[at]
        share = cells_part(e, 1)[at] + cells_part(e, 2)[at]
        add_cell(e, offset(am, t * n), lm, t, u, (double(1.0) - scale) * share, sums)
    if scale != double(0.0):
        k = e.sizes[FRAMES] + u
        peak = tops_part(e, 1)[k]
        whole = peak + peak * tops_part(e, 2)[k]
        add_row(states_powers(e, u), n, scale * (blanks + onwards) / whole, sums)
    k = blank_of(e, CLASSES)
    sums[k] = sums[k] - blanks
    if u < labels:
        k = target[u]
        sums[k] = sums[k] - onwards
    return write_sums(sums, n, double(1.0), g)


@noinline
def write_simple(
    e: Examples, am: Reals, lm: Reals, steps: Int, labels: Int, target: Ints, total: Double, by_am: Reals, by_lm: Reals
) -> Int:
    """The gradients of an example."""
    n = e.sizes[CLASSES]
    states = e.sizes[STATES]
    usual = total > double(-562949953421312.0)
    if usual:
        blanks = cells_part(e, 1)
        onwards = cells_part(e, 2)
        rows = cells_part(e, 4)
        back_through_band(cells_part(e, 0), blanks, onwards, rows, ints(e.ints), steps, states, labels, total)
    clear_row(e.sizes[FRAMES] * n, 1, by_am)
    clear_row(states * n, 1, by_lm)
    if total != total:
        fill_cells(by_am, steps * n, real(total))
        fill_cells(by_lm, (labels + 1) * n, real(total))
    if usual:
        for t in range(steps):
            write_step(e, offset(am, t * n), lm, t, labels, target, offset(by_am, t * n))
        for u in range(labels + 1):
            write_state(e, am, offset(lm, u * n), u, steps, labels, target, offset(by_lm, u * n))
    return 0


def transducer_simple_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses and gradients of n examples whose logits are sums."""
    for i in range(n):
        steps = ints(e.inputs[INPUT_LENGTHS])[i]
        labels = ints(e.inputs[TARGET_LENGTHS])[i]
        size = e.sizes[FRAMES] * e.sizes[CLASSES]
        other = e.sizes[STATES] * e.sizes[CLASSES]
        am = offset(reals(e.inputs[AM]), i * size)
        lm = offset(reals(e.inputs[LM]), i * other)
        target = offset(ints(e.inputs[TARGET]), i * e.sizes[LABELS])
        for u in range(labels):
            if target[u] == blank_of(e, CLASSES):
                report(partial, i, REFUSED)
                return 0
        read_simple(e, am, lm, steps, labels, target)
        total = through_band(
            cells_part(e, 0), cells_part(e, 1), cells_part(e, 2), ints(e.ints), steps, e.sizes[STATES], labels
        )
        doubles(e.losses)[i] = double(1e999) if total < double(-562949953421312.0) else -total
        if e.mode > 0:
            by_am = offset(reals(e.slopes[0]), i * size)
            by_lm = offset(reals(e.slopes[1]), i * other)
            write_simple(e, am, lm, steps, labels, target, total, by_am, by_lm)
    return 0
