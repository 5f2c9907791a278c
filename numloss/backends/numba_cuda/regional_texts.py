"""The regional family, pixel by pixel: probabilities, labels and targets, as functions for the device.

The formulas are those of numloss/loops/regional.py. A block belongs to one sample, so that no address needs a
division. Header of the problem c, in integers:

    0 address of the sums, of float64 (blocks, classes, 3)   1 pixels of a block   2 address of the partial results
    3 blocks of a sample   4 pixels of a sample   5 classes   6 a label is ignored   7 which
    8 pred   14 target   20 gradient: address, dtype, bytes from one to the next in samples, classes and pixels, and
    a layout of the pixels of all samples, or 0
    26 labels: an operand over the pixels of all samples, as in reading.py
    29, 30, 31 addresses of the slopes of tp, fp and fn   32 slopes from one sample to the next
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import rowwise_parts
from . import blocks, jit, reading
from .elementwise_codegen import key

PRED, TARGET, GRADIENT, LABELS, SLOPES = 8, 14, 20, 26, 29
INTEGERS = 33
# How probabilities are made, as in numloss/backends/host/regional.py.
SIGMOID, SOFTMAX = 1, 2
BAD_TARGET = 1


def probability_texts(activation: int, dtype: str) -> dict[str, Any]:
    """Where a pixel lies, and its probabilities."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    reals, place = words["reals"], reading.operand_texts(words, jit.jitable)["place"]
    exp_below, round_shift = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.round_shift, dtype)
    sigmoid, base_of = jit.typed(scalar.sigmoid, dtype), jit.of_loop(rowwise_parts.base_of, dtype)
    zero, one = number(0.0), number(1.0)

    @jit.jitable
    def pixel_of(c, k, sample, i):  # type: ignore[no-untyped-def]
        """Address of the first class of a pixel of the array at c[k]."""
        if c[k + 5] != 0:
            return c[k] + place(c[k + 5], sample * c[4] + i)
        return c[k] + sample * c[k + 2] + i * c[k + 4]

    @jit.jitable
    def power(z, top):  # type: ignore[no-untyped-def]
        """The exponential of a score, divided by what those of all classes of its pixel are divided by."""
        base = base_of(top)
        return exp_below(z - base, round_shift(top - base))

    @jit.jitable
    def statistics(c, x):  # type: ignore[no-untyped-def]
        """Of a pixel the largest score, 1 / sum of the powers, and 1 - p with all its digits where p is largest."""
        top, inverse, rest = zero, one, zero
        if activation == SOFTMAX:
            top, tops = reals(x)[0], zero
            for j in range(1, c[5]):
                z = reals(x + j * c[PRED + 3])[0]
                if z > top:
                    top = z
            for j in range(c[5]):
                z = reals(x + j * c[PRED + 3])[0]
                if z == top:
                    tops += one
                else:
                    rest += power(z, top)
            own = power(top, top)
            inverse = one / (rest + tops * own)
            rest = (rest + (tops - one) * own) * inverse
        return top, inverse, rest

    @jit.jitable
    def probability(c, x, j, known):  # type: ignore[no-untyped-def]
        """p of class j, and 1 - p with all its digits, from the statistics of the pixel."""
        z = reals(x + j * c[PRED + 3])[0]
        if activation == SIGMOID:
            return sigmoid(z), sigmoid(-z)
        if activation == SOFTMAX:
            top, inverse, rest = known
            p = power(z, top) * inverse
            return p, rest if z == top else one - p
        return z, one - z

    return {"pixel_of": pixel_of, "statistics": statistics, "probability": probability}


def target_texts(labelled: bool, dtype: str) -> dict[str, Any]:
    """The label of a pixel, and how much it belongs to a class."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    operands = reading.operand_texts(words, jit.jitable)
    convert, read_label = operands["convert"], operands["read_label"]
    within, complaint = blocks.block_texts(dtype)["within"], jit.jitable(key)
    zero, one = number(0.0), number(1.0)

    @jit.jitable
    def label_of(c, pixel, first):  # type: ignore[no-untyped-def]
        """The label, -1 where the pixel counts nothing, and the first complaint."""
        label = pixel - pixel
        if labelled:
            nothing = label - 1
            label = read_label(c[LABELS], c[LABELS + 1], c[LABELS + 2], pixel)
            if c[6] == 1 and label == c[7]:
                label = nothing
            elif label < 0 or label >= c[5]:
                first = min(first, complaint(pixel, BAD_TARGET))
                label = nothing
        return label, first

    @jit.jitable
    def share_of(c, at, j, label, pixel, first):  # type: ignore[no-untyped-def]
        """The target of class j, and the first complaint."""
        if labelled:
            return one if label == j else zero, first
        t = convert(at + j * c[TARGET + 3], c[TARGET + 1], j - j)
        return t, within(t, zero, one, pixel, BAD_TARGET, first)

    return {"label_of": label_of, "share_of": share_of}
