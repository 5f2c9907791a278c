"""The energy score of an ensemble of vectors: distances of members from the target, less those from each other."""

from __future__ import annotations

from ..scalar import sqrt
from .crps_ensemble import fair_share
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    apart,
    double,
    doubles,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
)
from .sums import add_weighted, clear, fold, tile_length

# The places of sizes and arrays in the declaration; `fair_share` reads the parameters.
MEMBERS = 0
ENTRIES = 1
PRED = 0
TARGET = 1


@apart
def differences(a: Reals, b: Reals, n: Int, out: Reals) -> Int:
    """What the entries of two vectors differ by."""
    for i in range(n):
        out[i] = a[i] - b[i]
    return 0


@noinline
def length_of(v: Reals, n: Int) -> Double:
    """The length of a vector, whose squares are those of float64."""
    total = double(0.0)
    if n < 32:
        for i in range(n):
            total = total + double(v[i]) * double(v[i])
        return sqrt(total)
    lanes = stack_doubles(32)
    clear(lanes)
    done = 0
    while done < n:
        m = tile_length(done, n)
        add_weighted(offset(v, done), offset(v, done), m, lanes)
        done = done + m
    return sqrt(fold(lanes))


@apart
def add_direction(v: Reals, n: Int, factor: Double, out: Doubles) -> Int:
    """Add a vector times a factor to slopes."""
    for i in range(n):
        out[i] = out[i] + factor * double(v[i])
    return 0


def direction(share: Double, length: Double) -> Double:
    """What a difference is multiplied by to have the length of a share; without a direction it has none."""
    return double(0.0) if length == double(0.0) else share / length


@noinline
def from_target(e: Examples, pred: Reals, y: Reals, share: Double, g: Doubles) -> Double:
    """The sum of distances of members from the target, and its slopes times a share."""
    size = e.sizes[ENTRIES]
    v = reals(e.reals)
    total = double(0.0)
    for j in range(e.sizes[MEMBERS]):
        differences(offset(pred, j * size), y, size, v)
        length = length_of(v, size)
        total = total + length
        if e.mode > 0:
            add_direction(v, size, direction(share, length), offset(g, j * size))
    return total


@noinline
def from_each_other(e: Examples, pred: Reals, share: Double, g: Doubles) -> Double:
    """The sum of distances of pairs of members; their slopes times a share are taken off."""
    size = e.sizes[ENTRIES]
    v = reals(e.reals)
    total = double(0.0)
    for j in range(1, e.sizes[MEMBERS]):
        part = double(0.0)  # sums of many are those of fewer, which lose less
        for k in range(j):
            differences(offset(pred, j * size), offset(pred, k * size), size, v)
            length = length_of(v, size)
            part = part + length
            if e.mode > 0:
                pull = direction(share, length)
                add_direction(v, size, -pull, offset(g, j * size))
                add_direction(v, size, pull, offset(g, k * size))
        total = total + part
    return total


def energy_score_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Scores, and gradients, of n ensembles of vectors."""
    count = e.sizes[MEMBERS] * e.sizes[ENTRIES]
    members = double(e.sizes[MEMBERS])
    g = doubles(e.doubles)
    share = fair_share(e)
    pairs = (double(1.0) - share) / (members * members)
    if share > double(0.0):
        pairs = pairs + share / (members * (members - double(1.0)))
    for i in range(n):
        pred = offset(reals(e.inputs[PRED]), i * count)
        y = offset(reals(e.inputs[TARGET]), i * e.sizes[ENTRIES])
        if e.mode > 0:
            for k in range(count):
                g[k] = double(0.0)
        near = from_target(e, pred, y, double(1.0) / members, g)
        doubles(e.losses)[i] = near / members - pairs * from_each_other(e, pred, pairs, g)
        if e.mode > 0:
            out = offset(reals(e.slopes[0]), i * count)
            for k in range(count):
                out[k] = real(g[k])
    return 0
