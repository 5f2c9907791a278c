"""Headers of sequences."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Operand
from .structs import Double, Header, Int


@dataclass
class SequenceStrides(Header):
    """From step to step, from sequence to sequence, from class to class."""

    step: Int
    sequence: Int
    entry: Int


@dataclass
class Sequence(Header):
    """Sequences of classes and their labels; a block takes every `blocks`-th of them in the `order`.

    Of each sequence: `used` steps, -1 if only zeros are written, `counts` labels, `starts` of its blank and labels in
    `labels`, all int64; in float64 the `factors` of its slopes, and its loss. `offsets`, float64: what is added to the
    log-probability of each entry of `labels`, and 16 more. Scratch of a block: `line_size` numbers of the data's dtype,
    `state_size` in float64. `width`: entries of a column of states; `stretch`: steps of which all states are kept.
    """

    sequences: Int
    blocks: Int
    steps: Int
    classes: Int
    from_logits: Int
    width: Int
    stretch: Int
    line_size: Int
    state_size: Int
    order: Int
    used: Int
    counts: Int
    starts: Int
    labels: Int
    offsets: Int
    factors: Int
    losses: Int
    lines: Int
    states: Int
    pred: Operand
    pred_strides: SequenceStrides
    gradient: Operand
    gradient_strides: SequenceStrides


class Power(Header):
    """A number as a mantissa and an exponent of 2."""

    mantissa: Double
    exponent: Double
