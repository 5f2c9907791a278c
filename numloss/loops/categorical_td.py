"""Categorical distributions of returns, held to that of the next state: moved, shrunk, and shared out among the atoms.

Where an atom of the next state comes to lie is computed in float64, and so are the shares of the two atoms beside it.
The rest is a cross-entropy, whose largest class is left out of the sum and comes back through log1p.
"""

from __future__ import annotations

from .entropy import other_powers, place_of_top
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    double,
    double_log1p,
    doubles,
    integer,
    noinline,
    offset,
    real,
    reals,
)

# The places of sizes, arrays and parameters in the declaration; the projection alone has one array less before them.
ATOMS = 0
PRED = 0
NEXT_PROBABILITIES = 1
REWARD = 2
DONE = 3
DISCOUNT = 0
LOW = 1
HIGH = 2


def between_ends(x: Double, low: Double, high: Double) -> Double:
    """x, or the end that it is beyond."""
    x = x if x < high else high
    return x if x > low else low


@noinline
def project(e: Examples, p: Reals, n: Int, reward: Double, share: Double, wanted: Doubles) -> Int:
    """Share out what the atoms of the next state have, which lie at the reward and a share of where they lay."""
    low = e.params[LOW]
    high = e.params[HIGH]
    steps = double(n - 1)
    for k in range(n):
        wanted[k] = double(0.0)
    for k in range(n):
        atom = low + (high - low) * double(k) / steps
        at = (between_ends(reward + share * atom, low, high) - low) * steps / (high - low)
        at = between_ends(at, double(0.0), steps)
        lower = integer(at)
        lower = lower if lower < n - 1 else n - 2
        part = at - double(lower)
        mass = double(p[k])
        wanted[lower] = wanted[lower] + mass * (double(1.0) - part)
        wanted[lower + 1] = wanted[lower + 1] + mass * part
    return 0


def remaining(e: Examples, done: Real) -> Double:
    """What the next state counts."""
    return e.params[DISCOUNT] * (double(1.0) - double(done))


@noinline
def one_return(e: Examples, i: Int) -> Int:
    """The loss of an example, and its gradient."""
    n = e.sizes[ATOMS]
    x = offset(reals(e.inputs[PRED]), i * n)
    terms = reals(e.reals)
    wanted = doubles(e.doubles)
    reward = double(reals(e.inputs[REWARD])[i])
    share = remaining(e, reals(e.inputs[DONE])[i])
    project(e, offset(reals(e.inputs[NEXT_PROBABILITIES]), i * n), n, reward, share, wanted)
    pivot = place_of_top(x, n)
    top = x[pivot]
    others = other_powers(x, n, 1.0, offset(terms, n), terms)
    rest = double_log1p(others)
    mass = double(0.0)
    beside = double(0.0)
    cross = double(0.0)
    for k in range(n):
        mass = mass + wanted[k]
        beside = beside + (wanted[k] if k != pivot else double(0.0))
        behind = double(top) - double(x[k])
        cross = cross + (wanted[k] * behind if wanted[k] > double(0.0) else double(0.0))
    doubles(e.losses)[i] = mass * rest + cross
    if e.mode > 0:
        g = offset(reals(e.slopes[0]), i * n)
        scale = mass / (double(1.0) + others)
        for k in range(n):
            g[k] = real(scale * double(terms[k]) - wanted[k])
        # what its probability lacks, and all other targets: of a sure atom p - q may be nothing
        g[pivot] = real(beside - scale * others)
    return 0


def categorical_td_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples."""
    for i in range(n):
        one_return(e, i)
    return 0


def categorical_projection_examples(e: Examples, partial: Result, n: Int) -> Int:
    """The targets alone of n examples, in place of gradients."""
    atoms = e.sizes[ATOMS]
    wanted = doubles(e.doubles)
    for i in range(n):
        reward = double(reals(e.inputs[REWARD - 1])[i])
        share = remaining(e, reals(e.inputs[DONE - 1])[i])
        project(e, offset(reals(e.inputs[NEXT_PROBABILITIES - 1]), i * atoms), atoms, reward, share, wanted)
        targets = offset(reals(e.slopes[0]), i * atoms)
        for k in range(atoms):
            targets[k] = real(wanted[k])
        doubles(e.losses)[i] = double(0.0)
    return 0
