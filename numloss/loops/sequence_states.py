"""The states of an alignment of a sequence with its labels, and a step of the walks over them.

What leads to a state is as unlikely as it likes: every probability is a mantissa and an exponent of its own, two
Doubles. A mantissa is between 2^-32 and 2^68, since it is renewed every 32 steps; an exponent of -2^52 is nothing.

There is a state for the blank before each label and after the last, and one for each label. A row of states is four
columns: mantissas and exponents of blanks, then of labels; the first label is none. A column has a multiple of 16
states, so that compilers have no rest to take one by one, and two places where nothing is, of which the last is the
one before the next column.
"""

from __future__ import annotations

from ..scalar import exponent_of, mantissa_of
from .headers import Power
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    double,
    double_exp_exponent,
    double_exp_mantissa,
    double_log,
    double_ratio_of,
    noinline,
    offset,
    real,
    stack_doubles,
)
from .sums import clear, fold


def nothing() -> Double:
    """The exponent of what cannot be."""
    return double(-4503599627370496.0)


def joined(m: Double, e: Double, other: Double, f: Double, top: Double) -> Double:
    """The mantissa of the sum of two numbers for an exponent that none of theirs is above."""
    return m * double_ratio_of(e - top) + other * double_ratio_of(f - top)


def kept_exponent(e: Double) -> Double:
    """An exponent, or that of what cannot be."""
    return e if e > nothing() else nothing()


def posterior(m: Double, e: Double, other: Double, f: Double, share: Double, total: Double) -> Double:
    """The product of two numbers and a share, less an exponent."""
    power = e + f - total
    both = m * other * share * double_ratio_of(power)
    return both if power > double(-1000.0) else double(0.0)


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
        blanks[i] = joined(m[i], e[i], x[i], x_e[i], top)
        blanks[512 + i] = top
    for i in range(k):
        third = last_e[i] + bar[i]
        top = e2[i] if e2[i] > before_e[i] else before_e[i]
        top = top if top > third else third
        labels[i] = joined(m2[i], e2[i], before[i], before_e[i], top) + last[i] * double_ratio_of(third - top)
        labels[512 + i] = top
    return 0


def times_blank(sums: Doubles, k: Int, y: Double, exponent: Double, m: Doubles, e: Doubles) -> Int:
    """Write k states of blanks, times the probability of the blank."""
    for i in range(k):
        m[i] = sums[i] * y
        e[i] = kept_exponent(sums[512 + i] + exponent)
    return 0


def times_labels(sums: Doubles, k: Int, y: Doubles, exponents: Doubles, m: Doubles, e: Doubles) -> Int:
    """Write k states of labels, times the probabilities of the labels."""
    for i in range(k):
        m[i] = sums[i] * y[i]
        e[i] = kept_exponent(sums[512 + i] + exponents[i])
    return 0


@noinline
def powers(scores: Reals, top: Double, offsets: Doubles, n: Int, width: Int, y: Doubles) -> Int:
    """What a step says of n labels: e^(score - top + offset), mantissas in a column and exponents in the next."""
    exponents = offset(y, width)
    for i in range((n + 15) // 16 * 16):
        below = (double(scores[i]) - top) + offsets[i]
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


@noinline
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
        sums[i] = posterior(m[i], e[i], sums[i], sums[512 + i], share, exponent)
    for first in range(0, k, 16):
        part = offset(sums, first)
        for i in range(16):
            post[i] = post[i] + part[i]
    return 0


def weigh_labels(m: Doubles, width: Int, sums: Doubles, k: Int, share: Double, exponent: Double, post: Doubles) -> Int:
    """k posteriors of labels, times what makes slopes of them."""
    e = offset(m, width)
    for i in range(k):
        post[i] = posterior(m[i], e[i], sums[i], sums[512 + i], share, exponent)
    return 0


def take_labels(post: Doubles, classes: Ints, begin: Int, end: Int, g: Reals, stride: Int) -> Int:
    """Take posteriors off the slopes of their classes."""
    for i in range(begin, end):
        at = classes[i] * stride
        g[at] = g[at] - real(post[i])
    return 0


@noinline
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


@noinline
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


@noinline
def impossible_states(row: Doubles, width: Int) -> Int:
    """A row of states none of which can be."""
    for half in range(2):
        for i in range(width):
            row[2 * half * width + i] = double(1.0)
            row[2 * half * width + width + i] = nothing()
    return 0


def likelihood(row: Doubles, n: Int, width: Int, end: Power) -> Int:
    """The probability of ending in the last blank or the last label."""
    e = row[width + n - 1]
    f = row[3 * width + n - 1]
    top = e if e > f else f
    end.mantissa = joined(row[n - 1], e, row[2 * width + n - 1], f, top)
    end.exponent = top
    return 0


def loss_of(rest: Double, m: Double, e: Double) -> Double:
    """The loss of a likelihood, if the logarithms of the sums of all steps add up to `rest`; inf for none."""
    value = rest - (double_log(m) + e * double_log(double(2.0)))
    if e + e < nothing() and rest == rest:
        value = double(1e999)
    return value
