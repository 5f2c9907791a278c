"""The regional family, pixel by pixel: probabilities, labels and targets, as functions for the device.

The formulas are those of numloss/loops/regional.py, and c is the header Regions, whose steps are in bytes here. A block
belongs to one sample, so that no address needs a division.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import rowwise_parts
from ...loops.codes import IN_ORDER, SIGMOID, SOFTMAX, TARGET_OPERAND
from . import blocks, jit, reading
from .checks import key


def probability_texts(activation: int, dtype: str) -> dict[str, Any]:
    """Where a pixel lies, and its probabilities."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    reals, shift = words["reals"], reading.texts_of(dtype)["shift"]
    exp_below, round_shift = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.round_shift, dtype)
    sigmoid, base_of = jit.typed(scalar.sigmoid, dtype), jit.of_loop(rowwise_parts.base_of, dtype)
    zero, one = number(0.0), number(1.0)

    @jit.jitable
    def pixel_of(c, o, steps, sample, i):  # type: ignore[no-untyped-def]
        """Address of the first class of a pixel of an array."""
        if o.layout != IN_ORDER:
            return o.array + shift(o.layout, sample * c.pixels + i)
        return o.array + sample * steps.outer + i * steps.inner

    @jit.jitable
    def pred_at(c, sample, i):  # type: ignore[no-untyped-def]
        return pixel_of(c, c.pred, c.pred_steps, sample, i)

    @jit.jitable
    def target_at(c, sample, i):  # type: ignore[no-untyped-def]
        return pixel_of(c, c.target, c.target_steps, sample, i)

    @jit.jitable
    def gradient_at(c, sample, i):  # type: ignore[no-untyped-def]
        return pixel_of(c, c.gradient, c.gradient_steps, sample, i)

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
            for j in range(1, c.classes):
                z = reals(x + j * c.pred_steps.classes)[0]
                if z > top:
                    top = z
            for j in range(c.classes):
                z = reals(x + j * c.pred_steps.classes)[0]
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
        z = reals(x + j * c.pred_steps.classes)[0]
        if activation == SIGMOID:
            return sigmoid(z), sigmoid(-z)
        if activation == SOFTMAX:
            top, inverse, rest = known
            p = power(z, top) * inverse
            return p, rest if z == top else one - p
        return z, one - z

    places = {"pred_at": pred_at, "target_at": target_at, "gradient_at": gradient_at}
    return places | {"statistics": statistics, "probability": probability}


def target_texts(labelled: bool, dtype: str) -> dict[str, Any]:
    """The label of a pixel, and how much it belongs to a class."""
    number = getattr(np, dtype)
    element, read_label = (reading.texts_of(dtype)[name] for name in ("element", "read_label"))
    within, complaint = blocks.block_texts(dtype)["within"], jit.jitable(key)
    zero, one = number(0.0), number(1.0)

    @jit.jitable
    def label_of(c, pixel, first):  # type: ignore[no-untyped-def]
        """The label, -1 where the pixel counts nothing, and the first complaint."""
        label = pixel - pixel
        if labelled:
            nothing = label - 1
            label = read_label(c.target, pixel)
            if c.ignores == 1 and label == c.ignored:
                label = nothing
            elif label < 0 or label >= c.classes:
                first = min(first, complaint(pixel, TARGET_OPERAND))
                label = nothing
        return label, first

    @jit.jitable
    def share_of(c, at, j, label, pixel, first):  # type: ignore[no-untyped-def]
        """The target of class j, and the first complaint."""
        if labelled:
            return one if label == j else zero, first
        t = element(at + j * c.target_steps.classes, c.target.kind, j - j)
        return t, within(t, zero, one, pixel, TARGET_OPERAND, first)

    return {"label_of": label_of, "share_of": share_of}
