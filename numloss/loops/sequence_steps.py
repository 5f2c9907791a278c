"""A step of a sequence: the scores of its labels, its sum of powers, and its softmax.

The header is Sequence.
"""

from __future__ import annotations

from ..scalar import round_shift
from .headers import Sequence
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    integer,
    noinline,
    offset,
    real,
    reals,
    stack_reals,
    will_need,
)
from .operands import put_apart
from .regional_tiles import side_by_side
from .rowwise_parts import base_of, clear_rows, exponentials, first_equal, tile_maximum
from .sums import tile_sum


def step_scores(c: Sequence, t: Int, sequence: Int) -> Reals:
    """The scores of a step."""
    strides = c.pred_strides
    return offset(reals(array_data(c.pred.array)), t * strides.step + sequence * strides.sequence)


def step_slopes(c: Sequence, t: Int, sequence: Int) -> Reals:
    """The gradient of a step."""
    strides = c.gradient_strides
    return offset(reals(array_data(c.gradient.array)), t * strides.step + sequence * strides.sequence)


@noinline
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


@noinline
def softmax_step(c: Sequence, z: Reals, top: Real, factor: Double, g: Reals, line: Reals) -> Double:
    """What the sum of e^(z - top) of a step is more than its largest term, as a share of that; the softmax times the
    factor is written to the gradient."""
    aside = stack_reals(1)
    aside[0] = 0.0
    place = first_equal(z, c.classes, top)
    e = g if c.gradient.array != 0 and c.gradient_strides.entry == 1 else line
    others = row_terms(z, c.classes, top, place, e, aside)
    peak = double(aside[0])
    if c.gradient.array != 0:
        share = factor / (others + peak)
        scale = real(share)
        for j in range(c.classes):
            e[j] = e[j] * scale
        e[place] = real(peak * share)
        if c.gradient_strides.entry != 1:
            put_apart(g, c.gradient_strides.entry, c.classes, e)
    return others / peak


@noinline
def read_step(
    c: Sequence, t: Int, sequence: Int, classes: Ints, n: Int, factor: Double, scores: Reals, top: Doubles, lines: Reals
) -> Double:
    """The scores of the labels of a step, and what is taken off them; what the sum of their powers is more than the
    largest, NaN if one is bad."""
    stride = c.pred_strides.entry
    x = step_scores(c, t, sequence)
    g = step_slopes(c, t, sequence) if c.gradient.array != 0 else x
    rest = double(0.0)
    top[0] = double(0.0)
    if c.from_logits == 1:
        if stride == 1 and t + 1 < c.steps:
            will_need(offset(x, c.pred_strides.step), c.classes)
        z = side_by_side(x, stride, c.classes, lines)
        highest = tile_maximum(z, c.classes)
        top[0] = double(highest)
        # before the gradient may take the place of the scores
        bad = label_scores(z, 1, classes, n, scores)
        rest = softmax_step(c, z, highest, factor, g, offset(lines, c.classes))
    else:
        bad = label_scores(x, stride, classes, n, scores)
        if c.gradient.array != 0:
            clear_rows(1, 0, c.classes, c.gradient_strides.entry, g)
    if bad > 0:
        rest = double(1e999) - double(1e999)
    return rest
