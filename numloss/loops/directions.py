"""Directions of vectors inside of an example, and the way of their slopes back to the vectors."""

from __future__ import annotations

from .crps_ensemble import score
from .energy_score import length_of
from .language import Double, Doubles, Int, Reals, apart, double, noinline, offset, real


@apart
def scaled_vector(x: Reals, n: Int, factor: Double, out: Reals) -> Int:
    """A vector times a factor, rounded once."""
    for j in range(n):
        out[j] = real(double(x[j]) * factor)
    return 0


@noinline
def largest_entry(x: Reals, n: Int) -> Double:
    """The largest of n absolute values."""
    top = double(0.0)
    for j in range(n):
        own = double(abs(x[j]))
        if own > top:
            top = own
    return top


@noinline
def direction_of(x: Reals, n: Int, out: Reals) -> Double:
    """A vector over its length, and the inverse of that; 0 where there is no length."""
    length = length_of(x, n)
    unit = double(1.0)
    large = double(1e30) * double(1e30)
    large = large * large
    if length > large or length * large < double(1.0):
        # squares overflow or vanish: once more in units of the largest entry
        inverse = double(1.0) / largest_entry(x, n)
        if inverse > double(0.0) and inverse < double(1e999):
            unit = inverse
            scaled_vector(x, n, unit, out)
            length = length_of(out, n)
    inverse = double(0.0) if length == double(0.0) else unit / length
    scaled_vector(x, n, inverse, out)
    return inverse


@noinline
def directions_of(x: Reals, rows: Int, n: Int, out: Reals, inverses: Doubles) -> Int:
    """Vectors over their lengths, and the inverses of these."""
    for i in range(rows):
        inverses[i] = direction_of(offset(x, i * n), n, offset(out, i * n))
    return 0


@apart
def turned_slopes(u: Reals, n: Int, along: Double, inverse: Double, g: Reals) -> Int:
    """Slopes by a vector from those by its direction."""
    for j in range(n):
        g[j] = real(inverse * (double(g[j]) - along * double(u[j])))
    return 0


@noinline
def turn_to_vectors(u: Reals, inverses: Doubles, rows: Int, n: Int, g: Reals) -> Int:
    """Take slopes by directions to the vectors."""
    for i in range(rows):
        own = offset(u, i * n)
        slopes = offset(g, i * n)
        turned_slopes(own, n, score(own, slopes, n), inverses[i], slopes)
    return 0


@apart
def narrowed(x: Doubles, n: Int, out: Reals) -> Int:
    """Sums in float64, rounded once."""
    for j in range(n):
        out[j] = real(x[j])
    return 0
