"""Headers of rows of scores of tokens."""

from __future__ import annotations

from dataclasses import dataclass

from .structs import Double, Header, Int


@dataclass
class Tokens(Header):
    """Rows of scores side by side, of so many classes, each with a label or -1.

    `largest`: how many of the largest scores of a row are wanted. All others are array objects: scores and labels, and
    what is written for each row: the logarithm of the label's probability, the entropy, the rank of the label, and the
    classes of the largest scores with the logarithms of their probabilities.
    """

    rows: Int
    block: Int
    classes: Int
    kind: Int
    itemsize: Int
    largest: Int
    scores: Int
    labels: Int
    label_logs: Int
    entropies: Int
    ranks: Int
    ids: Int
    logs: Int


@dataclass
class TokenRow(Header):
    """What is known of a row: its largest score, that of the label, and how many scores are above it; the sum of all
    terms but one of the largest, and of their products with the distance from it, both as parts of that term."""

    top: Double
    score: Double
    above: Double
    rest: Double
    spread: Double
