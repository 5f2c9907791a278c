"""Headers of lists, and what loops know of a rank."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Bounds, Operand
from .structs import Double, Header, Int


@dataclass
class Ranked(Header):
    """Lists of uneven length, each the rows of a group.

    `firsts`: the first group of each block and, at the end, all groups; `pointers`: where the rows of each group begin
    and, at the end, all rows; both int64. `ranks`: the pairs that count are those of the first so many ranks, 0: all.
    `efron`: ties as Efron has them, not Breslow. `counted`: a group counts the events that it has, and not 1. `bound`:
    curvatures are bounds. A row of scratch has room for `rows`. `discounts` are those of `longest` ranks. `number`: the
    option of the loss that is one, or what `event`, the third array, has everywhere where none is given.
    """

    firsts: Int
    pointers: Int
    mode: Int
    ranks: Int
    efron: Int
    counted: Int
    bound: Int
    itemsize: Int
    weighted: Int
    rows: Int
    int_scratch: Int
    real_scratch: Int
    double_scratch: Int
    discounts: Int
    longest: Int
    scale: Double
    least: Double
    number: Double
    pred: Operand
    target: Operand
    event: Operand
    weight: Operand
    values: Operand
    gradient: Operand
    curvature: Operand
    target_bounds: Bounds
    event_bounds: Bounds


@dataclass
class Discounts(Header):
    """Of ranks, in the data's dtype: first all the numbers, then what each of them lacks."""

    ranks: Int
    block: Int
    out: Int


class Rank(Header):
    """One rank of a list, whose discount is two numbers; and 1 / the best gain of the list."""

    score: Double
    gain: Double
    discount: Double
    discount_rest: Double
    sigma: Double
    share: Double


class SmoothRanks(Header):
    """How steep ranks are in distances of scores: 1 / temperature; the same in the data's dtype, and what that lacks,
    as a part of it. Of a row: slope and curvature of its loss by its rank."""

    steep: Double
    inverse: Double
    lacking: Double
    slope: Double
    bend: Double


class RiskSums(Header):
    """What a walk back through a list adds up: the largest score, the powers of all, of all but the largest.

    Of a step, as shares of all: what came after, what belongs to no event of the step, what belongs to its events.
    """

    top: Double
    total: Double
    others: Double
    after: Double
    quiet: Double
    loud: Double


class StepSums(Header):
    """Sums over the events of a step, whose k-th has the sum s = quiet + share * loud of 1."""

    inverse: Double
    shared: Double
    inverse_square: Double
    shared_square: Double
    passed: Double
    passed_square: Double
    passed_rest: Double


class Carried(Header):
    """Sums over all events so far: of y, y * y and y * (1 - y), the share of their sums that a row has in its own."""

    y: Double
    square: Double
    rest: Double
