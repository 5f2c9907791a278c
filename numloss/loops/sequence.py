"""The sequence family: all alignments of a sequence of classes with its labels (ctc), a sequence at a time.

The header of a problem is Sequence; a block has scratch of its own. The states are described in sequence_states.py.
Rows of them are kept of a stretch of steps, and of the beginning of each stretch, from which the way back computes the
others again.
"""

from __future__ import annotations

from .headers import Power, Result, Sequence
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
)
from .rowwise_parts import clear_rows
from .sequence_states import impossible_states, likelihood, loss_of, nothing, powers, renew, step_back, step_on
from .sequence_steps import read_step, step_slopes
from .sums import begin_block


def scratch_part(c: Sequence, block: Int, column: Int) -> Doubles:
    """A column of the scratch of a block.

    0 is what bars the way past a blank. From 1 on there is a row of states of what follows, then for each step of a
    stretch its probabilities in two columns, then one row more than it has steps; then the rows that are kept.
    """
    return offset(doubles(array_data(c.states)), block * c.state_size + column * c.width)


def step_part(c: Sequence, block: Int, t: Int) -> Doubles:
    """The scratch for the probabilities of a step."""
    return scratch_part(c, block, 5 + 2 * (t % c.stretch))


def row_part(c: Sequence, block: Int, place: Int) -> Doubles:
    """The scratch for a row of states of a stretch."""
    return scratch_part(c, block, 5 + 2 * c.stretch + 4 * place)


def kept_part(c: Sequence, block: Int, stretch: Int) -> Doubles:
    """The scratch for the first row of a stretch."""
    return scratch_part(c, block, 9 + 6 * c.stretch + 4 * stretch)


def tops_of(c: Sequence, block: Int) -> Doubles:
    """The scratch after the columns: what is taken off the scores of each step."""
    return offset(doubles(array_data(c.states)), (block + 1) * c.state_size - c.steps)


def lines_of(c: Sequence, block: Int) -> Reals:
    """The scratch for two steps of all classes."""
    return offset(reals(array_data(c.lines)), block * c.line_size)


def scores_of_step(c: Sequence, block: Int, t: Int) -> Reals:
    """The scratch for the scores of the labels: of all steps if there is a gradient, else of a stretch."""
    return offset(lines_of(c, block), 2 * c.classes + (t if c.gradient.array != 0 else t % c.stretch) * c.width)


@noinline
def begin_states(c: Sequence, block: Int, classes: Ints, n: Int) -> Int:
    """The row before the first step, the row after the last, and where a blank cannot be left out."""
    width = c.width
    bar = scratch_part(c, block, 0)
    for j in range(width):
        bar[j] = nothing()
    for j in range(2, n):
        if classes[j] != classes[j - 1]:
            bar[j] = double(0.0)
    row = kept_part(c, block, 0)
    impossible_states(row, width)
    row[width] = double(0.0)
    ahead = scratch_part(c, block, 1)
    impossible_states(ahead, width)
    ahead[width + n - 1] = double(0.0)
    return 0


