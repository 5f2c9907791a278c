"""The sequence family: all alignments of a sequence of classes with its labels (ctc), a sequence at a time.

What leads to a state is as unlikely as it likes: every probability is a mantissa and an exponent of its own, two
Doubles. A mantissa is between 2^-32 and 2^68, since it is renewed every 32 steps; an exponent of -2^52 is nothing.
Header of the problem c:

    0 sequences   1 blocks   2 classes   3 pred are logits (1) or log-probabilities (0)   4 there is a gradient
    5-7 strides of pred: step, sequence, class   8-10 of the gradient   11 pred   12 gradient   13 steps of pred
    14 entries of a column of states   15 blanks and labels (int64): for each sequence its blank and its labels
    16 the order of work (int64); then, by sequence: 17 steps, -1 if only zeros are written (int64)   18 labels (int64)
    19 where its blank and labels begin (int64)   20 what its slopes are multiplied by (float64)   21 loss (float64)
    22 scratch of the dtype of the data, 23 its elements for a block   24 scratch of float64, 25 its elements
    26 steps of a stretch

11, 12, 15 to 22 and 24 are array objects. A block takes every c[1]-th sequence of the order and has scratch of its own.

There is a state for the blank before each label and after the last, and one for each label. A row of states is four
columns: mantissas and exponents of blanks, then of labels; the first label is none. A column has a multiple of 16
states, so that compilers have no rest to take one by one, and two places where nothing is, of which the last is the
one before the next column. Rows are kept of a stretch of steps, and of the beginning of each stretch, from which the
way back computes the others again.
"""

from __future__ import annotations

from ..scalar import exponent_of, mantissa_of, round_shift
from .headers import Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    array_data,
    double,
    double_exp_exponent,
    double_exp_mantissa,
    double_log,
    double_log1p,
    double_ratio_of,
    doubles,
    integer,
    ints,
    offset,
    real,
    reals,
    stack_doubles,
    stack_reals,
    will_need,
)
from .operands import put_apart
from .regional import side_by_side
from .rowwise_parts import base_of, clear_rows, exponentials, first_equal, tile_maximum
from .sums import begin_block, clear, fold, tile_sum


