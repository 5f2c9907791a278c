"""Dirichlet distributions, of shares or of counts, by the logarithms of their concentrations; in float64 throughout.

For a small concentration a, log gamma(a) = log gamma(1 + a) - log a, whose logarithm is what was given; and
a digamma(a) = a digamma(1 + a) - 1. Functions are taken of all entries of some examples at once.
"""

from __future__ import annotations

from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    apart,
    double,
    double_digamma,
    double_exp,
    double_lgamma,
    double_log,
    doubles,
    integer,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
)
from .sums import clear, fold

# The places of sizes, arrays and parameters in the declarations.
CLASSES = 0
PRED = 0
TARGET = 1
FULL = 0
# Up to so many factors of a rising factorial are taken one by one, eight of them in a logarithm.
MOST_FACTORS = 32


@apart
def wide_exponentials(x: Reals, n: Int, d: Doubles, a: Doubles) -> Int:
    """n logarithms in float64, and their exponentials."""
    for j in range(n):
        d[j] = double(x[j])
    for j in range(n):
        a[j] = double_exp(d[j])
    return 0


@apart
def wide_logarithms(y: Reals, n: Int, logs: Doubles) -> Int:
    """Logarithms of n shares."""
    for j in range(n):
        logs[j] = double_log(double(y[j]))
    return 0


@apart
def log_gammas(a: Doubles, d: Doubles, n: Int, out: Doubles) -> Int:
    """log gamma of n concentrations, of which d are the logarithms."""
    for j in range(n):
        small = a[j] < double(0.5)
        value = double_lgamma((double(1.0) if small else double(0.0)) + a[j])
        out[j] = value - (d[j] if small else double(0.0))
    return 0


@apart
def gamma_slopes(a: Doubles, n: Int, out: Doubles) -> Int:
    """The slopes of that by the logarithms."""
    for j in range(n):
        small = a[j] < double(0.5)
        value = double_digamma((double(1.0) if small else double(0.0)) + a[j])
        out[j] = a[j] * value - (double(1.0) if small else double(0.0))
    return 0


@noinline
def whole_lgamma(x: Double) -> Double:
    """log gamma, compiled once."""
    return double_lgamma(x)


@noinline
def whole_digamma(x: Double) -> Double:
    """Its slope, compiled once."""
    return double_digamma(x)


@noinline
def log_gamma(a: Double, log_a: Double) -> Double:
    """log gamma(a)."""
    return whole_lgamma(double(1.0) + a) - log_a if a < double(0.5) else whole_lgamma(a)


@noinline
def gamma_slope(a: Double) -> Double:
    """The slope of that by log a."""
    if a < double(0.5):
        return a * whole_digamma(double(1.0) + a) - double(1.0)
    return a * whole_digamma(a)


@noinline
def sum_in_lanes(a: Doubles, n: Int) -> Double:
    """The sum of n numbers."""
    lanes = stack_doubles(32)
    clear(lanes)
    for j in range(n):
        lanes[j % 32] = lanes[j % 32] + a[j]
    return fold(lanes)


@noinline
def shares_loss(a: Doubles, logs: Doubles, gammas: Doubles, n: Int, whole: Double) -> Double:
    """The loss of an example of shares."""
    lanes = stack_doubles(32)
    clear(lanes)
    for j in range(n):
        lanes[j % 32] = lanes[j % 32] + (gammas[j] - (a[j] - double(1.0)) * logs[j])
    return fold(lanes) - log_gamma(whole, double_log(whole))


@noinline
def shares_slopes(a: Doubles, logs: Doubles, slopes: Doubles, n: Int, whole: Double, g: Reals) -> Int:
    """Its gradient."""
    every = gamma_slope(whole) / whole
    for j in range(n):
        g[j] = real((slopes[j] - a[j] * every) - a[j] * logs[j])
    return 0


