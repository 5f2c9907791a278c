"""Targets of rows that are numbers: the classes are bins of a line, and each has a share of the number.

PLACED: the classes are points from `low` to `high`, and both neighbours of the number share it by how near they are.
SPREAD: the classes are bins between `low` and `high`, and each has what a normal distribution about the number has
there, of all that it has between these. Where a number lies, counted in classes, is known in float64, and what lies
beyond an end counts as the end. The parameters of the loss are low, high, infinite for the number of steps beyond low;
and how the points are spaced, or how wide the distribution is, in bins.
"""

from __future__ import annotations

from ..scalar import erf, erfc
from .codes import PLACED, SYMEXP
from .headers import Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    apart,
    array_data,
    double,
    double_exp,
    double_log1p,
    integer,
    noinline,
    real,
    stack_reals,
)
from .operands import convert, item_size
from .sums import sixteens


def squeezed(x: Double) -> Double:
    """sign(x) log(1 + |x|)."""
    return double_log1p(x) if x > double(0.0) else double(0.0) - double_log1p(double(0.0) - x)


def stretched(x: Double) -> Double:
    """sign(x) (e^|x| - 1)."""
    return double_exp(x) - double(1.0) if x > double(0.0) else double(1.0) - double_exp(double(0.0) - x)


def held(place: Double, most: Double) -> Double:
    """A place between 0 and the highest."""
    place = place if place < most else most
    return place if place > double(0.0) else double(0.0)


def line_place(c: Rowwise, number: Double) -> Double:
    """Where a number lies among the classes: points are 0, 1, ...; bins end there."""
    points = c.target_kind == PLACED
    steps = double(c.classes - 1) if points else double(c.classes)
    low = c.params[0]
    high = c.params[1] if c.params[1] < double(1e999) else low + steps
    spacing = c.params[2] if points else double(0.0)
    beyond = (number if spacing == double(0.0) else squeezed(number)) - low
    place = held(beyond * steps / (high - low), steps)
    if spacing != double(SYMEXP) or steps <= double(0.0):
        return place
    # the points are powers, and a number between two of them lies where it lies between their powers
    below = double(integer(place)) if place < steps else steps - double(1.0)
    step = (high - low) / steps
    left = stretched(low + below * step)
    right = stretched(low + (below + double(1.0)) * step)
    return below + held((number - left) / (right - left), double(1.0))


def tail_beyond(edge: Real) -> Real:
    """What lies beyond an edge on its side, of a normal distribution about 0 in units of sqrt(2) of its width."""
    return 0.5 * erfc(abs(edge))


def share_between(left: Real, right: Real, left_tail: Real, right_tail: Real) -> Real:
    """What lies between two edges, from what lies beyond each of them."""
    above = left_tail - right_tail
    about = (1.0 - left_tail) - right_tail
    return above if left >= 0.0 else (-above if right <= 0.0 else about)


def inverse_width(c: Rowwise) -> Real:
    """What distances in bins are multiplied by, to be in units of sqrt(2) of the distribution's width."""
    return real(double(1.0) / (c.params[2] * double(1.4142135623730951)))


def inverse_mass(c: Rowwise, place: Double, inverse: Real) -> Real:
    """1 over what the distribution has between both ends."""
    return 2.0 / (erf(real(place) * inverse) + erf(real(double(c.classes) - place) * inverse))


@noinline
@apart
def fill_edges(at: Real, part: Real, inverse: Real, m: Int, edges: Reals) -> Int:
    """How far m edges of bins lie from a number, the first of them `at` whole bins from that below it."""
    for i in range(m):
        edges[i] = at
        at = at + 1.0
    for i in range(m):
        edges[i] = (edges[i] - part) * inverse
    return 0


@noinline
@apart
def fill_tails(edges: Reals, m: Int, tails: Reals) -> Int:
    """What lies beyond m edges."""
    for i in range(m):
        tails[i] = tail_beyond(edges[i])
    return 0


@noinline
@apart
def fill_shares(edges: Reals, tails: Reals, most: Real, n: Int, q: Reals) -> Int:
    """What lies in n bins, times a factor."""
    for i in range(n):
        q[i] = share_between(edges[i], edges[i + 1], tails[i], tails[i + 1]) * most
    return 0


@noinline
def spread_shares(c: Rowwise, place: Double, first: Int, n: Int, q: Reals) -> Int:
    """The shares of n <= 512 bins from `first` of a number that lies at a place."""
    edges = stack_reals(528)
    tails = stack_reals(528)
    lower = integer(place)
    part = real(place - double(lower))
    inverse = inverse_width(c)
    most = inverse_mass(c, place, inverse)
    # whole sixteens, of which no number is left over
    m = sixteens(n + 1)
    fill_edges(real(double(first - lower)), part, inverse, m, edges)
    fill_tails(edges, m, tails)
    fill_shares(edges, tails, most, n, q)
    return 0


@noinline
def placed_shares(place: Double, first: Int, n: Int, q: Reals) -> Int:
    """The shares of n points from `first` of a number that lies at a place."""
    lower = integer(place)
    part = place - double(lower)
    for i in range(n):
        q[i] = 0.0
    if lower >= first and lower < first + n:
        q[lower - first] = real(double(1.0) - part)
    if lower + 1 >= first and lower + 1 < first + n:
        q[lower + 1 - first] = real(part)
    return 0


@noinline
def number_at(c: Rowwise, at: Int) -> Real:
    """The target of a row that is a number."""
    number = stack_reals(1)
    convert(array_data(c.target.array) + at * item_size(c.target.kind, c.itemsize), c.target.kind, 1, 1, number)
    return number[0]


@noinline
def load_shares(c: Rowwise, at: Int, first: Int, n: Int, q: Reals) -> Int:
    """The shares of n <= 512 classes from `first` of the number that is the target of a row."""
    place = line_place(c, double(number_at(c, at)))
    if c.target_kind == PLACED:
        placed_shares(place, first, n, q)
    else:
        spread_shares(c, place, first, n, q)
    return 0
