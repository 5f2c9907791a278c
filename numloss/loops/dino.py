"""Cross-entropy of a student and a teacher of logits, each at its temperature, the teacher's less those of a centre.

Distances from the largest logit are taken in float64, since a sharp temperature multiplies what they lose. The class
that the student finds most likely is left out of sums, so that both may be as sure as they like.
"""

from __future__ import annotations

from ..scalar import decay
from .headers import Examples, Result
from .language import Double, Int, Real, Reals, apart, double, double_log1p, doubles, noinline, offset, real, reals
from .sums import tile_length, values_sum

# The places of sizes, arrays and parameters in the declaration.
CLASSES = 0
STUDENT = 0
TEACHER = 1
CENTER = 2
STUDENT_TEMPERATURE = 0
TEACHER_TEMPERATURE = 1


@noinline
def place_of_most(x: Reals, center: Reals, centred: Int, n: Int) -> Int:
    """Where the largest of n logits is, less those of a centre if there is one."""
    place = 0
    top = double(-1e999)
    for k in range(n):
        own = double(x[k]) - (double(center[k]) if centred == 1 else double(0.0))
        if own > top:
            top = own
            place = k
    return place


@apart
def powers_of_own(x: Reals, n: Int, top: Double, inverse: Double, e: Reals) -> Int:
    """The exponentials of n logits less the largest, over a temperature."""
    for k in range(n):
        e[k] = decay(real((top - double(x[k])) * inverse))
    return 0


@apart
def powers_of_centred(x: Reals, center: Reals, n: Int, top: Double, inverse: Double, e: Reals) -> Int:
    """The same of logits less those of a centre."""
    for k in range(n):
        e[k] = decay(real((top - (double(x[k]) - double(center[k]))) * inverse))
    return 0


@apart
def weighed_gaps(x: Reals, q: Reals, n: Int, top: Real, found: Reals) -> Int:
    """How far n logits are below the largest, times weights; what has none counts nothing."""
    for k in range(n):
        far = q[k] * (top - x[k])
        found[k] = far if q[k] > 0.0 or q[k] != q[k] else 0.0
    return 0


@noinline
def total_of(x: Reals, n: Int) -> Double:
    """The sum of n numbers."""
    total = double(0.0)
    done = 0
    while done < n:
        m = tile_length(done, n)
        total = total + values_sum(offset(x, done), m)
        done = done + m
    return total


@noinline
def total_beside(x: Reals, place: Int, n: Int) -> Double:
    """The sum of n numbers but one."""
    own = x[place]
    x[place] = 0.0
    total = total_of(x, n)
    x[place] = own
    return total


@noinline
def one_pair(e: Examples, i: Int) -> Int:
    """The loss of an example, and its gradient."""
    n = e.sizes[CLASSES]
    x = offset(reals(e.inputs[STUDENT]), i * n)
    y = offset(reals(e.inputs[TEACHER]), i * n)
    center = reals(e.inputs[CENTER])
    centred = 1 if e.inputs[CENTER] != 0 else 0
    inverse = double(1.0) / e.params[STUDENT_TEMPERATURE]
    sharp = double(1.0) / e.params[TEACHER_TEMPERATURE]
    p = reals(e.reals)
    q = offset(p, n)
    found = offset(q, n)
    pivot = place_of_most(x, x, 0, n)
    most = place_of_most(y, center, centred, n)
    powers_of_own(x, n, double(x[pivot]), inverse, p)
    if centred == 1:
        powers_of_centred(y, center, n, double(y[most]) - double(center[most]), sharp, q)
    else:
        powers_of_own(y, n, double(y[most]), sharp, q)
    others = total_beside(p, pivot, n) + (double(p[pivot]) - double(1.0))
    whole = double(1.0) / (total_beside(q, most, n) + double(q[most]))
    weighed_gaps(x, q, n, x[pivot], found)
    doubles(e.losses)[i] = double_log1p(others) + total_of(found, n) * whole * inverse
    if e.mode > 0:
        g = offset(reals(e.slopes[0]), i * n)
        share = inverse / (double(1.0) + others)
        own = whole * inverse
        # of a class that both are sure of p - q may be nothing: what it lacks, and what the others have
        aside = total_beside(q, pivot, n) * own - share * others
        for k in range(n):
            g[k] = real(double(p[k]) * share - double(q[k]) * own)
        g[pivot] = real(aside)
    return 0


def dino_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples."""
    for i in range(n):
        one_pair(e, i)
    return 0
