"""Headers of rows of scores of tokens."""

from __future__ import annotations

from dataclasses import dataclass

from .structs import Double, Header, Int


@dataclass
class Tokens(Header):
    """Rows of scores side by side, of so many classes, each with a label or -1.

    `largest`: how many of the largest scores of a row are wanted. `kind` and `other_kind` are those of two arrays of
    scores. All others are array objects: scores and labels, and what is written for each row: the logarithm of the
    label's probability, the entropy, the rank of the label, the classes of the largest scores with the logarithms of
    their probabilities, and of each row its largest score with what the sum of all powers is more than its power, as a
    part of that. Besides the scores of a reference with these two of its rows, and the divergence from it and to it.
    What may be 0 is not asked: entropies, ranks, tops with rests, and all of the reference.
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
    tops: Int
    rests: Int
    others: Int
    other_kind: Int
    other_tops: Int
    other_rests: Int
    kls: Int
    reverse_kls: Int


@dataclass
class TokenRow(Header):
    """What is known of a row: its largest score, that of the label, and how many scores are above it; the term of the
    largest, the sum of all others and of their products with the distance from it, both as parts of that term."""

    top: Double
    score: Double
    above: Double
    own: Double
    rest: Double
    spread: Double


@dataclass
class TokenPair(Header):
    """A row beside that of a reference: of the latter the largest score and the rest, as in `Tokens`; the difference of
    the logarithms of both sums of powers, and the means of what tokens_compared.py adds up."""

    top: Double
    rest: Double
    centre: Double
    rise: Double
    curve: Double
    turn: Double
