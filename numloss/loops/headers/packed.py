"""Headers of tokens in sequences."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Bounds, Operand
from .structs import Double, Header, Int


@dataclass
class Packed(Header):
    """Tokens of sequences, one behind the other: sequence s has those from `pointers[s]` to the next of them, and a
    block the sequences from `firsts[block]` to the next of those. All arrays are read as float64.

    A token weighs at most `most`, which is multiplied by `scale`, or 1 where there are no weights. `own` and `old` are
    two numbers of each token, if there is an array. Written are the `sums` of weights of sequences, and at each token,
    where there is an array, its share of its sequence, and the mean of `old - own` over the weights of its sequence.
    """

    sequences: Int
    itemsize: Int
    firsts: Int
    pointers: Int
    scale: Double
    most: Double
    weight: Operand
    own: Operand
    old: Operand
    bounds: Bounds
    sums: Int
    shares: Operand
    means: Operand


@dataclass
class Centred(Header):
    """Numbers of groups, of which group g has those from `pointers[g]` to the next of them, and a block the groups from
    `firsts[block]` to the next of those. Numbers and weights are at most `most`.

    Written to `out` is each number less the mean of its group, or with `others` of all others of it; with `scaled`
    over their deviation and `epsilon`.
    """

    groups: Int
    itemsize: Int
    firsts: Int
    pointers: Int
    others: Int
    scaled: Int
    epsilon: Double
    most: Double
    given: Operand
    weight: Operand
    out: Operand
