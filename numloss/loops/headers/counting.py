"""Headers of what is counted for metrics."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Operand
from .structs import Double, Header, Int


@dataclass
class Scored(Header):
    """Scores of `bits` bits with labels 0 and 1, whose order is that of integers: sixteen leading bits and a rest.

    `counts` are two numbers for each pattern of the leading bits. Keys are of scores from `least` to `most`: a key is
    (v - low) * span + the next bits of the rest, then the label; v is the leading bits times `scale` with what of the
    rest is above `unit`, and `drop` what is left out below.
    """

    elements: Int
    bits: Int
    itemsize: Int
    scores: Int
    labels: Operand
    counts: Int
    least: Double
    most: Double
    scale: Int
    unit: Int
    drop: Int
    span: Int
    low: Int
    keys: Int


@dataclass
class Walk(Header):
    """Counts of labels 0 and 1 in the order of their scores, or keys of them, in so many cells.

    `below` are the numbers of labels 0 and 1 below each cell, or below the first one; `negatives` and `positives`
    those of all. `wins` and `parts` are what each cell leaves, two and four numbers. `ends` are where the keys of cells
    end, or those of both labels, `scratch` room for `SCRATCH` integers, `into` where keys are put in the order of their
    cells, and `room` for how many of them.
    """

    elements: Int
    bits: Int
    cells: Int
    span: Int
    negatives: Int
    positives: Int
    numbers: Int
    below: Int
    wins: Int
    parts: Int
    ends: Int
    scratch: Int
    into: Int
    room: Int


@dataclass
class WeightedWalk(Header):
    """Keys of `bits` bits in their order, of rows with weights, in so many cells, which end at `ends`.

    Keys of 32 bits have the places of their rows behind them, those of 64 beside them. `rows` are integers of 32 bits,
    `stride` of them a row, the last two its weight. `below` are the numbers of labels 0 and 1 below each cell, each
    with both sums of weights behind it, `all_of` those of all. `wins` and `parts` are what each cell leaves: one and
    four numbers.
    """

    bits: Int
    cells: Int
    keys: Int
    places: Int
    rows: Int
    stride: Int
    ends: Int
    below: Int
    all_of: Int
    wins: Int
    parts: Int


@dataclass
class Cuts(Header):
    """Scores, cuts in order, so many as `count`, and where the number of each score's cell is put."""

    elements: Int
    block: Int
    scores: Int
    cuts: Int
    count: Int
    cells: Int


@dataclass
class Chosen(Header):
    """Scores of classes with a label: what is chosen, and how many classes come before the label."""

    rows: Int
    classes: Int
    itemsize: Int
    block: Int
    scores: Int
    labels: Operand
    chosen: Int
    before: Int
