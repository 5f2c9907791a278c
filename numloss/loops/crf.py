"""Linear chains of tags: the sum over all sequences of tags, step by step (crf).

What is reached is kept as logarithms in float64, and stepped on as powers beside the largest, by a product with the
powers of the transitions. Where a sum of them is so small that terms of it may have vanished, it is added up from
logarithms. The way back takes shares of what was reached, none of which is negative.
"""

from __future__ import annotations

from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    apart,
    double,
    double_exp,
    double_log,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
)
from .rowwise_parts import clear_row
from .transducer import fill_cells, never, possible

# The places of sizes and arrays in the declaration.
STEPS = 0
TAGS = 1
PRED = 0
TARGET = 1
TRANSITIONS = 2
LENGTHS = 3
START = 4
END = 5
# Matrices in the scratch: powers of transitions, by rows and by columns; what pairs of tags count by powers, and by
# themselves.
POWERS = 0
TURNED = 1
COUNTS = 2
PAIRS = 3


def vanishing() -> Double:
    """What terms of a sum of powers may have vanished below: 2^-800."""
    small = double(7.888609052210118e-31)
    square = small * small
    return (square * square) * (square * square)


def chain_width(e: Examples) -> Int:
    """Numbers of a row of tags: whole lines."""
    return (e.sizes[TAGS] + 7) // 8 * 8


def chain_matrix(e: Examples, which: Int) -> Doubles:
    """A matrix of tags by tags."""
    return offset(doubles(e.doubles), which * e.sizes[TAGS] * chain_width(e))


def chain_row(e: Examples, row: Int) -> Doubles:
    """One of four rows: powers (0), what is probable (1), its quotients (2) and sums (3)."""
    return offset(chain_matrix(e, 4), row * chain_width(e))


def reached_at(e: Examples, t: Int) -> Doubles:
    """The logarithms of what reaches the tags of a step."""
    return chain_row(e, 4 + 2 * t)


def sums_at(e: Examples, t: Int) -> Doubles:
    """The sums of powers that they are made of, where those are large enough; else 0."""
    return chain_row(e, 5 + 2 * t)


def addition(e: Examples, which: Int, j: Int) -> Double:
    """What a tag has at one end of a sequence."""
    if e.inputs[which] == 0:
        return double(0.0)
    return possible(double(reals(e.inputs[which])[j]))


@noinline
def take_powers(e: Examples) -> Double:
    """The powers of the transitions beside the largest, which is found."""
    tags = e.sizes[TAGS]
    width = chain_width(e)
    scores = reals(e.inputs[TRANSITIONS])
    top = never()
    for i in range(tags * tags):
        score = possible(double(scores[i]))
        top = score if score > top else top
    powers = chain_matrix(e, POWERS)
    turned = chain_matrix(e, TURNED)
    for i in range(tags * width):
        powers[i] = double(0.0)
        turned[i] = double(0.0)
    for i in range(tags):
        for j in range(tags):
            powers[i * width + j] = double_exp(possible(double(scores[i * tags + j])) - top)
    for i in range(tags):
        for j in range(tags):
            turned[j * width + i] = powers[i * width + j]
    return top


@apart
def add_four_rows(rows: Doubles, width: Int, factors: Doubles, n: Int, out: Doubles) -> Int:
    """Add four rows, each times its factor."""
    one = factors[0]
    two = factors[1]
    three = factors[2]
    four = factors[3]
    second = offset(rows, width)
    third = offset(second, width)
    fourth = offset(third, width)
    for i in range(n):
        out[i] = out[i] + ((one * rows[i] + two * second[i]) + (three * third[i] + four * fourth[i]))
    return 0


@apart
def add_one_row(row: Doubles, a: Double, n: Int, out: Doubles) -> Int:
    """Add a row, times a number."""
    for i in range(n):
        out[i] = out[i] + a * row[i]
    return 0