@apart
def label_scores(x: Reals, stride: Int, classes: Ints, n: Int, scores: Reals) -> Int:
    """Take n scores of a step, and -inf up to a multiple of 16; how many of them are NaN or inf."""
    bad = 0
    for j in range(n):
        score = x[classes[j] * stride]
        scores[j] = score
        bad += integer(not (score < 1e999))
    for j in range(n, (n + 15) // 16 * 16):
        scores[j] = -1e999
    return bad


def row_terms(z: Reals, classes: Int, top: Real, place: Int, e: Reals, peak: Reals) -> Double:
    """The exponentials of a row of scores, and the sum of all but the largest, which is put aside."""
    base = base_of(top)
    shift = round_shift(top - base)
    others = double(0.0)
    first = 0
    while first < classes:
        n = classes - first
        if n > 512:
            n = 512
        terms = offset(e, first)
        exponentials(offset(z, first), n, base, shift, terms)
        if place >= first and place < first + n:
            peak[0] = terms[place - first]
            terms[place - first] = 0.0
        others = others + tile_sum(terms, n)
        first = first + n
    return others


@apart
def softmax_step(c: Ints, z: Reals, top: Real, factor: Double, g: Reals, line: Reals) -> Double:
    """The logarithm of the sum of e^(z - top) of a step; its softmax times the factor is written to the gradient."""
    aside = stack_reals(1)
    aside[0] = 0.0
    place = first_equal(z, c[2], top)
    e = g if c[4] == 1 and c[10] == 1 else line
    others = row_terms(z, c[2], top, place, e, aside)
    peak = double(aside[0])
    if c[4] == 1:
        share = factor / (others + peak)
        scale = real(share)
        for j in range(c[2]):
            e[j] = e[j] * scale
        e[place] = real(peak * share)
        if c[10] != 1:
            put_apart(g, c[10], c[2], e)
    return double_log1p(others / peak)


@apart
def read_step(
    c: Ints, t: Int, sequence: Int, classes: Ints, n: Int, factor: Double, scores: Reals, top: Doubles, lines: Reals
) -> Double:
    """The scores of the labels of a step, and what is taken off them; the logarithm of their sum, NaN if one is bad."""
    x = offset(reals(array_data(c[11])), t * c[5] + sequence * c[6])
    g = offset(reals(array_data(c[12] if c[4] == 1 else c[11])), t * c[8] + sequence * c[9])
    rest = double(0.0)
    top[0] = double(0.0)
    if c[3] == 1:
        if c[7] == 1 and t + 1 < c[13]:
            will_need(offset(x, c[5]), c[2])
        z = side_by_side(x, c[7], c[2], lines)
        highest = tile_maximum(z, c[2])
        top[0] = double(highest)
        # before the gradient may take the place of the scores
        bad = label_scores(z, 1, classes, n, scores)
        rest = softmax_step(c, z, highest, factor, g, offset(lines, c[2]))
    else:
        bad = label_scores(x, c[7], classes, n, scores)
        if c[4] == 1:
            clear_rows(1, 0, c[2], c[10], g)
    if bad > 0:
        rest = double(1e999) - double(1e999)
    return rest


def nothing() -> Double:
    """The exponent of what cannot be."""
    return double(-4503599627370496.0)


def states_of_tile(n: Int, first: Int) -> Int:
    """States of a tile of 512 that are worked on: a multiple of 16, of which those from n on are nothing."""
    left = (n - first + 15) // 16 * 16
    return left if left < 512 else 512


def join_states(
    m: Doubles, width: Int, x: Doubles, before: Doubles, last: Doubles, bar: Doubles, k: Int, blanks: Doubles,
    labels: Doubles,
) -> Int:
    """What k states and their neighbours add up to: mantissas and, 512 further, exponents.

    A blank and `x` give blanks; a label, `before` and, times 2^bar, `last` give labels: mantissas, whose exponents are
    `width` further.
    """
    e = offset(m, width)
    m2 = offset(e, width)
    e2 = offset(m2, width)
    x_e = offset(x, width)
    before_e = offset(before, width)
    last_e = offset(last, width)
    for i in range(k):
        top = e[i] if e[i] > x_e[i] else x_e[i]
        blanks[i] = m[i] * double_ratio_of(e[i] - top) + x[i] * double_ratio_of(x_e[i] - top)
        blanks[512 + i] = top
    for i in range(k):
        third = last_e[i] + bar[i]
        top = e2[i] if e2[i] > before_e[i] else before_e[i]
        top = top if top > third else third
        both = m2[i] * double_ratio_of(e2[i] - top) + before[i] * double_ratio_of(before_e[i] - top)
        labels[i] = both + last[i] * double_ratio_of(third - top)
        labels[512 + i] = top
    return 0


def times_blank(sums: Doubles, k: Int, y: Double, exponent: Double, m: Doubles, e: Doubles) -> Int:
    """Write k states of blanks, times the probability of the blank."""
    low = nothing()
    for i in range(k):
        sum = sums[512 + i] + exponent
        m[i] = sums[i] * y
        e[i] = sum if sum > low else low
    return 0


def times_labels(sums: Doubles, k: Int, y: Doubles, exponents: Doubles, m: Doubles, e: Doubles) -> Int:
    """Write k states of labels, times the probabilities of the labels."""
    low = nothing()
    for i in range(k):
        sum = sums[512 + i] + exponents[i]
        m[i] = sums[i] * y[i]
        e[i] = sum if sum > low else low
    return 0


@apart
def powers(scores: Reals, top: Double, n: Int, width: Int, y: Doubles) -> Int:
    """What a step says of n labels: e^(score - top), mantissas in a column and exponents in the next."""
    exponents = offset(y, width)
    for i in range((n + 15) // 16 * 16):
        below = double(scores[i]) - top
        y[i] = double_exp_mantissa(below)
        exponents[i] = double_exp_exponent(below)
    return 0


def rule_out(row: Doubles, at: Int, width: Int) -> Int:
    """A place of a row of states, of blank and label, where nothing is."""
    row[at] = double(1.0)
    row[width + at] = nothing()
    row[2 * width + at] = double(1.0)
    row[3 * width + at] = nothing()
    return 0


@apart
def step_on(row: Doubles, y: Doubles, bar: Doubles, n: Int, width: Int, following: Doubles) -> Int:
    """The next row of states: a state is reached from itself, the one before, or past a blank the one before that."""
    blanks = stack_doubles(1024)
    labels = stack_doubles(1024)
    rule_out(row, -1, width)
    for first in range(0, n, 512):
        k = states_of_tile(n, first)
        m = offset(row, first)
        m2 = offset(m, 2 * width)
        join_states(m, width, m2, offset(m, -1), offset(m2, -1), offset(bar, first), k, blanks, labels)
        out = offset(following, first)
        times_blank(blanks, k, y[0], y[width], out, offset(out, width))
        out = offset(out, 2 * width)
        times_labels(labels, k, offset(y, first), offset(y, width + first), out, offset(out, width))
    return 0


def weigh_blanks(m: Doubles, width: Int, sums: Doubles, k: Int, share: Double, exponent: Double, post: Doubles) -> Int:
    """Add k posteriors of the blank, times what makes slopes of them, in sixteen lanes."""
    e = offset(m, width)
    for i in range(k):
        power = e[i] + sums[512 + i] - exponent
        both = m[i] * sums[i] * share * double_ratio_of(power)
        sums[i] = both if power > double(-1000.0) else double(0.0)
    for first in range(0, k, 16):
        part = offset(sums, first)
        for i in range(16):
            post[i] = post[i] + part[i]
    return 0


def weigh_labels(m: Doubles, width: Int, sums: Doubles, k: Int, share: Double, exponent: Double, post: Doubles) -> Int:
    """k posteriors of labels, times what makes slopes of them."""
    e = offset(m, width)
    for i in range(k):
        power = e[i] + sums[512 + i] - exponent
        both = m[i] * sums[i] * share * double_ratio_of(power)
        post[i] = both if power > double(-1000.0) else double(0.0)
    return 0


def take_labels(post: Doubles, classes: Ints, begin: Int, end: Int, g: Reals, stride: Int) -> Int:
    """Take posteriors off the slopes of their classes."""
    for i in range(begin, end):
        at = classes[i] * stride
        g[at] = g[at] - real(post[i])
    return 0


@apart
def step_back(
    row: Doubles, ahead: Doubles, y: Doubles, bar: Doubles, n: Int, width: Int, share: Double, exponent: Double,
    classes: Ints, g: Reals, stride: Int,
) -> Int:
    """Take the posteriors of a step off its slopes; `ahead` then begins one step earlier.

    `row` are the probabilities of getting to each state, `ahead` those of what follows, the step of the state included.
    """
    blanks = stack_doubles(1024)
    labels = stack_doubles(1024)
    post = stack_doubles(512)
    lanes = stack_doubles(32)
    clear(lanes)
    for first in range(0, n, 512):
        k = states_of_tile(n, first)
        m = offset(ahead, first)
        m2 = offset(m, 2 * width)
        join_states(m, width, offset(m2, 1), m, offset(m2, 1), offset(bar, first + 1), k, blanks, labels)
        times_blank(blanks, k, y[0], y[width], m, offset(m, width))
        times_labels(labels, k, offset(y, first), offset(y, width + first), m2, offset(m2, width))
        m = offset(row, first)
        weigh_blanks(m, width, blanks, k, share, exponent, lanes)
        weigh_labels(offset(m, 2 * width), width, labels, k, share, exponent, post)
        # the first label is none
        take_labels(post, offset(classes, first), 0 if first > 0 else 1, n - first if n - first < k else k, g, stride)
    at = classes[0] * stride
    g[at] = g[at] - real(fold(lanes))
    return 0


@apart
def renew(row: Doubles, n: Int, width: Int, out: Doubles) -> Int:
    """Copy a row of states, with mantissas near 1."""
    for half in range(2):
        m = offset(row, 2 * half * width)
        e = offset(m, width)
        new = offset(out, 2 * half * width)
        exponents = offset(new, width)
        for i in range((n + 15) // 16 * 16):
            x = m[i]
            exponents[i] = e[i] + exponent_of(x)
            new[i] = mantissa_of(x)
    return 0


@apart
def impossible_states(row: Doubles, width: Int) -> Int:
    """A row of states none of which can be."""
    for half in range(2):
        for i in range(width):
            row[2 * half * width + i] = double(1.0)
            row[2 * half * width + width + i] = nothing()
    return 0


def scratch_part(c: Ints, block: Int, column: Int) -> Doubles:
    """A column of the scratch of a block.

    0 is what bars the way past a blank. From 1 on there is a row of states of what follows, then for each step of a
    stretch its probabilities in two columns, then one row more than it has steps; then the rows that are kept.
    """
    return offset(doubles(array_data(c[24])), block * c[25] + column * c[14])


def step_part(c: Ints, block: Int, t: Int) -> Doubles:
    """The scratch for the probabilities of a step."""
    return scratch_part(c, block, 5 + 2 * (t % c[26]))


def row_part(c: Ints, block: Int, place: Int) -> Doubles:
    """The scratch for a row of states of a stretch."""
    return scratch_part(c, block, 5 + 2 * c[26] + 4 * place)


def kept_part(c: Ints, block: Int, stretch: Int) -> Doubles:
    """The scratch for the first row of a stretch."""
    return scratch_part(c, block, 9 + 6 * c[26] + 4 * stretch)


def tops_of(c: Ints, block: Int) -> Doubles:
    """The scratch after the columns: what is taken off the scores of each step."""
    return offset(doubles(array_data(c[24])), (block + 1) * c[25] - c[13])


def lines_of(c: Ints, block: Int) -> Reals:
    """The scratch for two steps of all classes."""
    return offset(reals(array_data(c[22])), block * c[23])


def scores_of_step(c: Ints, block: Int, t: Int) -> Reals:
    """The scratch for the scores of the labels: of all steps if there is a gradient, else of a stretch."""
    return offset(lines_of(c, block), 2 * c[2] + (t if c[4] == 1 else t % c[26]) * c[14])


@apart
def begin_states(c: Ints, block: Int, classes: Ints, n: Int) -> Int:
    """The row before the first step, the row after the last, and where a blank cannot be left out."""
    width = c[14]
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


@apart
def run_stretch(c: Ints, block: Int, first: Int, stop: Int, n: Int) -> Int:
    """The rows of states of a stretch, from what was kept of its beginning."""
    bar = scratch_part(c, block, 0)
    renew(kept_part(c, block, first // c[26]), n, c[14], row_part(c, block, 0))
    for t in range(first, stop):
        y = step_part(c, block, t)
        powers(scores_of_step(c, block, t), tops_of(c, block)[t], n, c[14], y)
        row = row_part(c, block, t - first)
        following = offset(row, 4 * c[14])
        step_on(row, y, bar, n, c[14], following)
        if (t - first) % 32 == 31:
            renew(following, n, c[14], following)
    return 0


def likelihood(row: Doubles, n: Int, width: Int, end: Doubles) -> Int:
    """The probability of ending in the last blank or the last label: its mantissa and its exponent."""
    e = row[width + n - 1]
    f = row[3 * width + n - 1]
    top = e if e > f else f
    end[0] = row[n - 1] * double_ratio_of(e - top) + row[2 * width + n - 1] * double_ratio_of(f - top)
    end[1] = top
    return 0


@apart
def forward(
    c: Ints, block: Int, sequence: Int, steps: Int, n: Int, classes: Ints, factor: Double, end: Doubles
) -> Double:
    """The loss of a sequence, from the first step to the last. The gradient is left as if nothing were aligned."""
    rest = double(0.0)
    first = 0
    while first < steps:
        stop = first + c[26] if first + c[26] < steps else steps
        for t in range(first, stop):
            scores = scores_of_step(c, block, t)
            top = offset(tops_of(c, block), t)
            rest = rest + read_step(c, t, sequence, classes, n, factor, scores, top, lines_of(c, block))
        run_stretch(c, block, first, stop, n)
        renew(row_part(c, block, stop - first), n, c[14], kept_part(c, block, first // c[26] + 1))
        first = stop
    likelihood(kept_part(c, block, (steps + c[26] - 1) // c[26]), n, c[14], end)
    value = rest - (double_log(end[0]) + end[1] * double_log(double(2.0)))
    if end[1] + end[1] < nothing() and rest == rest:
        value = double(1e999)
    return value


@apart
def backward(
    c: Ints, block: Int, sequence: Int, steps: Int, n: Int, classes: Ints, factor: Double, end: Doubles
) -> Int:
    """From the last step to the first: how probable the labels are, taken off the gradient."""
    ahead = scratch_part(c, block, 1)
    bar = scratch_part(c, block, 0)
    share = factor / end[0]
    stop = steps
    while stop > 0:
        first = (stop - 1) // c[26] * c[26]
        if stop < steps or first > 0:
            run_stretch(c, block, first, stop, n)
        for i in range(stop - first):
            t = stop - 1 - i
            row = row_part(c, block, t - first + 1)
            g = offset(reals(array_data(c[12])), t * c[8] + sequence * c[9])
            step_back(row, ahead, step_part(c, block, t), bar, n, c[14], share, end[1], classes, g, c[10])
            if i % 32 == 31:
                renew(ahead, n, c[14], ahead)
        stop = first
    return 0


def clear_steps(c: Ints, sequence: Int, first: Int, stop: Int) -> Int:
    """Exact zeros in the gradient from one step to another."""
    g = offset(reals(array_data(c[12])), first * c[8] + sequence * c[9])
    return clear_rows(stop - first, c[8], c[2], c[10], g)


@apart
def fill_steps(c: Ints, sequence: Int, steps: Int, value: Real) -> Int:
    """The same slope everywhere."""
    for t in range(steps):
        g = offset(reals(array_data(c[12])), t * c[8] + sequence * c[9])
        for j in range(c[2]):
            g[j * c[10]] = value
    return 0


@apart
def one_sequence(c: Ints, block: Int, sequence: Int) -> Int:
    """Loss and gradient of a sequence; one that is not to be computed gets a gradient of zeros and keeps its loss."""
    end = stack_doubles(2)
    steps = ints(array_data(c[17]))[sequence]
    n = ints(array_data(c[18]))[sequence] + 1
    classes = offset(ints(array_data(c[15])), ints(array_data(c[19]))[sequence])
    factor = doubles(array_data(c[20]))[sequence]
    losses = doubles(array_data(c[21]))
    used = steps if steps > 0 else 0
    if c[4] == 1:
        clear_steps(c, sequence, used, c[13])
    if steps < 0:
        return 0
    begin_states(c, block, classes, n)
    loss = forward(c, block, sequence, steps, n, classes, factor, end)
    losses[sequence] = loss
    if c[4] == 1:
        if loss != loss:
            fill_steps(c, sequence, steps, real(loss))
        elif loss == double(1e999):
            clear_steps(c, sequence, 0, steps)
        else:
            backward(c, block, sequence, steps, n, classes, factor, end)
    return 0


def sequence_block(c: Ints, partial: Result, block: Int) -> Int:
    """Every c[1]-th sequence of the order."""
    begin_block(partial)
    order = ints(array_data(c[16]))
    k = block
    while k < c[0]:
        one_sequence(c, block, order[k])
        k = k + c[1]
    return 0