def dirichlet_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples of shares."""
    classes = e.sizes[CLASSES]
    m = n * classes
    a = doubles(e.doubles)
    d = offset(a, m)
    logs = offset(d, m)
    gammas = offset(logs, m)
    wide_exponentials(reals(e.inputs[PRED]), m, d, a)
    wide_logarithms(reals(e.inputs[TARGET]), m, logs)
    log_gammas(a, d, m, gammas)
    for i in range(n):
        at = i * classes
        whole = sum_in_lanes(offset(a, at), classes)
        doubles(e.losses)[i] = shares_loss(offset(a, at), offset(logs, at), offset(gammas, at), classes, whole)
    if e.mode > 0:
        gamma_slopes(a, m, gammas)
        for i in range(n):
            at = i * classes
            whole = sum_in_lanes(offset(a, at), classes)
            g = offset(reals(e.slopes[0]), at)
            shares_slopes(offset(a, at), offset(logs, at), offset(gammas, at), classes, whole, g)
    return 0


def factors_of(x: Double) -> Int:
    """How many factors a rising factorial of so many has, if they are few and a whole number; else -1."""
    if not x <= double(MOST_FACTORS):
        return -1
    k = integer(x)
    return k if double(k) == x else -1


@noinline
def rising(a: Double, log_a: Double, x: Double) -> Double:
    """log(gamma(a + x) / gamma(a)): logarithms of a few products, where the two would cancel."""
    if a > double(1e30):
        return x * log_a
    count = factors_of(x)
    if count < 0:
        return whole_lgamma(a + x) - log_gamma(a, log_a)
    total = log_a if count > 0 else double(0.0)
    product = double(1.0)
    for k in range(1, count):
        product = product * (a + double(k))
        if k % 8 == 0:
            total = total + double_log(product)
            product = double(1.0)
    return total + double_log(product)


@noinline
def rising_slope(a: Double, x: Double) -> Double:
    """The slope of that by log a."""
    count = factors_of(x)
    if count < 0:
        return a * whole_digamma(a + x) - gamma_slope(a)
    total = double(0.0)
    for k in range(1, count):
        total = total + a / (a + double(k))
    return total + double(1.0) if count > 0 else total


@apart
def log_factorials(y: Reals, n: Int, out: Doubles) -> Int:
    """Logarithms of the factorials of n counts."""
    for j in range(n):
        out[j] = double_lgamma(double(y[j]) + double(1.0))
    return 0


@noinline
def one_multinomial(e: Examples, i: Int, a: Doubles, logs: Doubles) -> Int:
    """The loss of counts, and its gradient, of concentrations and the logarithms of the factorials of counts."""
    n = e.sizes[CLASSES]
    x = offset(reals(e.inputs[PRED]), i * n)
    y = offset(reals(e.inputs[TARGET]), i * n)
    whole = sum_in_lanes(a, n)
    lanes = stack_doubles(32)
    clear(lanes)
    count = double(0.0)
    for j in range(n):
        count = count + double(y[j])
        lanes[j % 32] = lanes[j % 32] + rising(a[j], double(x[j]), double(y[j]))
    total = rising(whole, double_log(whole), count) - fold(lanes)
    if e.params[FULL] == double(1.0):
        total = total + (sum_in_lanes(logs, n) - whole_lgamma(count + double(1.0)))
    doubles(e.losses)[i] = total
    if e.mode > 0:
        g = offset(reals(e.slopes[0]), i * n)
        every = rising_slope(whole, count) / whole
        for j in range(n):
            g[j] = real(a[j] * every - rising_slope(a[j], double(y[j])))
    return 0


def multinomial_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples of counts."""
    classes = e.sizes[CLASSES]
    m = n * classes
    a = doubles(e.doubles)
    logs = offset(a, m)
    wide_exponentials(reals(e.inputs[PRED]), m, logs, a)
    if e.params[FULL] == double(1.0):
        log_factorials(reals(e.inputs[TARGET]), m, logs)
    for i in range(n):
        one_multinomial(e, i, offset(a, i * classes), offset(logs, i * classes))
    return 0