@noinline
def add_chain_rows(matrix: Doubles, factors: Doubles, rows: Int, width: Int, out: Doubles) -> Int:
    """The sum of the rows of a matrix, each times its factor."""
    for i in range(width):
        out[i] = double(0.0)
    whole = rows - rows % 4
    for i in range(0, whole, 4):
        add_four_rows(offset(matrix, i * width), width, offset(factors, i), width, out)
    for i in range(whole, rows):
        add_one_row(offset(matrix, i * width), factors[i], width, out)
    return 0


@noinline
def chain_powers(x: Doubles, n: Int, out: Doubles) -> Double:
    """The powers of n numbers beside the largest, which is found."""
    top = x[0]
    for i in range(n):
        top = x[i] if x[i] > top else top
    for i in range(n):
        out[i] = double_exp(x[i] - top)
    return top


@noinline
def logarithm_into(e: Examples, reached: Doubles, j: Int) -> Double:
    """The logarithm of the sum of the powers that lead to a tag, from logarithms."""
    tags = e.sizes[TAGS]
    scores = reals(e.inputs[TRANSITIONS])
    top = never() + never()
    for i in range(tags):
        x = reached[i] + possible(double(scores[i * tags + j]))
        top = x if x > top else top
    total = double(0.0)
    for i in range(tags):
        total = total + double_exp(reached[i] + possible(double(scores[i * tags + j])) - top)
    return top + double_log(total)


@noinline
def step_chain(e: Examples, scores: Reals, t: Int, largest: Double) -> Int:
    """From the tags of one step to those of the next."""
    tags = e.sizes[TAGS]
    before = reached_at(e, t - 1)
    reached = reached_at(e, t)
    sums = sums_at(e, t)
    powers = chain_row(e, 0)
    top = chain_powers(before, tags, powers) + largest
    add_chain_rows(chain_matrix(e, POWERS), powers, tags, chain_width(e), sums)
    for j in range(tags):
        reached[j] = top + double_log(sums[j])
    for j in range(tags):
        if sums[j] < vanishing():
            sums[j] = double(0.0)
            reached[j] = logarithm_into(e, before, j)
        reached[j] = possible(reached[j] + possible(double(scores[j])))
    return 0


@noinline
def chain_total(e: Examples, pred: Reals, steps: Int, largest: Double) -> Double:
    """The logarithm of the sum over all sequences of tags; what is probable at the last step is left in its row."""
    tags = e.sizes[TAGS]
    first = reached_at(e, 0)
    for j in range(tags):
        first[j] = possible(double(pred[j])) + addition(e, START, j)
    for t in range(1, steps):
        step_chain(e, offset(pred, t * tags), t, largest)
    last = reached_at(e, steps - 1)
    ends = chain_row(e, 1)
    for j in range(tags):
        ends[j] = last[j] + addition(e, END, j)
    powers = chain_row(e, 0)
    top = chain_powers(ends, tags, powers)
    total = double(0.0)
    for j in range(tags):
        total = total + powers[j]
    for j in range(tags):
        ends[j] = powers[j] / total
    return top + double_log(total)


@noinline
def chain_score(e: Examples, pred: Reals, target: Ints, steps: Int) -> Double:
    """The score of the tags of a sequence."""
    tags = e.sizes[TAGS]
    scores = reals(e.inputs[TRANSITIONS])
    score = addition(e, START, target[0]) + addition(e, END, target[steps - 1])
    for t in range(steps):
        score = score + possible(double(pred[t * tags + target[t]]))
        if t > 0:
            score = score + possible(double(scores[target[t - 1] * tags + target[t]]))
    return score


@noinline
def count_column(e: Examples, before: Doubles, j: Int, share: Double, probable: Doubles) -> Int:
    """Add to pairs that lead to a tag, and to what is probable before it, its share of each, from logarithms."""
    tags = e.sizes[TAGS]
    scores = reals(e.inputs[TRANSITIONS])
    total = logarithm_into(e, before, j)
    pairs = chain_matrix(e, PAIRS)
    for i in range(tags):
        own = share * double_exp(before[i] + possible(double(scores[i * tags + j])) - total)
        pairs[i * chain_width(e) + j] = pairs[i * chain_width(e) + j] + own
        probable[i] = probable[i] + own
    return 0


