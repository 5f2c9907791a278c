"""Losses of several signals whose order is not known: the best of all assignments (permutation-invariant training).

The loss of every prediction by every target is computed once. What the last predictions cost at best depends on which
targets are left for them alone, so that sets of targets are looked at, not permutations. Of assignments that cost the
same the one is taken that gives the first prediction the first target, and so on.
"""

from __future__ import annotations

from .crps_ensemble import score
from .headers import Examples, Result
from .language import Double, Doubles, Int, Reals, apart, double, doubles, noinline, offset, real, reals
from .si_sdr import combined, signal_loss
from .sums import sixteens

# The places of sizes, arrays and parameters in the declarations.
SOURCES = 0
SAMPLES = 1
PRED = 0
TARGET = 1
ZERO_MEAN = 0
EPS = 1


def set_of(k: Int) -> Int:
    """The set that has the k-th target alone, a power of 2."""
    power = 1
    while k > 0:
        power = 2 * power
        k = k - 1
    return power


def targets_taken(taken: Int) -> Int:
    """How many targets a set of them has, whose bits they are."""
    count = 0
    while taken > 0:
        count = count + taken % 2
        taken = taken // 2
    return count


@noinline
def assign_sources(costs: Doubles, sources: Int, rest: Doubles) -> Double:
    """What the best assignment costs; `rest` of a set of targets: what the others cost."""
    sets = set_of(sources)
    rest[sets - 1] = double(0.0)
    for i in range(1, sets):
        taken = sets - 1 - i
        own = offset(costs, targets_taken(taken) * sources)
        best = double(0.0)
        found = 0
        for k in range(sources):
            if taken // set_of(k) % 2 == 0:
                cost = own[k] + rest[taken + set_of(k)]
                if found == 0 or cost < best:
                    best = cost
                found = 1
        rest[taken] = best
    return rest[0]


@noinline
def next_target(costs: Doubles, sources: Int, rest: Doubles, taken: Int) -> Int:
    """The target of the next prediction if some are taken: the first of those that cost no more than the best."""
    own = offset(costs, targets_taken(taken) * sources)
    first = -1
    for k in range(sources):
        if taken // set_of(k) % 2 == 0:
            if own[k] + rest[taken + set_of(k)] == rest[taken]:
                return k
            first = k if first < 0 else first
    # where they are NaN
    return first


@apart
def scaled_signal(x: Reals, n: Int, factor: Double, out: Reals) -> Int:
    """A signal times a number, rounded once."""
    for i in range(n):
        out[i] = real(factor * double(x[i]))
    return 0


@noinline
def squared_loss(pred: Reals, target: Reals, n: Int, share: Double, graded: Int, rest: Reals, g: Reals) -> Double:
    """The mean squared error of a signal; where it is graded its gradient, times a share. `rest`: scratch."""
    combined(pred, target, n, double(1.0), double(-1.0), double(0.0), rest)
    if graded > 0:
        scaled_signal(rest, n, double(2.0) * share / double(n), g)
    return score(rest, rest, n) / double(n)


@noinline
def source_loss(e: Examples, squared: Int, i: Int, j: Int, k: Int, graded: Int) -> Double:
    """The loss of the j-th prediction of an example by its k-th target."""
    n = e.sizes[SAMPLES]
    sources = e.sizes[SOURCES]
    pred = offset(reals(e.inputs[PRED]), (i * sources + j) * n)
    target = offset(reals(e.inputs[TARGET]), (i * sources + k) * n)
    scratch = reals(e.reals)
    g = offset(reals(e.slopes[0]), (i * sources + j) * n) if graded > 0 else scratch
    share = double(1.0) / double(sources)
    if squared == 1:
        return squared_loss(pred, target, n, share, graded, scratch, g)
    return signal_loss(pred, target, n, e.params[ZERO_MEAN], e.params[EPS], share, graded, scratch, g)


@noinline
def assigned_loss(e: Examples, squared: Int, i: Int) -> Double:
    """The mean loss of the sources of an example in their best order; its gradient."""
    sources = e.sizes[SOURCES]
    costs = doubles(e.doubles)
    rest = offset(costs, sixteens(sources * sources))
    for j in range(sources):
        for k in range(sources):
            costs[j * sources + k] = source_loss(e, squared, i, j, k, 0)
    best = assign_sources(costs, sources, rest)
    if e.mode > 0:
        taken = 0
        for j in range(sources):
            k = next_target(costs, sources, rest, taken)
            source_loss(e, squared, i, j, k, 1)
            taken = taken + set_of(k)
    return best / double(sources)


def pit_si_sdr_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Less the mean ratios in decibels, and gradients, of n examples."""
    for i in range(n):
        doubles(e.losses)[i] = assigned_loss(e, 0, i)
    return 0


def pit_mse_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Mean squared errors, and gradients, of n examples."""
    for i in range(n):
        doubles(e.losses)[i] = assigned_loss(e, 1, i)
    return 0