@noinline
def run_stretch(c: Sequence, block: Int, sequence: Int, first: Int, stop: Int, n: Int) -> Int:
    """The rows of states of a stretch, from what was kept of its beginning."""
    offsets = offset(doubles(array_data(c.offsets)), ints(array_data(c.starts))[sequence])
    bar = scratch_part(c, block, 0)
    renew(kept_part(c, block, first // c.stretch), n, c.width, row_part(c, block, 0))
    for t in range(first, stop):
        y = step_part(c, block, t)
        powers(scores_of_step(c, block, t), tops_of(c, block)[t], offsets, n, c.width, y)
        row = row_part(c, block, t - first)
        following = offset(row, 4 * c.width)
        step_on(row, y, bar, n, c.width, following)
        if (t - first) % 32 == 31:
            renew(following, n, c.width, following)
    return 0


@noinline
def add_logarithms(ratios: Doubles, stride: Int, n: Int, rest: Double) -> Double:
    """Add log(1 + x) of n steps to the rest, in their order; the logarithms of 64 steps are computed together."""
    some = stack_doubles(64)
    for first in range(0, n, 64):
        m = n - first if n - first < 64 else 64
        for i in range(64):
            some[i] = double(0.0)
        for i in range(m):
            some[i] = ratios[(first + i) * stride]
        for i in range((m + 7) // 8 * 8):
            some[i] = double_log1p(some[i])
        for i in range(m):
            rest = rest + some[i]
    return rest


@noinline
def forward(
    c: Sequence, block: Int, sequence: Int, steps: Int, n: Int, classes: Ints, factor: Double, end: Power
) -> Double:
    """The loss of a sequence, from the first step to the last. The gradient is left as if nothing were aligned."""
    rest = double(0.0)
    first = 0
    while first < steps:
        stop = first + c.stretch if first + c.stretch < steps else steps
        for t in range(first, stop):
            scores = scores_of_step(c, block, t)
            top = offset(tops_of(c, block), t)
            ratio = step_part(c, block, t)  # whose place is free until the powers of the labels take it
            ratio[0] = read_step(c, t, sequence, classes, n, factor, scores, top, lines_of(c, block))
        rest = add_logarithms(step_part(c, block, first), 2 * c.width, stop - first, rest)
        run_stretch(c, block, sequence, first, stop, n)
        renew(row_part(c, block, stop - first), n, c.width, kept_part(c, block, first // c.stretch + 1))
        first = stop
    likelihood(kept_part(c, block, (steps + c.stretch - 1) // c.stretch), n, c.width, end)
    return loss_of(rest, end.mantissa, end.exponent)


@noinline
def backward(
    c: Sequence, block: Int, sequence: Int, steps: Int, n: Int, classes: Ints, factor: Double, end: Power
) -> Int:
    """From the last step to the first: how probable the labels are, taken off the gradient."""
    ahead = scratch_part(c, block, 1)
    bar = scratch_part(c, block, 0)
    share = factor / end.mantissa
    stop = steps
    while stop > 0:
        first = (stop - 1) // c.stretch * c.stretch
        if stop < steps or first > 0:
            run_stretch(c, block, sequence, first, stop, n)
        for i in range(stop - first):
            t = stop - 1 - i
            row = row_part(c, block, t - first + 1)
            g = step_slopes(c, t, sequence)
            stride = c.gradient_strides.entry
            step_back(row, ahead, step_part(c, block, t), bar, n, c.width, share, end.exponent, classes, g, stride)
            if i % 32 == 31:
                renew(ahead, n, c.width, ahead)
        stop = first
    return 0


def clear_steps(c: Sequence, sequence: Int, first: Int, stop: Int) -> Int:
    """Exact zeros in the gradient from one step to another."""
    strides = c.gradient_strides
    return clear_rows(stop - first, strides.step, c.classes, strides.entry, step_slopes(c, first, sequence))


@noinline
def fill_steps(c: Sequence, sequence: Int, steps: Int, value: Real) -> Int:
    """The same slope everywhere."""
    stride = c.gradient_strides.entry
    for t in range(steps):
        g = step_slopes(c, t, sequence)
        for j in range(c.classes):
            g[j * stride] = value
    return 0


@noinline
def one_sequence(c: Sequence, block: Int, sequence: Int) -> Int:
    """Loss and gradient of a sequence; one that is not to be computed gets a gradient of zeros and keeps its loss."""
    end = Power()
    steps = ints(array_data(c.used))[sequence]
    n = ints(array_data(c.counts))[sequence] + 1
    classes = offset(ints(array_data(c.labels)), ints(array_data(c.starts))[sequence])
    factor = doubles(array_data(c.factors))[sequence]
    losses = doubles(array_data(c.losses))
    used = steps if steps > 0 else 0
    if c.gradient.array != 0:
        clear_steps(c, sequence, used, c.steps)
    if steps < 0:
        return 0
    begin_states(c, block, classes, n)
    loss = forward(c, block, sequence, steps, n, classes, factor, end)
    losses[sequence] = loss
    if c.gradient.array != 0:
        if loss != loss:
            fill_steps(c, sequence, steps, real(loss))
        elif loss == double(1e999):
            clear_steps(c, sequence, 0, steps)
        else:
            backward(c, block, sequence, steps, n, classes, factor, end)
    return 0


def sequence_block(c: Sequence, partial: Result, block: Int) -> Int:
    """The sequences of a block: as many further apart as there are blocks."""
    begin_block(partial)
    order = ints(array_data(c.order))
    k = block
    while k < c.sequences:
        one_sequence(c, block, order[k])
        k = k + c.blocks
    return 0