@noinline
def step_chain_back(e: Examples, t: Int) -> Int:
    """From what is probable at a step to what is at the step before it; pairs of tags are counted."""
    tags = e.sizes[TAGS]
    width = chain_width(e)
    before = reached_at(e, t - 1)
    sums = sums_at(e, t)
    powers = chain_row(e, 0)
    probable = chain_row(e, 1)
    quotients = chain_row(e, 2)
    ways = chain_row(e, 3)
    chain_powers(before, tags, powers)
    for j in range(width):
        quotients[j] = double(0.0)
    for j in range(tags):
        quotients[j] = probable[j] / sums[j] if sums[j] > double(0.0) else double(0.0)
    add_chain_rows(chain_matrix(e, TURNED), quotients, tags, width, ways)
    for i in range(tags):
        ways[i] = ways[i] * powers[i]
        add_one_row(quotients, powers[i], width, offset(chain_matrix(e, COUNTS), i * width))
    for j in range(tags):
        if sums[j] == double(0.0) and probable[j] > double(0.0):
            count_column(e, before, j, probable[j], ways)
    for i in range(tags):
        probable[i] = ways[i]
    return 0


@noinline
def write_chain_slopes(e: Examples, target: Ints, steps: Int, g: Reals, shared: Reals) -> Int:
    """The gradients of a sequence, by its scores and by the transitions."""
    tags = e.sizes[TAGS]
    width = chain_width(e)
    counts = chain_matrix(e, COUNTS)
    pairs = chain_matrix(e, PAIRS)
    powers = chain_matrix(e, POWERS)
    probable = chain_row(e, 1)
    for i in range(tags * width):
        counts[i] = double(0.0)
        pairs[i] = double(0.0)
    for k in range(steps):
        t = steps - 1 - k
        row = offset(g, t * tags)
        own = probable[target[t]]
        for j in range(tags):
            row[j] = real(probable[j])
        row[target[t]] = real(own - double(1.0))
        if t > 0:
            step_chain_back(e, t)
    for t in range(1, steps):
        at = target[t - 1] * width + target[t]
        pairs[at] = pairs[at] - double(1.0)
    for i in range(tags):
        for j in range(tags):
            at = i * width + j
            shared[i * tags + j] = real(counts[at] * powers[at] + pairs[at])
    return 0


@noinline
def one_chain(e: Examples, i: Int) -> Int:
    """The loss and the gradients of a sequence."""
    tags = e.sizes[TAGS]
    steps = e.sizes[STEPS]
    used = steps
    if e.inputs[LENGTHS] != 0:
        used = ints(e.inputs[LENGTHS])[0 if e.shared[LENGTHS] == 1 else i]
    pred = offset(reals(e.inputs[PRED]), i * steps * tags)
    target = offset(ints(e.inputs[TARGET]), i * steps)
    loss = double(0.0)
    if used > 0:
        loss = chain_total(e, pred, used, take_powers(e)) - chain_score(e, pred, target, used)
    if loss > double(562949953421312.0):
        loss = double(1e999)
    doubles(e.losses)[i] = loss
    if e.mode == 0:
        return 0
    g = offset(reals(e.slopes[0]), i * steps * tags)
    shared = reals(e.slopes[1])
    clear_row((steps - used) * tags, 1, offset(g, used * tags))
    if loss - loss != double(0.0):
        # an impossible sequence has no slopes, what is no number has no others
        value = real(0.0) if loss > double(0.0) else real(loss)
        fill_cells(g, used * tags, value)
        fill_cells(shared, tags * tags, value)
    elif used == 0:
        fill_cells(shared, tags * tags, real(0.0))
    else:
        write_chain_slopes(e, target, used, g, shared)
    return 0


def crf_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses and gradients of n sequences."""
    for i in range(n):
        one_chain(e, i)
    return 0
