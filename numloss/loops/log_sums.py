"""Logarithms of sums of exponentials of a few float64, and what follows from the distance of two such sums.

What happened is compared with what might have happened instead: with d the logarithm of the sum of the others less that
of its own, the negative log-likelihood is log(1 + e^d), and a term of the others is pushed by its share of them times
1 / (1 + e^-d), one of its own pulled by as much. No digit is lost where either of them is nearly certain.
"""

from __future__ import annotations

from ..scalar import exp
from .language import Double, Doubles, Int, Reals, apart, double, double_exp, double_log1p, noinline, real, run_sum_wide


@noinline
def largest_of(d: Doubles, n: Int) -> Double:
    """The largest of n numbers, NaN left aside."""
    top = double(-1e999)
    for i in range(n):
        top = d[i] if d[i] > top else top
    return top


@apart
def distances_from(d: Doubles, n: Int, top: Double, x: Reals) -> Int:
    """What n numbers are less than one."""
    for i in range(n):
        x[i] = real(d[i] - top)
    return 0


@apart
def exponentials_of(x: Reals, n: Int) -> Int:
    """The exponentials of n numbers, in their place."""
    for i in range(n):
        x[i] = exp(x[i])
    return 0


@noinline
def terms_below(d: Doubles, n: Int, top: Double, x: Reals) -> Double:
    """The exponentials of what n numbers are less than their largest, and their sum."""
    distances_from(d, n, top, x)
    exponentials_of(x, n)
    return run_sum_wide(x, n)


def soft(d: Double) -> Double:
    """log(1 + e^d)."""
    rest = double_log1p(double_exp(double(0.0) - d if d > double(0.0) else d))
    return d + rest if d > double(0.0) else rest


def odds_share(d: Double) -> Double:
    """1 / (1 + e^-d)."""
    e = double_exp(double(0.0) - d if d > double(0.0) else d)
    return (e if d < double(0.0) else double(1.0)) / (double(1.0) + e)


@apart
def scale_terms(x: Reals, n: Int, factor: Double, g: Reals) -> Int:
    """Terms times a factor."""
    by = real(factor)
    for i in range(n):
        g[i] = x[i] * by
    return 0
